//! Programs that use error handlers, a tree for each thread, and what is seen of them.

use wire::script::Op;

/// The name of the scene: each list of words is the program of a thread.
pub const SCENE: &str = "programs";

pub use wire::ON_PURPOSE;

/// A step of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `with_handler`, with a handler of this number and kind.
    With(u64, u64, Vec<Step>),
    /// `report` of the error of this number.
    Report(u64),
    /// A panic of this number.
    Break(u64),
    /// Catches a panic.
    Catch(Vec<Step>),
    /// A thread of this number, which is waited for.
    Spawn(u64, Vec<Step>),
    /// A sleep of so many seconds.
    Sleep(u64),
}

/// The end of the innermost group.
const END: Op = [6, 0, 0];

/// A program as numbers.
pub fn numbers(program: &[Step]) -> Vec<u64> {
    let group = |head: Op, steps: &[Step]| [&head[..], &numbers(steps), &END].concat();
    let step = |step: &Step| match step {
        Step::With(number, kind, body) => group([0, *number, *kind], body),
        Step::Report(error) => vec![1, *error, 0],
        Step::Break(number) => vec![2, *number, 0],
        Step::Catch(body) => group([3, 0, 0], body),
        Step::Spawn(number, body) => group([4, *number, 0], body),
        Step::Sleep(seconds) => vec![5, *seconds, 0],
    };
    program.iter().flat_map(step).collect()
}

/// Reads what [`numbers`] wrote.
pub fn program(numbers: &[u64]) -> Vec<Step> {
    group(&mut numbers.as_chunks::<3>().0.iter().copied())
}

fn group(ops: &mut dyn Iterator<Item = Op>) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some([code, number, kind]) = ops.next() {
        steps.push(match code {
            0 => Step::With(number, kind, group(ops)),
            1 => Step::Report(number),
            2 => Step::Break(number),
            3 => Step::Catch(group(ops)),
            4 => Step::Spawn(number, group(ops)),
            5 => Step::Sleep(number),
            _ => break,
        });
    }
    steps
}

/// A kind of handler that decides to try it again.
pub const RETRY: u64 = 0;
/// Decides to skip.
pub const SKIP: u64 = 1;
/// Decides to stop.
pub const STOP: u64 = 2;
/// Reports an error of its own, with its own number, and decides what comes back.
pub const ASKS: u64 = 3;
/// Panics with its own number.
pub const BREAKS: u64 = 4;
/// Takes [`SLOW_S`] seconds, then skips.
pub const SLOW: u64 = 5;
/// Calls `with_handler` for a body that reports an error of its own number; the handler skips, and its number is
/// [`INSIDE`] more. Then retries.
pub const NESTS: u64 = 6;
/// As [`NESTS`], with a handler inside that is of the kind [`ASKS`].
pub const PASSES: u64 = 7;
/// Skips. When it is dropped it reports an error of its own number.
pub const PARTS: u64 = 8;

/// How long a slow handler takes.
pub const SLOW_S: u64 = 5;
/// What the number of a handler inside a handler has more.
pub const INSIDE: u64 = 100;
/// So many handlers in a row are enough.
pub const ENOUGH: u64 = 12;

/// The body begins; args of all events: a number, another, and the time in nanoseconds. Here: the handler.
pub const BEGAN: u64 = 1;
/// This handler is called with the error of this number.
pub const HANDLED: u64 = 2;
/// The report of this error gave this action.
pub const REPORTED: u64 = 3;
/// `with_handler` with this handler returned; what its body had returned.
pub const ENDED: u64 = 4;
/// This handler was dropped.
pub const DROPPED: u64 = 5;
/// A panic of this number was caught; [`OTHER`] if it was not ours.
pub const CAUGHT: u64 = 6;
/// The number of a panic of the answer's own, or of too many calls in a row; beyond every draw and what is added to one.
pub const OTHER: u64 = 20_000;

/// What a body with this handler returns.
pub fn value(number: u64) -> u64 {
    number + 1000
}

/// An event in words.
pub fn event(kind: u64, number: u64, other: u64) -> String {
    match kind {
        BEGAN => format!("the body with handler {number} begins"),
        HANDLED => format!("handler {number} is called with \"error {other}\""),
        REPORTED => format!("report(\"error {number}\") -> {}", action(other)),
        ENDED if other == value(number) => format!("with_handler(handler {number}) returns"),
        ENDED => format!("with_handler(handler {number}) returns {other}, not what its body returned"),
        DROPPED => format!("handler {number} is dropped"),
        _ if number == OTHER => "a panic that should not be arrives".into(),
        _ => format!("panic {number} arrives"),
    }
}

fn action(action: u64) -> &'static str {
    match action {
        RETRY => "Retry",
        SKIP => "Skip",
        _ => "Stop",
    }
}
