//! The adapter of the factorials.

use super::super::words::{factorials as words, pool::Task};
use super::board::Board;
use crate::session::log;
use crate::world;

/// What the function that is handed in does with a number.
///
/// # Panics
///
/// If that is what its task is to do.
pub fn compute(board: &Board, n: u32, task: Task) -> Result<u128, u32> {
    log(world::this_thread(), words::STARTED, &[world::started()]);
    board.run(n.into(), task, |_| ());
    words::given(n)
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q7_factorials {
    ($answer:ident) => {
        use std::sync::Arc;
        use $answer::api::{Factorial, Overflow, PoolError};
        use $answer::factorials::{factorial, factorials};
        use $crate::q7_thread_pool::driver::{board::Board, factorials::compute};
        use $crate::q7_thread_pool::words::{factorials as words, pool::Task};
        use $crate::script::{Actor, Kind, Tool};

        struct Numbers(Vec<u32>);

        impl Tool for Numbers {
            fn actor(&self) -> Box<dyn Actor + '_> {
                Box::new(Caller(&self.0))
            }
        }

        struct Caller<'a>(&'a [u32]);

        fn item(result: Result<u128, Overflow>) -> [u64; 3] {
            words::item(result.map_err(|overflow| overflow.n))
        }

        impl Actor for Caller<'_> {
            fn perform(&mut self, [code, a, b]: [u64; 3]) -> Vec<u64> {
                match code {
                    words::ONE => item(factorial(a as u32)).to_vec(),
                    words::ALL => {
                        let (board, first) = (Board::default(), self.0.first().copied());
                        let tasks = [b >> 32, b & 0xffff_ffff].map(Task::from_word);
                        let given: Factorial = Arc::new(move |n| {
                            let task = tasks[usize::from(Some(n) != first)];
                            compute(&board, n, task).map_err(|n| Overflow { n })
                        });
                        match factorials(self.0, a as usize, given) {
                            Ok(results) => results.into_iter().flat_map(item).collect(),
                            Err(PoolError::NoThreads) => vec![1],
                            Err(PoolError::Spawn(_)) => vec![2],
                        }
                    }
                    _ => vec![$crate::world::other_threads().len() as u64],
                }
            }
        }

        fn main() {
            $crate::script::serve(Kind {
                tool: |config| Box::new(Numbers(config.iter().map(|&number| number as u32).collect())),
                call: words::call,
                result: words::result,
            })
        }
    };
}
