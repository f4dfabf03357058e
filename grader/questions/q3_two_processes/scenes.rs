//! Trials in few words: calls, and what the judge does meanwhile.

use super::words::{Body, Call, Out, Then};
use crate::experiment::Numbers;
use crate::trial::{Step, Trial};

/// A trial with these calls and this script.
pub(super) fn trial(calls: &[Call], script: &[Step]) -> Trial {
    Trial::new("calls", calls.iter().map(|call| call.to_words()).collect(), script)
}

/// The calls of a trial.
pub(super) fn calls(trial: &Trial) -> Vec<Call> {
    trial.words.iter().filter_map(|words| Call::from_words(words)).collect()
}

/// A child that the judge holds, and that then returns this code.
pub(super) fn held(task: u64, code: i32) -> Call {
    Call::Start(Body::held(task, Then::Return(code)))
}

/// A child that does this at once.
pub(super) fn plain(then: Then) -> Call {
    Call::Start(Body::plain(then))
}

/// `square_and_cube`, written to the judge.
pub(super) fn square(number: i64) -> Call {
    Call::Square(number, Out::Records)
}

/// A small number of either sign.
pub(super) fn number(fresh: &mut Numbers) -> i64 {
    let number = fresh.fresh().cast_signed();
    if fresh.bits().is_multiple_of(2) { number } else { -number }
}

/// An exit code from 1 to 255.
pub(super) fn code(fresh: &mut Numbers) -> i32 {
    1 + i32::try_from(fresh.bits() % 255).unwrap_or_default()
}

/// The number of the only call of `square_and_cube`, or of the first.
pub(super) fn squared(trial: &Trial) -> i64 {
    let number = calls(trial).into_iter().find_map(|call| match call {
        Call::Square(number, _) => Some(number),
        _ => None,
    });
    number.unwrap_or_default()
}

/// What stands in the line of the square, in that of the cube, and in the last. Empty if it does not
/// fit.
pub(super) fn lines(number: i64) -> [String; 3] {
    let cube = number.checked_pow(3);
    let line = |word: &str, power: u32| {
        number.checked_pow(power).map_or(String::new(), |result| format!("{word}: {result}\n"))
    };
    if cube.is_none() {
        return [const { String::new() }; 3];
    }
    [line("Square", 2), line("Cube", 3), "Both processes are complete.\n".into()]
}
