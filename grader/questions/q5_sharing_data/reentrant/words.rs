//! The calls of two reentrant locks in a script.

use wire::script::Op;

/// `lock`, on the lock of this number.
pub const LOCK: u64 = 0;
/// Drops a guard of the lock of this number that the thread holds: the oldest, or the newest if the second number is 1;
/// whether there was one comes back.
pub const UNLOCK: u64 = 1;
/// Reads the number that the lock holds, lets others go first, and stores one more; what was read comes back.
pub const ADD: u64 = 2;
/// Locks, once or more often, and panics while it holds all these guards.
pub const PANIC_HOLDING: u64 = 3;
/// Locks so many times.
pub const LOCK_MANY: u64 = 4;
/// Drops so many of its guards, the oldest first.
pub const UNLOCK_MANY: u64 = 5;

/// Locks, and starts a thread that does so too; whether that one came in while the first held the lock comes back.
pub const MEET: u64 = 6;

/// The number that both locks hold at first.
pub const FIRST: u64 = 100;

/// A lock's name in a story.
fn name(number: u64) -> &'static str {
    if number == 0 { "a" } else { "b" }
}

/// A call as a student would write it.
pub fn call(op: Op) -> String {
    let lock = name(op[1]);
    match op {
        [LOCK, ..] => format!("{lock}.lock()"),
        [UNLOCK, _, 0] => format!("drop(the oldest guard of {lock})"),
        [UNLOCK, ..] => format!("drop(the newest guard of {lock})"),
        [LOCK_MANY, _, times] => format!("{lock}.lock(), {times} times"),
        [UNLOCK_MANY, _, times] => format!("drop(the {times} oldest guards of {lock})"),
        [ADD, ..] => format!("adds 1 to the number in {lock}"),
        [MEET, ..] => format!("{lock}.lock(), and a new thread calls it, too"),
        [_, _, 1] => format!("{lock}.lock(), then a panic"),
        [_, _, times] => format!("{lock}.lock(), {times} times, then a panic"),
    }
}

/// What came back.
pub fn result(op: Op, result: &[u64]) -> String {
    match (op[0], result) {
        (UNLOCK, [0]) => ", but there is none".into(),
        (MEET, [0]) => ": it waits".into(),
        (MEET, _) => ": it comes in".into(),
        (ADD, [before]) => format!(", which was {before}"),
        _ => String::new(),
    }
}
