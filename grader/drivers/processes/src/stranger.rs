//! A child of the caller that is none of the answer's: the caller starts it, and it is left to the caller to wait for it.
//!
//! There is one at a time. Knows no question, and writes nothing down.

use crate::{faults, gate};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::sync::atomic::{AtomicI32, Ordering};

/// The code with which it leaves.
const CODE: i32 = 5;

/// Its number, or 0.
static STRANGER: AtomicI32 = AtomicI32::new(0);

/// Starts it: it checks in as this task, waits there, and ends.
pub fn start(task: u64) {
    let waits = || {
        gate::wait(task);
        CODE
    };
    STRANGER.store(toolkit::fork(waits).map_or(0, Pid::as_raw), Ordering::Relaxed);
}

/// Waits for its end; whether that could still be seen. `None` if there is no such child. Blocks until it has ended.
pub fn await_end() -> Option<bool> {
    let stranger = STRANGER.swap(0, Ordering::Relaxed);
    let pid = Pid::from_raw(stranger);
    (stranger != 0).then(|| faults::without(|| waitpid(pid, None)) == Ok(WaitStatus::Exited(pid, CODE)))
}
