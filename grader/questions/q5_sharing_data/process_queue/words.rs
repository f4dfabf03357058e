//! The calls of those who share a queue, and what comes of them.

/// Make the queue.
pub const NEW: u64 = 1;
/// Put a parcel: number and length.
pub const PUT: u64 = 2;
/// Put so many parcels of one length: first number, how many, length. Stops at an error.
pub const PUT_MANY: u64 = 3;
/// Get one.
pub const GET: u64 = 4;
/// Get so many. Stops at an error.
pub const GET_MANY: u64 = 5;
/// Get one within so many milliseconds.
pub const GET_LIMIT: u64 = 6;
/// Drop the handle of this process.
pub const DROP: u64 = 7;
/// Make so many queues, use each once within the process, and drop it, with these faults while it is dropped.
pub const ROUNDS: u64 = 8;

pub use super::pipe::{
    DISCONNECTED, FOR_EVER, GOT, NUMBERS, OK, OS, TIMED_OUT, UNDECODABLE, UNREADABLE, UNSENDABLE,
};
