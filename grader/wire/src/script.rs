//! The words of a script: several threads use one tool, call by call.
//!
//! A challenge of the scene [`SCENE`] or [`IN_ORDER`] has these words: what the tool is made from, the calls of the caller before all
//! threads, those after them, and then the calls of each thread. Knows no tool.

use std::time::Duration;

/// One call: a code, which the part of a question gives a meaning, and two numbers for it.
pub type Op = [u64; 3];

/// The name of the scene.
pub const SCENE: &str = "script";
/// The same, and what a call did is visible to every call that begins after its return.
pub const IN_ORDER: &str = "script, in order";

/// Codes from here on are the same for every tool.
const COMMON: u64 = 900;
/// The tool's call of the code that is its first number, with its second one, on a second tool of the same make.
pub const OTHER: u64 = COMMON - 1;
/// A relaxed store of its first number to a cell that the script's threads share.
pub const WRITE: u64 = COMMON;
/// A relaxed load of that cell, which is 0 in the beginning.
pub const READ: u64 = COMMON + 1;
/// Sleeps for its first number of nanoseconds.
pub const SLEEP: u64 = COMMON + 2;
/// Lets others go first.
pub const YIELD: u64 = COMMON + 3;
/// From here on this thread goes first whenever it can, before all that do not hurry, but where somebody lets others go first. Only
/// the model can do that.
pub const HURRY: u64 = COMMON + 4;

/// A call begins; args: it, then the time in nanoseconds. The thread is its place among the threads, from 1; 0 is the
/// caller.
pub const BEGIN: u64 = COMMON + 10;
/// A call has returned; args: it, the time, then what came back.
pub const END: u64 = COMMON + 11;
/// A call has panicked; args: it, then the time.
pub const BROKE: u64 = COMMON + 12;
/// The tool could not be made.
pub const NO_TOOL: u64 = COMMON + 13;
/// All calls have been made; what follows is the end of the tool and of whatever was left of it.
pub const DONE: u64 = COMMON + 16;
/// Threads, besides the caller, that were there when the tool was gone; args: their numbers.
pub const THREADS_LEFT: u64 = COMMON + 14;
/// How often anybody slept, all over; args: one number.
pub const SLEEPS: u64 = COMMON + 15;

/// Stands for the longest time limit there is.
pub const LONGEST: u64 = u64::MAX;
/// Stands for a nanosecond less than that, for which no clock has room either.
pub const NEARLY_LONGEST: u64 = u64::MAX - 1;
/// Stands for 2^60 seconds, whose nanoseconds no 64 bits hold: the lower 64 of them are all zero.
pub const AGES: u64 = u64::MAX - 2;

/// Longer than any limit that somebody takes for long enough, and any pause between two looks.
pub const A_CENTURY: Duration = Duration::from_hours(100 * 365 * 24);

/// A time limit of so many nanoseconds, or one of the three for which 64 bits are too few.
#[must_use]
pub fn limit(ns: u64) -> Duration {
    match ns {
        LONGEST => Duration::MAX,
        NEARLY_LONGEST => Duration::MAX - Duration::from_nanos(1),
        AGES => Duration::from_secs(1 << 60),
        ns => Duration::from_nanos(ns),
    }
}

/// The same as a student would write it, or read it.
#[must_use]
pub fn limit_told(ns: u64) -> String {
    match ns {
        LONGEST => "Duration::MAX".into(),
        NEARLY_LONGEST => "Duration::MAX - 1ns".into(),
        AGES => "Duration::from_secs(1 << 60)".into(),
        ns => format!("{:?}", Duration::from_nanos(ns)),
    }
}

/// Which tool of a script a call is for, 0 or 1, and what is called of it: [`OTHER`] is for the second one.
#[must_use]
pub const fn on_tool(op: Op) -> (usize, Op) {
    match op {
        [OTHER, what, number] => (1, [what, number, 0]),
        op => (0, op),
    }
}

/// A call that is the same for every tool, in words.
#[must_use]
pub fn common(op: Op) -> Option<String> {
    Some(match op {
        [WRITE, value, _] => format!("a plain store of {value}"),
        [READ, ..] => "a plain load".to_owned(),
        [SLEEP, ns, _] => format!("sleeps {:?}", Duration::from_nanos(ns)),
        [YIELD, ..] => "lets others go first".to_owned(),
        [HURRY, ..] => "goes first from here on, whenever it can".to_owned(),
        _ => return None,
    })
}

/// What came back of such a call, with an arrow.
#[must_use]
pub fn common_result(op: Op, result: &[u64]) -> String {
    if op[0] == READ { format!(" -> {result:?}") } else { String::new() }
}

/// Up to eight numbers below 256 in one, the first one lowest; `to_le_bytes` takes them apart.
#[must_use]
pub const fn pack(numbers: &[u64]) -> u64 {
    let (mut word, mut place) = (0, 0);
    while place < numbers.len() {
        word |= numbers[place] << (8 * place);
        place += 1;
    }
    word
}

/// Reads what [`words`] wrote; numbers that are left over are left out.
#[must_use]
pub fn ops(words: &[u64]) -> Vec<Op> {
    words.as_chunks::<3>().0.to_vec()
}

/// The numbers of some calls.
#[must_use]
pub fn words(ops: &[Op]) -> Vec<u64> {
    ops.concat()
}
