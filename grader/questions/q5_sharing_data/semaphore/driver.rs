//! The semaphore's adapter.

pub use wire::ON_PURPOSE;

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q5_semaphore {
    ($answer:ident) => {
        use $answer::threads::semaphore::{Permit, Semaphore};
        use $crate::q5_sharing_data::driver::semaphore::ON_PURPOSE;
        use $crate::q5_sharing_data::words::semaphore as words;
        use $crate::script::{Actor, Kind, Tool};

        struct Shared(Semaphore);

        impl Tool for Shared {
            fn actor(&self) -> Box<dyn Actor + '_> {
                Box::new(Thread { semaphore: &self.0, held: Vec::new() })
            }
        }

        struct Thread<'a> {
            semaphore: &'a Semaphore,
            held: Vec<Permit<'a>>,
        }

        impl Thread<'_> {
            fn keep(held: bool) -> Vec<u64> {
                vec![held.into()]
            }
        }

        impl Actor for Thread<'_> {
            fn perform(&mut self, op: [u64; 3]) -> Vec<u64> {
                match op[0] {
                    words::ACQUIRE => self.held.push(self.semaphore.acquire()),
                    words::TRY => {
                        let permit = self.semaphore.try_acquire();
                        let came = Self::keep(permit.is_some());
                        self.held.extend(permit);
                        return came;
                    }
                    words::TIMEOUT => {
                        let permit = self.semaphore.acquire_timeout(words::limit(op[1]));
                        let came = Self::keep(permit.is_some());
                        self.held.extend(permit);
                        return came;
                    }
                    words::RELEASE if self.held.is_empty() => return Self::keep(false),
                    words::RELEASE => {
                        drop(self.held.remove(0));
                        return Self::keep(true);
                    }
                    words::AVAILABLE => return vec![self.semaphore.available() as u64],
                    _ => {
                        let _permit = self.semaphore.acquire();
                        panic!("{ON_PURPOSE}");
                    }
                }
                Vec::new()
            }
        }

        fn main() {
            $crate::script::serve(Kind {
                tool: |config| Box::new(Shared(Semaphore::new(config[0] as usize))),
                call: words::call,
                result: words::result,
            })
        }
    };
}
