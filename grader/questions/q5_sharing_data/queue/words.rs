//! The calls of a queue in a script.

use wire::script::{OTHER, Op, limit_told, on_tool};

/// `put`, with an item: the number by which it is compared, and one that tells equal ones apart. `[1]` comes back, or 0
/// and the item.
pub const PUT: u64 = 0;
/// `get`; 1 and the item comes back, or 0 and one of the errors below.
pub const GET: u64 = 1;
/// `try_get`; the same.
pub const TRY: u64 = 2;
/// `get_timeout`, with a [`limit`]; the same.
pub const TIMEOUT: u64 = 3;
/// `task_done`; `[1]` comes back.
pub const DONE: u64 = 4;
/// `join`.
pub const JOIN: u64 = 5;
/// `close`.
pub const CLOSE: u64 = 6;
/// Puts three equal items, and then one for each that is taken, so many times, until all are out; how many came out of turn comes back.
pub const ROLL: u64 = 7;

/// `GetError::Empty`.
pub const EMPTY: u64 = 1;
/// `GetError::TimedOut`.
pub const TIMED_OUT: u64 = 2;
/// `GetError::Closed`.
pub const CLOSED: u64 = 3;

/// `Order`, by number.
pub const FIFO: u64 = 0;
/// The newest first.
pub const LIFO: u64 = 1;
/// The smallest first.
pub const PRIORITY: u64 = 2;

pub use wire::script::limit;

/// An item as it is written for people: equal ones have letters.
pub fn item(key: u64, number: u64) -> String {
    let letter = u32::try_from(number).ok().and_then(|number| char::from_digit(number + 9, 36));
    format!("{key}{}", letter.filter(|_| number > 0).map(String::from).unwrap_or_default())
}

/// A call as a student would write it.
pub fn call(op: Op) -> String {
    match op[0] {
        OTHER => format!("other.{}", call(on_tool(op).1)),
        PUT => format!("put({})", item(op[1], op[2])),
        GET => "get()".into(),
        TRY => "try_get()".into(),
        TIMEOUT => format!("get_timeout({})", limit_told(op[1])),
        DONE => "task_done()".into(),
        ROLL => format!("{} equal items, three at a time", op[1] + 3),
        JOIN => "join()".into(),
        _ => "close()".into(),
    }
}

/// What came back.
pub fn result(op: Op, result: &[u64]) -> String {
    match (op[0], result) {
        (OTHER, _) => self::result(on_tool(op).1, result),
        (PUT, [1]) => " -> Ok(())".into(),
        (PUT, &[_, key, number]) => format!(" -> Err(Closed({}))", item(key, number)),
        (GET | TRY | TIMEOUT, &[1, key, number]) => format!(" -> Ok({})", item(key, number)),
        (GET | TRY | TIMEOUT, [0, EMPTY]) => " -> Err(Empty)".into(),
        (GET | TRY | TIMEOUT, [0, TIMED_OUT]) => " -> Err(TimedOut)".into(),
        (GET | TRY | TIMEOUT, _) => " -> Err(Closed)".into(),
        (DONE, []) => " panics".into(),
        (ROLL, [late]) => format!(" -> {late} out of turn"),
        _ => String::new(),
    }
}
