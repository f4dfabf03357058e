//! The calls of a barrier in a script.

use wire::script::Op;

/// `wait`; whether it was the leader comes back.
pub const WAIT: u64 = 0;

/// A call as a student would write it.
pub fn call(_: Op) -> String {
    "wait()".into()
}

/// What came back.
pub fn result(_: Op, result: &[u64]) -> String {
    format!(" -> {}", result == [1])
}
