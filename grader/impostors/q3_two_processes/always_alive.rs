//! Impostor: `is_alive` is true as long as nobody has joined.
//! Loses: q3.alive WrongAnswer
//! Tempting: a handle that still exists feels like a process that does.

use crate::{Exit, ProcessError};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{self, Pid};
use std::os::fd::{AsFd, BorrowedFd};

#[derive(Debug)]
pub struct Child {
    id: Pid,
    ended: Option<Result<Exit, Errno>>,
}

pub fn start(body: impl FnOnce() -> i32) -> Result<Child, ProcessError> {
    let id = toolkit::fork(body).map_err(ProcessError::Fork)?;
    Ok(Child { id, ended: None })
}

impl Child {
    pub fn id(&self) -> Pid {
        self.id
    }

    pub fn is_alive(&mut self) -> bool {
        self.ended.is_none()
    }

    pub fn terminate(&mut self) -> Result<(), ProcessError> {
        self.signal(Signal::SIGTERM).map_err(ProcessError::Os)
    }

    pub fn join(mut self) -> Result<Exit, ProcessError> {
        loop {
            if let Some(ended) = self.wait(WaitPidFlag::empty()) {
                return ended.map_err(ProcessError::Os);
            }
        }
    }

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

    fn signal(&mut self, signal: Signal) -> Result<(), Errno> {
        if self.wait(WaitPidFlag::WNOHANG).is_none() { kill(self.id, signal) } else { Ok(()) }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.signal(Signal::SIGKILL).is_ok() {
            while self.wait(WaitPidFlag::empty()).is_none() {}
        }
    }
}

pub fn square_and_cube(number: i64, out: impl AsFd) -> Result<(), ProcessError> {
    let square = number.checked_mul(number).ok_or(ProcessError::Overflow)?;
    let cube = square.checked_mul(number).ok_or(ProcessError::Overflow)?;
    let out = out.as_fd();
    let code = |line: String| write_line(out, &line).map_or_else(|error| error as i32, |()| 0);
    let first = start(|| code(format!("Square: {square}\n")))?;
    let second = start(|| code(format!("Cube: {cube}\n")))?; // an error drops, and so ends, the first
    for exit in [first.join(), second.join()] {
        match exit? {
            Exit::Code(0) => {}
            failure => return Err(ProcessError::ChildFailed(failure)),
        }
    }
    write_line(out, "Both processes are complete.\n").map_err(ProcessError::Os)
}

fn write_line(out: BorrowedFd<'_>, line: &str) -> Result<(), Errno> {
    match unistd::write(out, line.as_bytes()) {
        Err(Errno::EINTR) => write_line(out, line), // nothing has been written
        Ok(written) if written < line.len() => Err(Errno::EIO),
        result => result.map(|_| ()),
    }
}
