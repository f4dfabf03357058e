//! The semaphore's adapter.

pub use wire::ON_PURPOSE;

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q5_semaphore {
    ($answer:ident) => {
        use $answer::threads::semaphore::{Permit, Semaphore};
        use $crate::q5_sharing_data::driver::semaphore::ON_PURPOSE;
        use $crate::q5_sharing_data::words::semaphore as words;
        use $crate::script::{Actor, Kind, Tool, on_tool};

        struct Shared(Vec<Semaphore>);

        impl Tool for Shared {
            fn actor(&self) -> Box<dyn Actor + '_> {
                let sides = self.0.iter().map(|semaphore| Side { semaphore, held: Vec::new() });
                Box::new(Thread(sides.collect()))
            }
        }

        /// What a thread holds of each semaphore of a script.
        struct Thread<'a>(Vec<Side<'a>>);

        impl Actor for Thread<'_> {
            fn perform(&mut self, op: [u64; 3]) -> Vec<u64> {
                let (tool, op) = on_tool(op);
                self.0[tool].perform(op)
            }
        }

        struct Side<'a> {
            semaphore: &'a Semaphore,
            held: Vec<Permit<'a>>,
        }

        impl Side<'_> {
            fn keep(held: bool) -> Vec<u64> {
                vec![held.into()]
            }

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
                tool: |config| {
                    let count = 1 + config.get(1).copied().unwrap_or_default();
                    Box::new(Shared((0..count).map(|_| Semaphore::new(config[0] as usize)).collect()))
                },
                call: words::call,
                result: words::result,
            })
        }
    };
}
