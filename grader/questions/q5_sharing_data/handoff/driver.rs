//! The handoff's adapter.

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q5_handoff {
    ($answer:ident) => {
        use $answer::threads::handoff::Handoff;
        use $crate::q5_sharing_data::words::handoff as words;
        use $crate::script::{Actor, Kind, Tool, on_tool};

        /// An item that can be sent, and nothing else: neither copied nor shared nor made from nothing.
        struct Item(std::cell::Cell<u64>);

        struct Shared(Vec<Handoff<Item>>);

        impl Tool for Shared {
            fn actor(&self) -> Box<dyn Actor + '_> {
                Box::new(Thread(&self.0))
            }
        }

        struct Thread<'a>(&'a [Handoff<Item>]);

        impl Actor for Thread<'_> {
            fn perform(&mut self, op: [u64; 3]) -> Vec<u64> {
                let (tool, op) = on_tool(op);
                let handoff = &self.0[tool];
                match op[0] {
                    words::GIVE => handoff.give(Item(op[1].into())),
                    _ => return vec![handoff.take().0.get()],
                }
                Vec::new()
            }
        }

        fn main() {
            $crate::script::serve(Kind {
                tool: |config| {
                    let count = 1 + config.first().copied().unwrap_or_default();
                    Box::new(Shared((0..count).map(|_| Handoff::new()).collect()))
                },
                call: words::call,
                result: words::result,
            })
        }
    };
}
