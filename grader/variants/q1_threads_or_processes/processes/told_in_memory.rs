//! Variant: each child writes its outcome into a memfd; the caller only waits for the children and reads afterwards.

use crate::api::{Job, Outcome};
use crate::run_error::RunError;
use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::any::Any;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::panic::{self, AssertUnwindSafe};
use toolkit::fork;

const DONE: u8 = 1;
const PANICKED: u8 = 2;
/// The last byte of an outcome that is complete.
const END: u8 = 0xE5;

/// A child that is at work.
struct Child {
    pid: Pid,
    file: File,
    waited: bool,
}

impl Child {
    fn wait(&mut self) -> Result<WaitStatus, Errno> {
        loop {
            match waitpid(self.pid, None) {
                Err(Errno::EINTR) => {}
                result => {
                    self.waited = true;
                    return result;
                }
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.waited {
            let _ = kill(self.pid, Signal::SIGKILL);
            let _ = self.wait();
        }
    }
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&'static str>().copied());
    text.unwrap_or("panic without a message").to_owned()
}

/// What the child does; its exit code.
fn work(job: Job<'_>, mut file: &File) -> i32 {
    let mut record = Vec::new();
    match panic::catch_unwind(AssertUnwindSafe(job)) {
        Ok(number) => {
            record.push(DONE);
            record.extend(number.to_le_bytes());
        }
        Err(payload) => {
            record.push(PANICKED);
            record.extend(text(&*payload).into_bytes());
            let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)));
        }
    }
    record.push(END);
    i32::from(file.write_all(&record).is_err())
}

fn outcome(record: &[u8], status: WaitStatus) -> Outcome {
    match record {
        [DONE, number @ .., END] if number.len() == 8 => {
            Outcome::Done(number.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
        }
        [PANICKED, text @ .., END] => Outcome::Panicked(String::from_utf8_lossy(text).into_owned()),
        _ => match status {
            WaitStatus::Signaled(_, signal, _) => Outcome::Killed(signal as i32),
            WaitStatus::Exited(_, code) => Outcome::Exited(code),
            _ => unreachable!("a wait without options tells of ends"),
        },
    }
}

fn io(error: std::io::Error) -> RunError {
    RunError::Os(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
}

/// See the stub.
pub fn in_processes(jobs: &[Job<'_>]) -> Result<Vec<Outcome>, RunError> {
    drop(std::io::stdout().flush());
    let mut children: Vec<Child> = Vec::new();
    for job in jobs {
        let file = loop {
            match memfd_create("outcome", MFdFlags::MFD_CLOEXEC) {
                Err(Errno::EINTR) => {}
                result => break File::from(result.map_err(RunError::Os)?),
            }
        };
        let pid = fork(|| work(*job, &file)).map_err(RunError::Fork)?;
        children.push(Child { pid, file, waited: false });
    }
    let mut outcomes = Vec::with_capacity(children.len());
    for mut child in children.drain(..).collect::<Vec<_>>() {
        let status = child.wait().map_err(RunError::Os)?;
        let mut record = Vec::new();
        child.file.seek(SeekFrom::Start(0)).map_err(io)?;
        child.file.read_to_end(&mut record).map_err(io)?;
        outcomes.push(outcome(&record, status));
    }
    Ok(outcomes)
}
