//! A child process as a value, and two of them at work.
//!
//! Why this works: the kernel keeps an ended child, and its process id, until it is waited for, and
//! then tells its exit once. So there is one place that waits, `Child::wait`, and it keeps what it
//! learns in `ended`. As long as `ended` is empty, the process id is ours and may get a signal;
//! afterwards it is never used again. `join` and `Drop` leave `ended` filled, so nothing is left.

use crate::{Exit, ProcessError};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{self, Pid};
use std::os::fd::{AsFd, BorrowedFd};

/// A process that [`start`] has started. Dropping it unjoined kills the process and reaps it.
#[derive(Debug)]
pub struct Child {
    id: Pid,
    /// How it ended, once it has been waited for; an error if somebody else has waited for it.
    ended: Option<Result<Exit, Errno>>,
}

/// Starts a child process that runs `body` and ends with the code that `body` returns.
///
/// # Errors
///
/// [`ProcessError::Fork`] if the child could not be started.
pub fn start(body: impl FnOnce() -> i32) -> Result<Child, ProcessError> {
    let id = toolkit::fork(body).map_err(ProcessError::Fork)?;
    Ok(Child { id, ended: None })
}

impl Child {
    /// Returns the child's process id, also after its end.
    pub fn id(&self) -> Pid {
        self.id
    }

    /// Says whether the child still runs, without blocking.
    pub fn is_alive(&mut self) -> bool {
        self.wait(WaitPidFlag::WNOHANG).is_none()
    }

    /// Sends `SIGTERM` to the child if it still runs, and fails if the system refuses that.
    pub fn terminate(&mut self) -> Result<(), ProcessError> {
        self.signal(Signal::SIGTERM).map_err(ProcessError::Os)
    }

    /// Blocks until the child has ended and returns how, or why the system cannot say it.
    pub fn join(mut self) -> Result<Exit, ProcessError> {
        loop {
            if let Some(ended) = self.wait(WaitPidFlag::empty()) {
                return ended.map_err(ProcessError::Os);
            }
        }
    }

    /// Waits once, unless the end is known already, and keeps what it learns. `None`: not ended.
    fn wait(&mut self, flags: WaitPidFlag) -> Option<Result<Exit, Errno>> {
        if self.ended.is_none() {
            self.ended = match waitpid(self.id, Some(flags)) {
                Ok(WaitStatus::Exited(_, code)) => Some(Ok(Exit::Code(code))),
                Ok(WaitStatus::Signaled(_, signal, _)) => Some(Ok(Exit::Signal(signal as i32))),
                Ok(_) | Err(Errno::EINTR) => None,
                Err(error) => Some(Err(error)),
            };
        }
        self.ended
    }

    /// Sends `signal` to the child, or to nobody if it has ended.
    fn signal(&mut self, signal: Signal) -> Result<(), Errno> {
        // Look first: the id of a child that has been waited for may be somebody else's by now. A
        // child that ends between look and signal stays a zombie, since only we wait for it: the
        // id is still its own, and the signal does nothing.
        if self.is_alive() { kill(self.id, signal) } else { Ok(()) }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // In a fork of the caller the look in `signal` finds no such child, and nobody is killed.
        if self.signal(Signal::SIGKILL).is_ok() {
            while self.wait(WaitPidFlag::empty()).is_none() {}
        }
    }
}

/// Lets one process write the square, another one the cube, and tells when both have ended.
///
/// # Errors
///
/// The errors of the exercise: overflow before anything starts, then the first child that failed.
pub fn square_and_cube(number: i64, out: impl AsFd) -> Result<(), ProcessError> {
    let square = number.checked_mul(number).ok_or(ProcessError::Overflow)?;
    let cube = square.checked_mul(number).ok_or(ProcessError::Overflow)?;
    let out = out.as_fd();
    let code = |line: String| write_line(out, &line).map_or_else(|error| error as i32, |()| 0);
    let first = start(|| code(format!("Square: {square}\n")))?;
    let second = start(|| code(format!("Cube: {cube}\n")))?; // an error drops, and so ends, the first
    // Both are waited for before either is judged: an early return would kill the one at work.
    for exit in [first.join(), second.join()] {
        match exit? {
            Exit::Code(0) => {}
            failure => return Err(ProcessError::ChildFailed(failure)),
        }
    }
    write_line(out, "Both processes are complete.\n").map_err(ProcessError::Os)
}

/// Writes a line in one piece: between two writes the other process could come in and tear it.
fn write_line(out: BorrowedFd<'_>, line: &str) -> Result<(), Errno> {
    match unistd::write(out, line.as_bytes()) {
        Err(Errno::EINTR) => write_line(out, line), // nothing has been written
        Ok(written) if written < line.len() => Err(Errno::EIO),
        result => result.map(|_| ()),
    }
}
