//! The event's adapter.

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q5_event {
    ($answer:ident) => {
        use $answer::threads::event::Event;
        use $crate::q5_sharing_data::words::event as words;
        use $crate::script::{Actor, Kind, Tool};

        struct Shared(Event);

        impl Tool for Shared {
            fn actor(&self) -> Box<dyn Actor + '_> {
                Box::new(Thread(&self.0))
            }
        }

        struct Thread<'a>(&'a Event);

        impl Actor for Thread<'_> {
            fn perform(&mut self, op: [u64; 3]) -> Vec<u64> {
                match op[0] {
                    words::SET => self.0.set(),
                    words::CLEAR => self.0.clear(),
                    words::IS_SET => return vec![self.0.is_set().into()],
                    words::WAIT => self.0.wait(),
                    _ => return vec![self.0.wait_timeout(words::limit(op[1])).into()],
                }
                Vec::new()
            }
        }

        fn main() {
            $crate::script::serve(Kind {
                tool: |_| Box::new(Shared(Event::new())),
                call: words::call,
                result: words::result,
            })
        }
    };
}
