//! Question 7, the part with rayon: plays a list of calls, and writes down what came back. The function that is handed in is
//! ours: it checks in with the judge, or panics, as its number says. Judges nothing.

use super::words::with_rayon::{self as words, Call, Number};
use crate::session::{Question, calls, checkpoint, log, play_call};
use crate::{faults, gate};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use wire::Challenge;

/// What the answer may be given for a number.
///
/// # Panics
///
/// If the number says so.
pub fn compute(n: u32) -> Result<u128, u32> {
    let number = Number::from_n(n);
    if number.held {
        gate::wait(number.id.into());
    }
    assert!(!number.panics, "{}", words::panic_text(number.id));
    words::given(n)
}

/// The results, or 1 for `NoThreads` and 2 for `Spawn`.
pub type Outcome = Result<Vec<Result<u128, u32>>, u64>;

/// `factorials_with_rayon` of an answer, with [`compute`].
pub type Answer = fn(&[u32], usize) -> Outcome;

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q7_with_rayon {
    ($answer:ident) => {
        use std::sync::Arc;
        use $answer::api::{Factorial, Overflow, PoolError};
        use $crate::q7_thread_pool::driver::{Driver, Outcome, compute};

        fn answer(numbers: &[u32], threads: usize) -> Outcome {
            let given: Factorial = Arc::new(|n| compute(n).map_err(|n| Overflow { n }));
            match $answer::with_rayon::factorials_with_rayon(numbers, threads, given) {
                Ok(results) => Ok(results.into_iter().map(|it| it.map_err(|overflow| overflow.n)).collect()),
                Err(PoolError::NoThreads) => Err(1),
                Err(PoolError::Spawn(_)) => Err(2),
            }
        }

        fn main() {
            $crate::serve(&Driver(answer))
        }
    };
}

/// The driver of this part.
#[derive(Debug)]
pub struct Driver(pub Answer);

impl Question for Driver {
    fn play(&self, challenge: &Challenge) -> Result<(), String> {
        for (number, call) in (0..).zip(&calls(challenge, Call::from_words)?) {
            play_call(number, || self.play_one(number, call));
        }
        Ok(())
    }
}

impl Driver {
    fn play_one(&self, number: u64, call: &Call) {
        match call {
            Call::All(threads, numbers) => self.all(number, *threads, numbers),
            Call::Refused(left, threads, numbers) => {
                faults::threads_left(u32::try_from(*left).ok());
                let told = catch_unwind(AssertUnwindSafe(|| self.all(number, *threads, numbers)));
                faults::threads_left(None);
                told.unwrap_or_else(|panic| resume_unwind(panic));
            }
            Call::Checkpoint(place) => checkpoint(*place),
        }
    }

    fn all(&self, number: u64, threads: u64, numbers: &[Number]) {
        let numbers: Vec<u32> = numbers.iter().map(|number| number.n()).collect();
        match (self.0)(&numbers, usize::try_from(threads).unwrap_or(usize::MAX)) {
            Ok(results) => {
                let items: Vec<u64> = results.into_iter().flat_map(words::item).collect();
                log(words::RETURNED, &[&[number], items.as_slice()].concat());
            }
            Err(why) => log(words::ERROR, &[number, why]),
        }
    }
}
