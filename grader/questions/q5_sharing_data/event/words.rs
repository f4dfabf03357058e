//! The calls of an event in a script.

use wire::script::{Op, limit_told};

/// `set`.
pub const SET: u64 = 0;
/// `clear`.
pub const CLEAR: u64 = 1;
/// `is_set`; what it says comes back.
pub const IS_SET: u64 = 2;
/// `wait`.
pub const WAIT: u64 = 3;
/// `wait_timeout`, with a [`limit`]; what it says comes back.
pub const TIMEOUT: u64 = 4;

pub use wire::script::limit;

/// A call as a student would write it.
pub fn call(op: Op) -> String {
    match op[0] {
        SET => "set()".into(),
        CLEAR => "clear()".into(),
        IS_SET => "is_set()".into(),
        WAIT => "wait()".into(),
        _ => format!("wait_timeout({})", limit_told(op[1])),
    }
}

/// What came back.
pub fn result(op: Op, result: &[u64]) -> String {
    match (op[0], result) {
        (IS_SET | TIMEOUT, [0]) => " -> false".into(),
        (IS_SET | TIMEOUT, _) => " -> true".into(),
        _ => String::new(),
    }
}
