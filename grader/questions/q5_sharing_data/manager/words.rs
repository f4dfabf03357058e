//! The calls of those who use a manager's list, dictionary and queue, and what comes of them.

/// Start the manager, and make a list, a dictionary and a queue.
pub const NEW: u64 = 1;
/// Start the manager alone.
pub const ALONE: u64 = 2;
/// Drop the manager of this process.
pub const DROP: u64 = 3;
/// Drop the proxies of this process.
pub const DROP_PROXIES: u64 = 4;
/// Start so many managers, use each once within the process, and drop it, with these faults while it is dropped.
pub const ROUNDS: u64 = 5;
/// Set the list's first value and then its last to 1, then to 2, and so on, until the second value is [`OVER`], but at most to so many.
pub const SET_OFTEN: u64 = 6;
/// Take the whole list until its last value has changed so many times, but at most so often (the second number), and then set the
/// second value to [`OVER`]. What comes of it: how often the last value was ahead of the first.
pub const LOOK_OFTEN: u64 = 7;
/// Insert so many numbers, of which the first is the second argument, one after the other under the key 1. What comes of it: their sum less
/// that of the numbers that `insert` gave back.
pub const INSERT_OFTEN: u64 = 8;
/// `get` of the key 1, as a number.
pub const NUMBER: u64 = 9;
/// A value.
pub const OVER: &str = "over";

/// `push`: number and length of the value.
pub const PUSH: u64 = 10;
/// `get` of the list: index.
pub const AT: u64 = 11;
/// `set`: index, number and length.
pub const SET: u64 = 12;
/// `count`.
pub const LEN: u64 = 13;
/// `to_vec`.
pub const ALL: u64 = 14;
/// `push` of so many: first number, how many, length. Stops at an error.
pub const PUSH_MANY: u64 = 15;

/// `insert`: number of the key, number and length of the value.
pub const INSERT: u64 = 20;
/// `get` of the dictionary: key.
pub const UNDER: u64 = 21;
/// `remove`: key.
pub const REMOVE: u64 = 22;
/// `keys`.
pub const KEYS: u64 = 23;

/// `put`: number and length.
pub const PUT: u64 = 30;
/// `get` of the queue.
pub const TAKE: u64 = 31;
/// `get_timeout`: milliseconds.
pub const TAKE_LIMIT: u64 = 32;

/// A value, or a list of values; the detail is its digest.
pub const VALUE: u64 = 20;
/// `None`.
pub const NONE: u64 = 21;
/// A number.
pub const COUNT: u64 = 22;
/// `true` (1) or `false` (0).
pub const FLAG: u64 = 23;

pub use super::pipe::{DISCONNECTED, FOR_EVER, NUMBERS, OK, OS, TIMED_OUT};

/// The key of a number: with as many digits each, they are in order.
pub fn key(number: u64) -> String {
    format!("key {number:03}")
}

/// A number that stands for a value.
pub fn digest(text: &str) -> u64 {
    super::players::Told::new(0, super::players::digest(0, 0, text)).detail
}

/// A number that stands for several values, by those of each.
pub fn digest_all(digests: impl IntoIterator<Item = u64>) -> u64 {
    digests.into_iter().fold(1, |before, digest| super::players::digest(before, digest, ""))
}
