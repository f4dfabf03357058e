//! Threads under the scheduler. Each is a real operating-system thread, so panics and stacks are the real ones.

mod builder;
mod current;
mod local;
mod packet;
mod scoped;

use std::io;
use std::num::NonZero;
use std::panic::Location;
use std::time::Duration;

use interleave::rt;

pub use interleave::rt::panicking;
pub use std::thread::Result;

pub use builder::{Builder, JoinHandle, spawn};
pub use current::{Thread, ThreadId, current};
#[doc(hidden)]
pub use local::local_impl;
pub use local::{AccessError, LocalKey};
pub use scoped::{Scope, ScopedJoinHandle, scope};

/// What a schedule says about the machine. It runs on one core, and must be the same on every machine.
const PARALLELISM: NonZero<usize> = NonZero::new(4).unwrap();

/// As `std::thread::available_parallelism`; always 4 in a schedule.
///
/// # Errors
/// Outside a schedule, if the machine does not tell.
pub fn available_parallelism() -> io::Result<NonZero<usize>> {
    if rt::thread::is_modelled() { Ok(PARALLELISM) } else { std::thread::available_parallelism() }
}

/// As `std::thread::yield_now`.
#[track_caller]
pub fn yield_now() {
    if !rt::thread::yield_now("yield_now", Location::caller()) {
        std::thread::yield_now();
    }
}

/// As `std::thread::sleep`, in virtual time.
#[track_caller]
pub fn sleep(dur: Duration) {
    if !rt::time::sleep(dur, Location::caller()) {
        std::thread::sleep(dur);
    }
}

/// As `std::thread::park`.
#[track_caller]
pub fn park() {
    if !rt::thread::park(None, "park", Location::caller()) {
        std::thread::park();
    }
}

/// As `std::thread::park_timeout`, in virtual time.
#[track_caller]
pub fn park_timeout(dur: Duration) {
    if !rt::thread::park(Some(dur), "park_timeout", Location::caller()) {
        std::thread::park_timeout(dur);
    }
}
