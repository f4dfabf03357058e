//! The queue's adapter.

use std::cmp::Ordering;

/// An item: compared by its key alone, so that equal ones can be told apart by their number.
#[derive(Debug, Clone, Copy)]
pub struct Item {
    /// By this.
    pub key: u64,
    /// Not by this.
    pub number: u64,
}

impl Ord for Item {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Item {}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q5_queue {
    ($answer:ident) => {
        use $answer::api::{Closed, GetError, Order};
        use $answer::threads::queue::Queue;
        use $crate::q5_sharing_data::driver::queue::Item;
        use $crate::q5_sharing_data::words::queue as words;
        use $crate::script::{Actor, Kind, Tool, on_tool};

        struct Shared(Vec<Queue<Item>>);

        impl Tool for Shared {
            fn actor(&self) -> Box<dyn Actor + '_> {
                Box::new(Thread(&self.0))
            }
        }

        struct Thread<'a>(&'a [Queue<Item>]);

        impl Thread<'_> {
            fn roll(&self, times: u64) -> u64 {
                let put = |number| drop(self.0[0].put(Item { key: 5, number }));
                (0..3).for_each(put);
                let rest = (3..times + 3).map(Some).chain([None; 3]);
                let late = |(turn, next): &(u64, Option<u64>)| {
                    let is_next = self.0[0].try_get().is_ok_and(|item| item.number == *turn);
                    next.iter().copied().for_each(put);
                    !is_next
                };
                (0..).zip(rest).filter(late).count() as u64
            }
        }

        impl Actor for Thread<'_> {
            fn perform(&mut self, op: [u64; 3]) -> Vec<u64> {
                let (tool, op) = on_tool(op);
                let queue = &self.0[tool];
                let got = match op[0] {
                    words::PUT => {
                        return match queue.put(Item { key: op[1], number: op[2] }) {
                            Ok(()) => vec![1],
                            Err(Closed(item)) => vec![0, item.key, item.number],
                        };
                    }
                    words::DONE => {
                        queue.task_done();
                        return vec![1];
                    }
                    words::ROLL => return vec![self.roll(op[1])],
                    words::JOIN => {
                        queue.join();
                        return Vec::new();
                    }
                    words::CLOSE => {
                        queue.close();
                        return Vec::new();
                    }
                    words::GET => queue.get(),
                    words::TRY => queue.try_get(),
                    _ => queue.get_timeout(words::limit(op[1])),
                };
                match got {
                    Ok(item) => vec![1, item.key, item.number],
                    Err(GetError::Empty) => vec![0, words::EMPTY],
                    Err(GetError::TimedOut) => vec![0, words::TIMED_OUT],
                    Err(GetError::Closed) => vec![0, words::CLOSED],
                }
            }
        }

        fn main() {
            $crate::script::serve(Kind {
                tool: |config| {
                    let order = match config[0] {
                        words::FIFO => Order::Fifo,
                        words::LIFO => Order::Lifo,
                        _ => Order::Priority,
                    };
                    let capacity = (config[1] as usize).try_into().expect("a queue has places");
                    let count = 1 + config.get(2).copied().unwrap_or_default();
                    Box::new(Shared((0..count).map(|_| Queue::bounded(order, capacity)).collect()))
                },
                call: words::call,
                result: words::result,
            })
        }
    };
}
