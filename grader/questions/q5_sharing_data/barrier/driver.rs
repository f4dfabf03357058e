//! The barrier's adapter.

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q5_barrier {
    ($answer:ident) => {
        use $answer::threads::barrier::Barrier;
        use $crate::q5_sharing_data::words::barrier as words;
        use $crate::script::{Actor, Kind, Tool};

        struct Shared(Barrier);

        impl Tool for Shared {
            fn actor(&self) -> Box<dyn Actor + '_> {
                Box::new(Thread(&self.0))
            }
        }

        struct Thread<'a>(&'a Barrier);

        impl Actor for Thread<'_> {
            fn perform(&mut self, _: [u64; 3]) -> Vec<u64> {
                vec![self.0.wait().into()]
            }
        }

        fn main() {
            $crate::script::serve(Kind {
                tool: |config| Box::new(Shared(Barrier::new(config[0] as usize))),
                call: words::call,
                result: words::result,
            })
        }
    };
}
