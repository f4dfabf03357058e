//! A deterministic explorer of thread schedules.
//!
//! A *body* is ordinary code that uses the types of `interleave-std` in place of the standard library's. Every lock,
//! notification, channel operation, atomic access, spawn, sleep and timeout in it is a *scheduling point*: the
//! explorer decides which thread goes on. Threads are real operating-system threads, but exactly one runs at a time,
//! and time is virtual. A [`Schedule`] (three numbers) determines a run completely, so a failure can be replayed.
//!
//! What it finds: panics that only some orders of steps cause, deadlocks, lost wake-ups, busy waiting, polling by
//! sleeping, threads that never end, and outcomes that only weak memory allows.
//!
//! What it refuses to know: the exercises, what a right answer is, and wall-clock time.
//!
//! ```
//! use std::sync::Arc;
//! let report = interleave::explore(1, 10, interleave::Options::default(), Arc::new(|| ()));
//! assert_eq!(report.schedules, 10);
//! assert!(report.failure.is_none());
//! ```

#![forbid(unsafe_code)]

mod chance;
mod clock;
mod context;
mod crew;
mod execution;
mod explore;
mod fault;
mod handover;
#[doc(hidden)]
pub mod hook;
#[doc(hidden)]
pub mod locals;
mod memory;
mod names;
mod object;
mod ops;
mod pin;
pub mod probe;
mod rng;
mod search;
mod state;
mod story;
mod strategy;
mod trace;

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
}
