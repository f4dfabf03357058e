//! A deterministic explorer of thread schedules.
//!
//! A *body* is ordinary code that uses the types of `interleave-std` in place of the standard library's. Every lock,
//! notification, channel operation, atomic access, spawn, sleep and timeout in it is a *scheduling point*: the
//! explorer decides which thread goes on. Each thread has a stack of its own, all share the caller's operating-system
//! thread, one at a time, and time is virtual. A [`Schedule`] (three numbers) determines a run completely, so a failure can be replayed.
//!
//! What it finds: panics that only some orders of steps cause, deadlocks, lost wake-ups, busy waiting, polling by
//! sleeping, threads that never end, and outcomes that only weak memory allows.
//!
//! What it refuses to know: the exercises, what a right answer is, and wall-clock time.
//!
//! # A race, found
//!
//! The types of `interleave-std` are those of the standard library, path by path. In six lines two threads lose an update:
//!
//! ```ignore
//! use interleave_std::{sync::atomic::{AtomicU32, Ordering::SeqCst}, thread};
//!
//! fn body() {
//!     let count = AtomicU32::new(0);
//!     let add = || count.store(count.load(SeqCst) + 1, SeqCst);
//!     thread::scope(|scope| { scope.spawn(add); scope.spawn(add); });
//!     assert_eq!(count.load(SeqCst), 2);
//! }
//!
//! let report = interleave::explore(1, 500, interleave::Options::default(), std::sync::Arc::new(body));
//! let run = report.failure.expect("some schedule loses an update");
//! println!("{}", run.story().join("\n"));
//! ```
//!
//! `cargo run -p interleave-std --example lost_update` shows the story: who loaded what, on which line, and who came in between.
//! [`explore`] draws schedules at random, by several strategies in turn; [`search`] leaves none out, for small bodies.
//!
//! # For a crate of one's own
//!
//! A crate that says `std` needs no change. Cargo gives the name `std` to whatever dependency is called so:
//!
//! ```toml
//! [target.'cfg(model)'.dependencies]
//! std = { package = "interleave-std", version = "0.1" }
//! core = { package = "interleave-core", version = "0.1" }
//! interleave = "0.1"
//! ```
//!
//! With `RUSTFLAGS="--cfg model"` and a target folder of its own, every `std::sync::Mutex` of the crate is then a modelled one, and
//! its tests can call [`explore`]. Other dependencies keep the real library, and with it real locks and threads. What is
//! modelled, what is the standard library's own, and what does not compile stands in a table in `interleave-std`.
//!
//! # What a pass does not prove
//!
//! - More than was driven: a body that never has two waiters finds no bug that takes two.
//! - All schedules, unless [`search`] says [`Coverage::Everything`]. A bug that one schedule in a thousand shows escapes 500
//!   of them more often than not.
//! - All of weak memory: no read sees a store that has not been made yet, and stores of one atomic take their places in
//!   the order in which they are made. The model errs towards fewer outcomes, never towards forbidden ones.
//! - Anything about `unsafe` code, other libraries' threads, files, sockets, processes, or speed.
//!
//! ```
//! let report = interleave::explore(1, 10, interleave::Options::default(), std::sync::Arc::new(|| ()));
//! assert_eq!(report.schedules, 10);
//! assert!(report.failure.is_none());
//! ```

#![deny(unsafe_code)]

mod chance;
mod clock;
mod context;
mod execution;
mod explore;
mod fault;
mod fiber;
#[doc(hidden)]
pub mod hook;
#[doc(hidden)]
pub mod locals;
mod memory;
mod names;
mod object;
mod ops;
pub mod probe;
mod rng;
mod search;
mod state;
mod story;
mod strategy;
mod trace;
mod unwinding;

pub use explore::{Body, Clock, Explorer, Options, Ran, Report, Schedule, explore};
pub use fault::{Failure, Fault};
pub use hook::install_panic_hook;
pub use search::{Bound, Coverage, Found, search};

/// What the modelled standard library is built on. No part of the public interface.
#[doc(hidden)]
pub mod rt {
    pub use crate::hook;
    pub use crate::locals;
    pub use crate::names::{Site, is_library};
    pub use crate::object::{Kind, Meeting, ObjectId, Shape, meeting};
    pub use crate::ops::thread::hash_key;
    pub use crate::ops::{atomic, condvar, lock, monitor, thread, time};
    pub use crate::unwinding::{catch_unwind, panicking, resume_unwind};
}
