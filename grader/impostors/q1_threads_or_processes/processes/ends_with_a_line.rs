//! Impostor: a message is whole if it ends as a line does, and so does the half of a text that was cut there.
//! Loses: q1.processes_whole WrongAnswer
//! Tempting: one line for each message is simple to read.

use std::any::Any;
use std::io::{self, PipeReader, Read, Write};
use std::panic::{self, AssertUnwindSafe};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use toolkit::fork;

use crate::api::{Job, Outcome};
use crate::run_error::RunError;

/// Runs every job in a process of its own, all at once, and says how each of them ended, in the order of `jobs`.
///
/// # Errors
///
/// [`RunError::Fork`] if a process could not be started, and [`RunError::Os`] if the system refuses another call.
pub fn in_processes(jobs: &[Job<'_>]) -> Result<Vec<Outcome>, RunError> {
    drop(std::io::Write::flush(&mut std::io::stdout()));
    let mut children = Vec::with_capacity(jobs.len());
    for job in jobs {
        let (from, to) = io::pipe().map_err(os)?;
        let mut from = Some(from);
        let pid = fork(|| {
            drop(from.take());
            let mut to = to;
            let line = match work(job) {
                Ok(number) => format!("done {number}\n"),
                Err(text) => format!("panicked {text}\n"),
            };
            i32::from(to.write_all(line.as_bytes()).is_err())
        });
        let child = Child { pid: pid.map_err(RunError::Fork)?, ended: false };
        children.push((child, from));
    }
    children.into_iter().map(|(child, from)| outcome(child, from)).collect()
}

/// Listens to a child to the end, then waits for it.
fn outcome(mut child: Child, from: Option<PipeReader>) -> Result<Outcome, RunError> {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        from.read_to_end(&mut bytes).map_err(os)?;
    }
    let end = child.wait().map_err(RunError::Os)?;
    Ok(parse(bytes).unwrap_or(end))
}

/// What a child has said; nothing if it did not come to the end of its line.
fn parse(bytes: Vec<u8>) -> Option<Outcome> {
    let text = String::from_utf8(bytes).ok()?;
    let line = text.strip_suffix('\n')?;
    match line.split_once(' ')? {
        ("done", number) => number.parse().ok().map(Outcome::Done),
        ("panicked", text) => Some(Outcome::Panicked(text.to_owned())),
        _ => None,
    }
}

/// A child, killed and waited for when this is dropped, unless it has been waited for before.
struct Child {
    pid: Pid,
    ended: bool,
}

impl Child {
    /// Waits until it has ended, and says how.
    fn wait(&mut self) -> Result<Outcome, nix::Error> {
        let end = loop {
            match waitpid(self.pid, None) {
                Ok(WaitStatus::Exited(_, code)) => break Ok(Outcome::Exited(code)),
                Ok(WaitStatus::Signaled(_, signal, _)) => break Ok(Outcome::Killed(signal as i32)),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => break Err(error),
            }
        };
        self.ended = true;
        end
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.ended {
            let _ = kill(self.pid, Signal::SIGKILL);
            let _ = self.wait();
        }
    }
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
