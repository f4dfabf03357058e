//! Impostor: after an error it waits until there is no child left, whoever started it.
//! Loses: q1.processes_clean WrongAnswer
//! Tempting: `wait` until `ECHILD` leaves no zombie.

use std::any::Any;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::panic::{self, AssertUnwindSafe};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, wait, waitpid};
use nix::unistd::Pid;
use toolkit::{codec, fork};

use crate::api::{Job, Outcome};
use crate::run_error::RunError;

/// Runs every job in a process of its own, all at once, and says how each of them ended, in the order of `jobs`.
///
/// # Errors
///
/// [`RunError::Fork`] if a process could not be started, and [`RunError::Os`] if the system refuses another call.
pub fn in_processes(jobs: &[Job<'_>]) -> Result<Vec<Outcome>, RunError> {
    drop(std::io::Write::flush(&mut std::io::stdout()));
    let mut children = Children { left: Vec::with_capacity(jobs.len()) };
    for job in jobs {
        let (from, to) = io::pipe().map_err(os)?;
        let mut from = Some(from);
        let pid = fork(|| {
            drop(from.take());
            i32::from(say(&work(job), to).is_err())
        });
        children.left.push((pid.map_err(RunError::Fork)?, from));
    }
    children.left.reverse(); // the first one is taken first
    let mut outcomes = Vec::with_capacity(jobs.len());
    while let Some(outcome) = children.next_outcome()? {
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// The children that have not been waited for. They are killed and waited for when this is dropped.
struct Children {
    left: Vec<(Pid, Option<PipeReader>)>,
}

impl Children {
    /// Listens to the last one to the end, then waits for it. What is not complete does not decode.
    fn next_outcome(&mut self) -> Result<Option<Outcome>, RunError> {
        let Some((pid, from)) = self.left.last_mut() else { return Ok(None) };
        let pid = *pid;
        let mut bytes = Vec::new();
        if let Some(from) = from {
            from.read_to_end(&mut bytes).map_err(os)?;
        }
        let end = loop {
            match waitpid(pid, None) {
                Ok(WaitStatus::Exited(_, code)) => break Ok(Outcome::Exited(code)),
                Ok(WaitStatus::Signaled(_, signal, _)) => break Ok(Outcome::Killed(signal as i32)),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => break Err(RunError::Os(error)),
            }
        };
        self.left.pop();
        end.map(|end| {
            Some(match codec::decode::<Result<u64, String>>(&bytes) {
                Ok(Ok(number)) => Outcome::Done(number),
                Ok(Err(text)) => Outcome::Panicked(text),
                Err(_) => end,
            })
        })
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        if self.left.is_empty() {
            return;
        }
        for (pid, _) in &self.left {
            let _ = kill(*pid, Signal::SIGKILL);
        }
        // Signals interrupt, so an error is not the end; that there is nobody left is.
        while wait() != Err(Errno::ECHILD) {}
    }
}

/// In the child: says how its job ended.
fn say(result: &Result<u64, String>, mut to: PipeWriter) -> io::Result<()> {
    let bytes = codec::encode(result).map_err(io::Error::other)?;
    to.write_all(&bytes)
}

/// In the child: does the job. The payload of a panic is not dropped, since that might panic again.
fn work(job: Job<'_>) -> Result<u64, String> {
    panic::catch_unwind(AssertUnwindSafe(job)).map_err(|payload| message(&*Box::leak(payload)))
}

/// The text of a panic.
fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "panic without a message".to_owned()
    }
}

fn os(error: io::Error) -> RunError {
    RunError::Os(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
}
