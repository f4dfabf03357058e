//! The calls of an executor and its futures in a script, and what is written down of the tasks.

use wire::script::Op;

/// `submit`, with a kind of task and a number: how many seconds it takes for [`SLEEPS`], else what comes back or goes into
/// the text of the panic. The thread keeps the future and counts its futures from 0; 1 comes back, or 0 if the executor is
/// gone.
pub const SUBMIT: u64 = 0;
/// `result` of one of its futures; an outcome comes back.
pub const RESULT: u64 = 1;
/// `exception`; an outcome comes back, [`NOTHING`] for `None`.
pub const EXCEPTION: u64 = 2;
/// `is_done`; 0 or 1 comes back.
pub const IS_DONE: u64 = 3;
/// `cancel`; 0 or 1 comes back.
pub const CANCEL: u64 = 4;
/// `as_completed` of all futures that it has left.
pub const COMPLETED: u64 = 5;
/// `next` of that; the place among all its futures and an outcome come back, or nothing for `None`.
pub const NEXT: u64 = 6;
/// Opens the gate at which tasks of the kind [`GATED`] wait.
pub const OPEN: u64 = 7;
/// Drops the executor; with 1, in a body that panics.
pub const DROP: u64 = 8;
/// Drops one of its futures.
pub const FORGET: u64 = 9;
/// Waits until so many tasks have begun.
pub const AWAIT: u64 = 10;
/// `Executor::new(0)`; 1 comes back if it was refused for that reason.
pub const NEW_OF_NONE: u64 = 11;
/// Drops what [`COMPLETED`] gave, and with it the futures that have not come.
pub const FORGET_ALL: u64 = 12;

/// `Executor::new` of so many threads where the system refuses the thread of the second number, from 1, and every later one; 0 comes
/// back if there is an executor all the same, 1 for `Spawn`, 2 for another error, and then how many threads were left of it.
pub const NEW_REFUSED: u64 = 13;

/// A task that gives its number.
pub const GIVES: u64 = 0;
/// A task that sleeps for so many seconds and gives its number.
pub const SLEEPS: u64 = 1;
/// A task that waits at the gate.
pub const GATED: u64 = 2;
/// A task that panics with a fixed text.
pub const PANICS: u64 = 3;
/// A task that panics with a text that is made from its number.
pub const PANICS_MADE: u64 = 4;
/// A task that panics with what is no text.
pub const PANICS_MUTE: u64 = 5;

/// The outcome of a task that ended well; its number follows.
pub const VALUE: u64 = 0;
/// The outcome of a task that panicked; the letters of the message follow.
pub const PANICKED: u64 = 1;
/// The outcome of a task that was cancelled.
pub const CANCELLED: u64 = 2;
/// The outcome of a task whose executor is gone.
pub const GONE: u64 = 3;
/// There is no outcome.
pub const NOTHING: u64 = 4;

/// A task begins; args: its place (the thread that submitted it in hundreds, and the place among its futures), the time,
/// whether its thread is the one that submitted it.
pub const BEGAN: u64 = 100;
/// A task is about to end; args: its place, the time.
pub const ENDED: u64 = 101;

pub use wire::ON_PURPOSE;
/// What is said of a panic that is no text.
pub const NO_TEXT: &str = "panic without a message";

/// The text of the panic of a task.
pub fn message(kind: u64, number: u64) -> String {
    match kind {
        PANICS => ON_PURPOSE.to_owned(),
        PANICS_MADE => format!("{ON_PURPOSE}, number {number}"),
        _ => NO_TEXT.to_owned(),
    }
}

/// A call as a student would write it.
pub fn call(op: Op) -> String {
    let task = match op[1] {
        GIVES => format!("a task that gives {}", op[2]),
        SLEEPS => format!("a task of {} s", op[2]),
        GATED => "a task that waits".to_owned(),
        _ => "a task that panics".to_owned(),
    };
    let future = format!("future {}", op[1]);
    match op[0] {
        SUBMIT => format!("submit({task})"),
        RESULT => format!("{future}.result()"),
        EXCEPTION => format!("{future}.exception()"),
        IS_DONE => format!("{future}.is_done()"),
        CANCEL => format!("{future}.cancel()"),
        COMPLETED => "as_completed(futures)".into(),
        NEXT => "next()".into(),
        OPEN => "lets the tasks that wait go on".into(),
        DROP if op[1] == 1 => "a panic of the owner, which drops the executor".into(),
        DROP => "drop(executor)".into(),
        FORGET => format!("drop({future})"),
        FORGET_ALL => "drop(as_completed)".into(),
        NEW_OF_NONE => "Executor::new(0)".into(),
        NEW_REFUSED => format!("Executor::new({}), where the system refuses thread {}", op[1], op[2]),
        _ => format!("waits until {} tasks have begun", op[1]),
    }
}

/// An outcome as a student would write it.
pub fn outcome(outcome: &[u64]) -> String {
    match outcome {
        [VALUE, number] => format!("Ok({number})"),
        [PANICKED, letters @ ..] => {
            let letters = letters.iter().filter_map(|&letter| char::from_u32(u32::try_from(letter).ok()?));
            format!("Err(Panicked {{ message: {:?} }})", letters.collect::<String>())
        }
        [CANCELLED] => "Err(Cancelled)".into(),
        [GONE] => "Err(ExecutorGone)".into(),
        _ => "None".into(),
    }
}

/// What came back.
pub fn result(op: Op, result: &[u64]) -> String {
    match (op[0], result) {
        (SUBMIT, [0]) => ", but the executor is gone".into(),
        (RESULT, _) => format!(" -> {}", outcome(result)),
        (EXCEPTION, _) => format!(" -> {}", outcome(result).replacen("Err", "Some", 1)),
        (IS_DONE | CANCEL, [0]) => " -> false".into(),
        (IS_DONE | CANCEL, _) => " -> true".into(),
        (NEXT, [place, rest @ ..]) => format!(" -> Some(({place}, {}))", outcome(rest)),
        (NEXT, []) => " -> None".into(),
        (NEW_OF_NONE, [1]) => " -> Err(NoThreads)".into(),
        (NEW_OF_NONE, _) => ", and no Err(NoThreads)".into(),
        (NEW_REFUSED, [1, ..]) => " -> Err(Spawn)".into(),
        (NEW_REFUSED, _) => ", and no Err(Spawn)".into(),
        _ => String::new(),
    }
}
