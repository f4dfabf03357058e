//! Your part: a child process as a value, and two of them at work.
//!
//! Use [`toolkit::fork`] and `nix`: `waitpid`, `kill` and `write` are safe calls there. Whatever a
//! signal handler interrupts (`EINTR`) is done again.

use crate::{Exit, ProcessError};
use nix::unistd::Pid;
use std::os::fd::AsFd;

/// A process that [`start`] has started.
///
/// Nothing else in the program waits for the child. Dropping a `Child` that has not been joined
/// kills the process with `SIGKILL` and waits for its end: no process and no zombie is left.
#[derive(Debug)]
pub struct Child {
    // TODO 1/4: the pid alone is not enough. What do you know once the child has been waited for?
    // TODO 2/4: and what happens to a `Child` that nobody joins? (`impl Drop`)
}

/// Starts a process of its own, a child of the caller, that runs `body` and ends with the code
/// that `body` returns.
///
/// Returns as soon as the child exists, without waiting for `body`. Only the low 8 bits of the code
/// count, as the system does it; a `body` that panics ends the child with code 101. The child works
/// on a copy of the caller's memory: the caller sees none of its changes, and what the caller has
/// buffered but not yet written is not written a second time when the child ends.
///
/// # Errors
///
/// [`ProcessError::Fork`] if the child could not be started, for instance since the caller has
/// more than one thread.
pub fn start(body: impl FnOnce() -> i32) -> Result<Child, ProcessError> {
    let _ = body;
    todo!("start a process that runs `body`")
}

impl Child {
    /// Returns the child's process id, also after its end.
    pub fn id(&self) -> Pid {
        todo!("return the child's process id")
    }

    /// Says whether the child still runs: true until it ends, false from then on.
    ///
    /// Never blocks, whatever the child does. However often it is called, [`join`](Self::join)
    /// still tells the exact exit.
    pub fn is_alive(&mut self) -> bool {
        // TODO 3/4: the system tells an exit once. Where is it kept?
        todo!("say whether the child still runs")
    }

    /// Asks the child to end, by `SIGTERM`, and returns without waiting for it.
    ///
    /// If the child has ended already, nobody gets a signal, and that is `Ok`: its process id may
    /// by now belong to somebody else. Calling it twice is fine.
    ///
    /// # Errors
    ///
    /// [`ProcessError::Os`] if the signal could not be sent to a living child.
    pub fn terminate(&mut self) -> Result<(), ProcessError> {
        todo!("send `SIGTERM` to the child, if it is still there")
    }

    /// Blocks until the child has ended and returns how: its exact code, or the signal that ended
    /// it. Afterwards no zombie is left.
    ///
    /// Works after [`is_alive`](Self::is_alive) has seen the end, and after
    /// [`terminate`](Self::terminate): a child that `SIGTERM` has ended is `Exit::Signal(15)`, one
    /// that was faster, or that handles the signal, tells its own exit. A child that is stopped has
    /// not ended.
    ///
    /// # Errors
    ///
    /// [`ProcessError::Os`] if the system cannot say how the child ended.
    pub fn join(self) -> Result<Exit, ProcessError> {
        todo!("wait for the child and say how it ended")
    }
}

/// Lets one process write `Square: 100` to `out` and another one `Cube: 1000` (for the number 10),
/// and writes `Both processes are complete.` when both have ended.
///
/// The two processes are children of the caller and alive at the same time; their lines come in
/// either order. The last line is written by the caller itself, after both have ended. Each line
/// ends with a newline and is written, newline included, by a single `write`. Blocks until both
/// children have ended; when it returns, neither a process nor a descriptor of it is left.
///
/// # Errors
///
/// - [`ProcessError::Overflow`] if the square or the cube does not fit into an `i64`. It is returned
///   before any process is started, and nothing is written.
/// - [`ProcessError::Fork`] if a child could not be started. The other one, if it had been started,
///   is killed and waited for (it may have written its line); the last line is left out.
/// - [`ProcessError::ChildFailed`] if a child does not end with code 0. The other one is still
///   waited for, the last line is left out, and of two failures that of the square is returned. A
///   child whose `write` fails, or takes only a part of the line, ends with a code other than 0.
/// - [`ProcessError::Os`] if the caller cannot wait, or cannot write its line (`EIO` if only a part
///   of it was taken).
pub fn square_and_cube(number: i64, out: impl AsFd) -> Result<(), ProcessError> {
    // TODO 4/4: start both before you wait for one, and wait for both before you judge one.
    let _ = out;
    todo!("let two processes write the square and the cube of {number}")
}
