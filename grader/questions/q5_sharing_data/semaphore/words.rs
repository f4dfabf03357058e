//! The calls of a semaphore in a script.

use wire::script::{OTHER, Op, limit_told, on_tool};

/// `acquire`.
pub const ACQUIRE: u64 = 0;
/// `try_acquire`; whether there was a permit comes back.
pub const TRY: u64 = 1;
/// `acquire_timeout`, with a [`limit`]; the same comes back.
pub const TIMEOUT: u64 = 2;
/// Drops the oldest permit that the thread holds; whether there was one comes back.
pub const RELEASE: u64 = 3;
/// `available`; the number comes back.
pub const AVAILABLE: u64 = 4;
/// Takes a permit and panics while it holds it.
pub const PANIC_HOLDING: u64 = 5;

pub use wire::script::limit;

/// A call as a student would write it.
pub fn call(op: Op) -> String {
    match op[0] {
        OTHER => format!("other.{}", call(on_tool(op).1)),
        ACQUIRE => "acquire()".into(),
        TRY => "try_acquire()".into(),
        TIMEOUT => format!("acquire_timeout({})", limit_told(op[1])),
        RELEASE => "drop(permit)".into(),
        AVAILABLE => "available()".into(),
        _ => "acquire(), then a panic".into(),
    }
}

/// What came back.
pub fn result(op: Op, result: &[u64]) -> String {
    match (op[0], result) {
        (OTHER, _) => self::result(on_tool(op).1, result),
        (TRY | TIMEOUT, [0]) => " -> None".into(),
        (TRY | TIMEOUT, _) => " -> Some(permit)".into(),
        (RELEASE, [0]) => ", but there is none".into(),
        (AVAILABLE, [number]) => format!(" -> {number}"),
        _ => String::new(),
    }
}
