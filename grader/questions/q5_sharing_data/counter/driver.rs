//! The counter's adapter.

use std::thread;
use std::time::Duration;

pub use wire::ON_PURPOSE;

/// What a closure does before it answers: sleeps, or lets others come between if they can.
pub fn take_time(sleep_ns: u64) {
    match sleep_ns {
        0 => (0..2).for_each(|_| thread::yield_now()),
        ns => thread::sleep(Duration::from_nanos(ns)),
    }
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q5_counter {
    ($answer:ident) => {
        use $answer::threads::counter::Counter;
        use $crate::q5_sharing_data::driver::counter::{ON_PURPOSE, take_time};
        use $crate::q5_sharing_data::words::counter as words;
        use $crate::script::{Actor, Kind, Tool};

        struct Shared(Counter);

        impl Tool for Shared {
            fn actor(&self) -> Box<dyn Actor + '_> {
                Box::new(Thread(&self.0))
            }
        }

        struct Thread<'a>(&'a Counter);

        impl Actor for Thread<'_> {
            fn perform(&mut self, op: [u64; 3]) -> Vec<u64> {
                match op[0] {
                    words::ADD => vec![self.0.add(op[1])],
                    words::GET => vec![self.0.get()],
                    words::PANIC_CHANGING => vec![self.0.update(&mut |_| panic!("{ON_PURPOSE}"))],
                    _ => {
                        let (mut found, mut times) = (0, 0);
                        let value = self.0.update(&mut |value| {
                            (found, times) = (value, times + 1);
                            take_time(op[2]);
                            let amount = match op[0] {
                                words::UPDATE_BY_OTHER => Counter::new().add(op[1]),
                                _ => op[1],
                            };
                            words::change(value, amount)
                        });
                        vec![value, found, times]
                    }
                }
            }
        }

        fn main() {
            $crate::script::serve(Kind {
                tool: |_| Box::new(Shared(Counter::new())),
                call: words::call,
                result: words::result,
            })
        }
    };
}
