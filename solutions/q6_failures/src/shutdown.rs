//! Jobs in processes, until somebody says that it is enough.
//!
//! Why this works: signals are blocked before anything else, so none of them can interrupt or end anything. They become readable in a
//! descriptor, and one `poll` waits for them, for results and for deaths. Each job has a child and a pipe of its own; a child that dies
//! closes its end. Two guards stand for the two things that must not be forgotten on any way out: `Crew` ends the children, `Deaf`
//! gives the mask back, and they are dropped in this order.

use std::any::Any;
use std::collections::BTreeMap;
use std::io::{self, PipeReader, Read, Write};
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::panic::catch_unwind;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, setpgid, write};
use toolkit::ForkError;

use crate::api::Served;
use crate::child_error::ChildError;

/// What is to be done in another process.
pub type Job = fn() -> u64;

/// Runs the jobs in child processes, each job once, and gives back their results.
///
/// # Errors
///
/// The first failure of a job, or what the system refused.
pub fn serve(jobs: &[Job], workers: NonZeroUsize, progress: impl AsFd) -> Result<Served, ChildError> {
    let deaf = Deaf::new()?;
    let mut crew = Crew(Vec::new());
    let mut served = Served { finished: BTreeMap::new(), refused: Vec::new() };
    let (mut next, mut stops) = (0, 0);
    loop {
        while stops == 0 && next < jobs.len() && crew.0.len() < workers.get() {
            crew.0.push(Child::start(next, jobs[next], &deaf)?);
            next += 1;
        }
        if stops > 1 || crew.0.is_empty() {
            break;
        }
        let (signals, ended) = crew.wait(&deaf)?;
        if signals {
            // Signals first: what ended in the same moment begins no further job.
            while let Some(signal) = deaf.heard()? {
                match signal {
                    // What nobody reads harms nobody: an error here is none of the jobs'.
                    Signal::SIGUSR1 => tell(&progress, served.finished.len(), jobs.len()),
                    _ => stops += 1,
                }
            }
        }
        // From behind, or the places would shift.
        for place in ended.into_iter().rev() {
            let child = crew.0.swap_remove(place);
            served.finished.insert(child.job, child.result()?);
        }
    }
    served.refused = (0..jobs.len()).filter(|job| !served.finished.contains_key(job)).collect();
    drop(crew); // and only then `deaf`
    Ok(served)
}

fn tell(progress: impl AsFd, finished: usize, of: usize) {
    let line = format!("finished {finished} of {of}\n");
    while write(&progress, line.as_bytes()) == Err(Errno::EINTR) {}
}

/// While it lives, the signals are read and not felt.
struct Deaf {
    before: SigSet,
    signals: SignalFd,
}

impl Deaf {
    fn new() -> Result<Self, ChildError> {
        let ours: SigSet = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGUSR1].into_iter().collect();
        // The descriptor first: if there is none, the mask is still as it was.
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let signals = SignalFd::with_flags(&ours, flags).map_err(ChildError::Os)?;
        let before = ours.thread_swap_mask(SigmaskHow::SIG_BLOCK).map_err(ChildError::Os)?;
        Ok(Self { before, signals })
    }

    /// The next signal that has come to whoever asks: in a child, to that child.
    fn heard(&self) -> Result<Option<Signal>, ChildError> {
        let heard = self.signals.read_signal().map_err(ChildError::Os)?;
        Ok(heard.and_then(|about| Signal::try_from(about.ssi_signo.cast_signed()).ok()))
    }

    /// Takes in what has come, and puts the mask back: in the other order it would hit.
    fn end(&self) {
        while let Ok(Some(_)) = self.heard() {}
        let _ = self.before.thread_set_mask();
    }
}

impl Drop for Deaf {
    fn drop(&mut self) {
        self.end();
    }
}

/// A job that is under way.
struct Child {
    job: usize,
    pid: Pid,
    says: PipeReader,
}

impl Child {
    fn start(number: usize, job: Job, deaf: &Deaf) -> Result<Self, ChildError> {
        let (says, to_caller) = io::pipe().map_err(os)?;
        let pid = toolkit::fork(move || {
            let mut to_caller = to_caller; // moved in here: when the child dies, nobody can write any more
            // Out of the group first. What came to it before was meant for the caller, who has got it, too.
            let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
            deaf.end();
            let said = match catch_unwind(job) {
                Ok(value) => [b"=", value.to_le_bytes().as_slice()].concat(),
                Err(payload) => [b"!", text(&*payload).as_bytes()].concat(),
            };
            i32::from(to_caller.write_all(&said).is_err())
        });
        match pid {
            Ok(pid) => Ok(Self { job: number, pid, says }),
            Err(ForkError::Os(error)) => Err(ChildError::Os(error)),
            Err(_) => Err(ChildError::Os(Errno::EBUSY)),
        }
    }

    /// What it said to the end, or how it ended instead. Waits for that.
    fn result(mut self) -> Result<u64, ChildError> {
        let mut said = Vec::new();
        let read = self.says.read_to_end(&mut said);
        let end = wait(self.pid);
        read.map_err(os)?;
        match (said.split_first(), end.map_err(ChildError::Os)?) {
            (Some((b'=', value)), _) if value.len() == 8 => {
                Ok(value.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
            }
            (_, WaitStatus::Signaled(_, signal, _)) => Err(ChildError::Killed { signal: signal as i32 }),
            (Some((b'!', message)), _) => {
                let message = String::from_utf8_lossy(message).into_owned();
                Err(ChildError::Panicked { message, location: String::new(), backtrace: String::new() })
            }
            (_, WaitStatus::Exited(_, code)) => Err(ChildError::Exited { code }),
            _ => Err(ChildError::Os(Errno::ECHILD)),
        }
    }
}

/// The children that are at work. Whoever is still there when it is dropped is killed.
struct Crew(Vec<Child>);

impl Crew {
    /// Waits until there are signals, or until children have something to say or have ended; says which.
    fn wait(&self, deaf: &Deaf) -> Result<(bool, Vec<usize>), ChildError> {
        let ends = self.0.iter().map(|child| child.says.as_fd());
        let wanted = ends.chain([deaf.signals.as_fd()]);
        let mut wanted: Vec<PollFd<'_>> = wanted.map(|end| PollFd::new(end, PollFlags::POLLIN)).collect();
        match poll(&mut wanted, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(ChildError::Os(error)),
        }
        let ready = |place: &usize| wanted[*place].any() == Some(true);
        Ok((ready(&self.0.len()), (0..self.0.len()).filter(ready).collect()))
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for child in &self.0 {
            let _ = kill(child.pid, Signal::SIGKILL); // a job may have blocked everything else
        }
        for child in &self.0 {
            let _ = wait(child.pid);
        }
    }
}

fn wait(child: Pid) -> Result<WaitStatus, Errno> {
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            end => return end,
        }
    }
}

fn text(payload: &(dyn Any + Send)) -> &str {
    let string = || payload.downcast_ref::<String>().map(String::as_str);
    payload.downcast_ref::<&str>().copied().or_else(string).unwrap_or("panic without a message")
}

fn os(error: io::Error) -> ChildError {
    ChildError::Os(Errno::from_raw(error.raw_os_error().unwrap_or_default()))
}
