//! Impostor: all pipes are made before the first process, so each child holds the writing ends of all others.
//! Loses: q1.processes_whole PipeDeadlock
//! Tempting: first what is needed, then the work.

use std::any::Any;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::panic::{self, AssertUnwindSafe};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
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
    // First everything that may be refused for want of descriptors: then nobody has been started yet.
    let pipes = jobs.iter().map(|_| io::pipe()).collect::<Result<Vec<_>, _>>().map_err(os)?;
    let (from, to): (Vec<_>, Vec<_>) = pipes.into_iter().unzip();
    let mut children = Vec::with_capacity(jobs.len());
    for (job, to) in jobs.iter().zip(&to) {
        let pid = fork(|| i32::from(say(&work(job), to).is_err())).map_err(RunError::Fork)?;
        children.push(Child { pid, ended: false });
    }
    drop(to); // or none of the pipes would ever end
    children.iter_mut().zip(from).map(|(child, from)| outcome(child, from)).collect()
}

/// In the child: the length of the message, then the message.
fn say(result: &Result<u64, String>, mut to: &PipeWriter) -> io::Result<()> {
    let body = codec::encode(result).map_err(io::Error::other)?;
    let mut bytes = (body.len() as u64).to_le_bytes().to_vec();
    bytes.extend(body);
    to.write_all(&bytes)
}

/// Listens to a child, then waits for it.
fn outcome(child: &mut Child, mut from: PipeReader) -> Result<Outcome, RunError> {
    let said = match hear(&mut from) {
        Ok(body) => codec::decode::<Result<u64, String>>(&body).ok(),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
        Err(error) => return Err(os(error)),
    };
    let end = child.wait().map_err(RunError::Os)?;
    Ok(match said {
        Some(Ok(number)) => Outcome::Done(number),
        Some(Err(text)) => Outcome::Panicked(text),
        None => end,
    })
}

/// One message.
fn hear(from: &mut PipeReader) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    let mut body = Vec::new();
    if from.take(length).read_to_end(&mut body)? as u64 == length {
        Ok(body)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
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
