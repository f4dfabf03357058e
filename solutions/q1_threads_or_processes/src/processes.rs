//! Jobs in processes: a copy of the caller's memory for each.
//!
//! Why this works: a pipe for each child brings what became of its job, and its end says that the child has nothing more to
//! say. Only then does the caller wait for the child: the other way round a child with more than 64 KiB to say would wait for a
//! reader, and the reader for the child. Whatever happens, a `Child` that is dropped is killed and waited for.

use std::any::Any;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::panic::{self, AssertUnwindSafe};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use toolkit::codec;

use crate::api::{Job, Outcome};
use crate::run_error::RunError;

/// What a child says: the number of its job, or the text of its panic.
type Said = Result<u64, String>;

/// Runs every job in a process of its own, all at once, and says how each of them ended.
///
/// # Errors
///
/// If the system refuses a process, or a pipe to it; no process is left then.
pub fn in_processes(jobs: &[Job<'_>]) -> Result<Vec<Outcome>, RunError> {
    // A job may leave by `process::exit`, which writes what it finds in the buffer: let there be nothing of the caller's.
    let _ = io::stdout().flush();
    // All are started before one is waited for. If one cannot be, those before it are dropped, and so killed.
    let children = jobs.iter().map(|job| Child::start(job)).collect::<Result<Vec<_>, _>>()?;
    children.into_iter().map(Child::outcome).collect()
}

struct Child {
    id: Pid,
    said: PipeReader,
    /// Its number may be somebody else's once it has been waited for.
    is_waited_for: bool,
}

impl Child {
    fn start(job: Job<'_>) -> Result<Self, RunError> {
        let (said, to_caller) = io::pipe().map_err(os)?;
        let mut said = Some(said);
        let child = || {
            drop(said.take()); // or a caller that is killed leaves a child behind that can be heard by itself
            let answer = panic::catch_unwind(AssertUnwindSafe(job)).map_err(|payload| text(&*payload));
            i32::from(say(to_caller, &answer).is_err())
        };
        // The caller's copy of the writing end goes with the closure: kept, it would keep the pipe from ending.
        let id = toolkit::fork(child).map_err(RunError::Fork)?;
        let said = said.expect("only the child has taken it");
        Ok(Self { id, said, is_waited_for: false })
    }

    /// Waits for the child, and says how its job ended.
    fn outcome(mut self) -> Result<Outcome, RunError> {
        let mut bytes = Vec::new();
        self.said.read_to_end(&mut bytes).map_err(os)?; // goes on after `EINTR`, and after a part
        let end = self.wait().map_err(RunError::Os)?;
        // What was said whole counts. A child that died before, or while it spoke, is told by its end.
        Ok(match (codec::decode::<Said>(&bytes), end) {
            (Ok(Ok(number)), _) => Outcome::Done(number),
            (Ok(Err(message)), _) => Outcome::Panicked(message),
            (Err(_), WaitStatus::Signaled(_, signal, _)) => Outcome::Killed(signal as i32),
            (Err(_), WaitStatus::Exited(_, code)) => Outcome::Exited(code),
            (Err(_), _) => return Err(RunError::Os(Errno::ECHILD)),
        })
    }

    fn wait(&mut self) -> Result<WaitStatus, Errno> {
        loop {
            match waitpid(self.id, None) {
                Err(Errno::EINTR) => {}
                end => {
                    self.is_waited_for = true;
                    return end;
                }
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.is_waited_for && kill(self.id, Signal::SIGKILL).is_ok() {
            let _ = self.wait();
        }
    }
}

fn say(mut to: PipeWriter, answer: &Said) -> io::Result<()> {
    let bytes = codec::encode(answer).map_err(io::Error::other)?;
    to.write_all(&bytes)
}

/// `panic!` with a text alone carries a `&str`, with something filled in a `String`, and `panic_any` whatever it is given.
fn text(payload: &(dyn Any + Send)) -> String {
    let string = || payload.downcast_ref::<String>().map(String::as_str);
    payload.downcast_ref::<&str>().copied().or_else(string).unwrap_or("panic without a message").to_owned()
}

fn os(error: io::Error) -> RunError {
    RunError::Os(Errno::from_raw(error.raw_os_error().unwrap_or(nix::libc::EIO)))
}
