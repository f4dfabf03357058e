//! The calls of caught threads in a script, and what is written down of them.

use wire::script::Op;

/// `spawn_caught`, with what the body does and a number. The thread keeps the task and counts its tasks from 0; the task is
/// called `task` and the number, up to [`NAMESAKE`].
pub const SPAWN: u64 = 0;
/// `join` of one of its tasks; 0 and the number come back, or 1 (the error is written down as [`JOINED`]).
pub const JOIN: u64 = 1;
/// Drops one of its tasks.
pub const FORGET: u64 = 2;
/// Waits until so many failures have been logged.
pub const AWAIT: u64 = 3;
/// Panics, outside of any task, and catches that.
pub const OUTSIDE: u64 = 4;
/// A thread that is no task panics.
pub const OTHER_THREAD: u64 = 5;
/// Lets the bodies of the kind [`GATED`] go on.
pub const OPEN: u64 = 6;

/// A body that gives its number.
pub const GIVES: u64 = 0;
/// A body that panics with a fixed text.
pub const PANICS: u64 = 1;
/// A body that panics with a text that is made from its number.
pub const PANICS_MADE: u64 = 2;
/// A body that panics with what is no text.
pub const PANICS_MUTE: u64 = 3;
/// A body that panics, catches that, and gives its number.
pub const CATCHES: u64 = 4;
/// A body that panics, catches that, and panics at another place.
pub const CATCHES_FIRST: u64 = 5;
/// A body that waits, then gives its number.
pub const GATED: u64 = 6;

/// A body begins; args: its number, whether its thread is the one that called `spawn_caught`; text: its thread's name.
pub const BEGAN: u64 = 100;
/// A body ends, well or not; args: its number.
pub const ENDED: u64 = 101;
/// A body fails; args: its number; text: the place.
pub const FAILS: u64 = 102;
/// The log is told; args: the number of the log's task, which part of the failure follows as text: 0 thread, 1 message, 2
/// place.
pub const LOGGED: u64 = 103;
/// What `join` gave, in the same way.
pub const JOINED: u64 = 104;
/// The hook that was there before hears of a panic; text: its message.
pub const HOOK: u64 = 105;
/// Threads besides the caller that are there when a task has been joined; args: their number, and how many tasks have not.
pub const STILL_THERE: u64 = 106;

pub use wire::ON_PURPOSE;
/// The message of panics that are no failure of a task.
pub const ELSEWHERE: &str = "a panic outside of all tasks";
/// The message of panics that a body catches.
pub const CAUGHT: &str = "a panic that the body catches";
/// What is said of a panic that is no text.
pub const NO_TEXT: &str = "panic without a message";

/// A task whose number is larger by this has the same name.
pub const NAMESAKE: u64 = 1_000_000;

/// The name of a task's thread.
pub fn name(number: u64) -> String {
    format!("task {}", number % NAMESAKE)
}

/// The message of a failing body.
pub fn message(kind: u64, number: u64) -> String {
    match kind {
        PANICS => ON_PURPOSE.to_owned(),
        PANICS_MUTE => NO_TEXT.to_owned(),
        _ => format!("{ON_PURPOSE}, number {number}"),
    }
}

/// Whether a body of this kind fails.
pub fn fails(kind: u64) -> bool {
    matches!(kind, PANICS | PANICS_MADE | PANICS_MUTE | CATCHES_FIRST)
}

/// A call as a student would write it.
pub fn call(op: Op) -> String {
    let body = match op[1] {
        GIVES => "gives a number",
        CATCHES => "panics and catches that",
        CATCHES_FIRST => "panics, catches that, and panics again",
        GATED => "waits",
        _ => "panics",
    };
    match op[0] {
        SPAWN => format!("spawn_caught({:?}, log, a body that {body})", name(op[2])),
        JOIN => "join()".into(),
        FORGET => "drop(task)".into(),
        AWAIT => format!("waits until {} failures are logged", op[1]),
        OUTSIDE => "panics outside of all tasks".into(),
        OTHER_THREAD => "another thread, which is no task, panics".into(),
        _ => "lets the bodies that wait go on".into(),
    }
}

/// What came back.
pub fn result(op: Op, result: &[u64]) -> String {
    match (op[0], result) {
        (JOIN, [0, number]) => format!(" -> Ok({number})"),
        (JOIN, _) => " -> Err(..)".into(),
        _ => String::new(),
    }
}
