//! The calls of a counter in a script.

use wire::script::Op;

/// `add`, with the amount; the new value comes back.
pub const ADD: u64 = 0;
/// `get`; the value comes back.
pub const GET: u64 = 1;
/// `update` with [`change`] and its amount; its closure lets others go first. What came back, the value that the closure
/// found, and how often it was called come back.
pub const UPDATE: u64 = 2;
/// The same with a closure that sleeps for the second number of nanoseconds.
pub const SLOW_UPDATE: u64 = 3;
/// `update` with a closure that panics.
pub const PANIC_CHANGING: u64 = 4;
/// The same as [`UPDATE`], with a closure that uses another counter.
pub const UPDATE_BY_OTHER: u64 = 5;

/// What the closure of an update makes of a value.
pub fn change(value: u64, amount: u64) -> u64 {
    value.wrapping_mul(3).wrapping_add(amount)
}

fn number(value: u64) -> String {
    match u64::MAX - value {
        0 => "u64::MAX".into(),
        below if below < 1000 => format!("u64::MAX - {below}"),
        _ => value.to_string(),
    }
}

/// A call as a student would write it.
pub fn call(op: Op) -> String {
    match op[0] {
        ADD => format!("add({})", number(op[1])),
        GET => "get()".into(),
        UPDATE => format!("update(|value| value * 3 + {})", op[1]),
        UPDATE_BY_OTHER => format!("update(|value| value * 3 + Counter::new().add({}))", op[1]),
        SLOW_UPDATE => format!("update(|value| a sleep, then value * 3 + {})", op[1]),
        _ => "update(|_| a panic)".into(),
    }
}

/// What came back.
pub fn result(_: Op, result: &[u64]) -> String {
    match *result {
        [value] => format!(" -> {}", number(value)),
        [value, found, 1] => format!(" -> {}, having found {}", number(value), number(found)),
        [value, _, times] => format!(" -> {}, and the closure was called {times} times", number(value)),
        _ => String::new(),
    }
}
