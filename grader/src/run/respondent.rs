//! A respondent behind its reaper: how it is started, where it is found, how it ends.
//!
//! Knows processes and notices, not what is said to the driver.

use super::ending::{Ending, Talk};
use super::link;
use super::printed::Printed;
use super::supervisor::Supervisor;
use crate::error::{GraderError, Result};
use crate::sandbox::proc::{self, Member};
use crate::sandbox::{self, Limits, Order, Running, Sandbox, Slot};
use crate::scratch::Scratch;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{self, MsgFlags};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};
use wire::{KILL, Notice};

/// How long a machine may take to start a process.
const PATIENCE: Duration = Duration::from_secs(60);

/// What kind of program it is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Manner {
    /// It starts threads by the thousand.
    pub(super) many_threads: bool,
    /// It may look at processes.
    pub(super) sees_processes: bool,
}

/// How a respondent has ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    /// Its true wait status.
    pub(super) status: ExitStatus,
    /// How many processes it left that others had to wait for, or that still ran.
    pub(super) strays: u64,
}

#[derive(Debug)]
pub(super) struct Respondent {
    /// The outermost process of the run.
    pub(super) running: Running,
    /// The judge's talk with the reaper.
    pub(super) reaper: OwnedFd,
    /// The reaper's number.
    pub(super) reaper_pid: u32,
    /// The respondent's own number.
    pub(super) pid: u32,
    /// How it has ended, if it has.
    pub(super) ended: Option<Ended>,
    /// Looks at what it takes.
    supervisor: Supervisor,
    // Dropped last: the slot must not be lent again while a process of the run lives.
    _scratch: Scratch,
    _slot: Slot,
}

impl Respondent {
    /// Starts a program behind a reaper. Returns also the socket that the program finds at its number,
    /// and what it has printed.
    ///
    /// # Errors
    ///
    /// A machine error if it does not start.
    pub(super) fn start(
        sandbox: &Sandbox,
        program: &Path,
        limits: Limits,
        manner: Manner,
    ) -> Result<(Self, OwnedFd, Printed)> {
        let (reaper, for_reaper) = link::pair()?;
        let (first, for_first) = link::pair()?;
        let slot = Slot::take(&sandbox.layers)?;
        let scratch = Scratch::new("run")?;
        slot.give(scratch.path())?;
        let order = Order {
            program,
            args: Vec::new(),
            reads: Vec::new(),
            folder: scratch.path(),
            temporary: scratch.path(),
            driver: Some(link::high(&for_first)?),
            reaper: Some(for_reaper),
            limits,
            sees_processes: manner.sees_processes,
            compiler: false,
            many_threads: manner.many_threads,
        };
        let mut running = sandbox::start(sandbox, &slot, order)?;
        drop(for_first);
        let mut printed = Printed::nothing(&running)?;
        let (reaper_pid, pid) = match await_start(&reaper, running.pid, sandbox.layers.namespaces) {
            Ok(pids) => pids,
            Err(error) => {
                let _ = printed.drain(&mut running, &limits);
                let words = printed.last_words().map_or(String::new(), |words| format!(": {words}"));
                return Err(GraderError::machine(format!("{error}{words}")));
            }
        };
        let supervisor = Supervisor::new(reaper_pid, scratch.path(), sandbox.layers.namespaces, slot.user());
        let (ended, _scratch, _slot) = (None, scratch, slot);
        let this = Self { running, reaper, reaper_pid, pid, ended, supervisor, _scratch, _slot };
        Ok((this, first, printed))
    }

    /// Takes in one notice of the reaper's, if there is one.
    pub(super) fn take_notice(&mut self) -> bool {
        let Some(parcel) = link::receive(&self.reaper, Notice::MAX_BYTES) else { return false };
        if let Ok(Notice::Ended { status, strays, left }) = Notice::from_bytes(&parcel.bytes) {
            let status = ExitStatus::from_raw(u32::try_from(status).unwrap_or_default().cast_signed());
            self.ended = Some(Ended { status, strays: strays + left });
        }
        true
    }

    /// How many pieces of named shared memory there are that belong to this run.
    pub(super) fn shared_memory(&self) -> usize {
        if self.supervisor.has_own_folders() {
            return proc::shared_memory_inside(self.reaper_pid);
        }
        self.running.shared_memory().len()
    }

    /// Looks at what these processes of the run take of the machine; an error if it is too much.
    pub(super) fn supervise(&mut self, limits: &Limits, all: &[Member]) -> Talk<()> {
        self.supervisor.look(limits, all).map_or(Ok(()), Err)
    }

    /// Whether the next look at what it takes should be at all of its processes, also those that it should
    /// not have.
    pub(super) fn wants_all(&self) -> bool {
        self.supervisor.is_thorough()
    }

    /// Why a program has left that should have stayed: a disk that is full explains much. `was_heard` says
    /// whether the driver had said anything by then: before it does, no line of the answer has run.
    pub(super) fn left_early(
        &self,
        status: ExitStatus,
        limits: &Limits,
        printed: &Printed,
        was_heard: bool,
    ) -> Ending {
        if !was_heard && let Some(why) = printed.box_failed() {
            return Ending::Confused(why);
        }
        let ending = printed.left_early(status, limits);
        match ending {
            Ending::LeftEarly { .. } => self.supervisor.look_at_files(limits).unwrap_or(ending),
            told => told,
        }
    }

    /// Ends everything.
    pub(super) fn finish(&mut self) {
        let _ = socket::send(self.reaper.as_raw_fd(), KILL, MsgFlags::MSG_NOSIGNAL);
        let deadline = Instant::now() + Duration::from_secs(5);
        // The reaper goes when everything below it has gone; if it does not, it goes with the rest.
        while self.running.ended().is_none() && Instant::now() < deadline {
            let mut ready = [PollFd::new(self.reaper.as_fd(), PollFlags::POLLIN)];
            let _ = poll(&mut ready, PollTimeout::from(2_u8));
            let is_closed = ready[0].revents().is_some_and(|events| events.contains(PollFlags::POLLHUP));
            while self.take_notice() {}
            if is_closed {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
        self.running.finish();
    }
}

/// Waits until the reaper has started the respondent; the numbers of both outside all namespaces.
fn await_start(reaper: &OwnedFd, outermost: u32, inside: bool) -> Result<(u32, u32)> {
    let mut ready = [PollFd::new(reaper.as_fd(), PollFlags::POLLIN)];
    let timeout = PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::NONE);
    let _ = poll(&mut ready, timeout);
    let notice = link::receive(reaper, Notice::MAX_BYTES).and_then(|p| Notice::from_bytes(&p.bytes).ok());
    let only_child = |pid: u32| match proc::children(pid).as_slice() {
        [child] => Ok(*child),
        _ => Err(GraderError::machine("the respondent vanished at its start")),
    };
    match notice {
        // The numbers in the notice are those of its own namespace; ours are what the kernel lists.
        Some(Notice::Started { .. }) => {
            let reaper = if inside { only_child(outermost)? } else { outermost };
            Ok((reaper, only_child(reaper)?))
        }
        Some(Notice::NotStarted { why }) => {
            Err(GraderError::machine(format!("the respondent does not start: {why}")))
        }
        _ => Err(GraderError::machine("the reaper does not start")),
    }
}
