//! The alias `std`: everything from the real standard library, with `sync`, `thread`, `time` and `hint` replaced by
//! modules whose every visible operation is a scheduling point of [`interleave`].
//!
//! A program compiled with `--extern std=libinterleave_std.rlib` needs no change at all. Outside a schedule the types
//! behave like the real ones. The replaced modules list their items one by one: an item without a model does not
//! compile, instead of slipping past the scheduler. The scheduler itself cannot be named through this crate.
//!
//! # What the model does not see
//! - `Arc` and `Weak` are the real ones: a loop over `Arc::strong_count` has no scheduling point and never ends.
//! - Statics are as the compiler made them when a schedule begins, by their bytes: what a schedule had put into them is
//!   not dropped. That holds for statics of these modules' types, used by one explorer at a time and by nobody outside
//!   of schedules. Values on the heap that outlive a schedule keep what they are.
//! - `HashMap` and `HashSet` iterate in an order that depends on the schedule alone. They are types of their own, which lend
//!   the real ones: a method named by its path (`HashMap::len` as a function) is not found.
//! - Threads of other libraries run for real. What blocks outside these modules (files, pipes, sockets, processes,
//!   `writeln!` to `stdout` of a value whose `Display` waits for a lock) blocks the whole schedule.
//! - `unsafe` code, and with it data races.

#![doc = include_str!("../COVERAGE.md")]
#![deny(unsafe_code)]

pub use std::*;

pub use __dbg as dbg;
pub use __eprint as eprint;
pub use __eprintln as eprintln;
pub use __print as print;
pub use __println as println;
pub use __thread_local as thread_local;

pub mod collections;
mod fresh;
pub mod hash;
pub mod hint;
pub mod panic;
pub mod prelude;
#[doc(hidden)]
pub mod printing;
pub mod sync;
pub mod thread;
pub mod time;
