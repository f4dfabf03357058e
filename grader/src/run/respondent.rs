//! A respondent behind its reaper: how it is started, where it is found, how it ends.
//!
//! Knows processes and notices, not what is said to the driver.

use super::enclosure::Guest;
use super::enclosures::{Admission, Enclosures, Room};
use super::ending::{Ending, Talk};
use super::link;
use super::printed::Printed;
use super::supervisor::Supervisor;
use crate::error::{GraderError, Result};
use crate::sandbox::Limits;
use procs::Member;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use wire::Notice;

/// How a respondent has ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    /// Its true wait status.
    pub(super) status: ExitStatus,
    /// How many processes it left that others had to wait for, or that still ran.
    pub(super) strays: u64,
}

#[derive(Debug)]
pub(super) struct Respondent<'a> {
    enclosures: &'a Enclosures<'a>,
    /// The box that it is in, until it is finished.
    room: Option<Room>,
    /// The judge's talk with the reaper.
    pub(super) reaper: Arc<OwnedFd>,
    /// The reaper's number.
    pub(super) reaper_pid: u32,
    /// The respondent's own number.
    pub(super) pid: u32,
    /// How it has ended, if it has.
    pub(super) ended: Option<Ended>,
    /// Looks at what it takes.
    supervisor: Supervisor,
}

impl<'a> Respondent<'a> {
    /// Starts a program behind a reaper. Returns also the socket that the program finds at its number,
    /// and what it has printed.
    ///
    /// # Errors
    ///
    /// A machine error if it does not start.
    pub(super) fn start(
        enclosures: &'a Enclosures<'a>,
        who: Admission<'_>,
    ) -> Result<(Self, OwnedFd, Printed)> {
        let (room, Guest { pid, driver, stdout, stderr }) = enclosures.let_in(who)?;
        let pid = pid.ok_or_else(|| GraderError::machine("the respondent vanished at its start"))?;
        let (reaper, reaper_pid) = (Arc::clone(&room.enclosure.reaper), room.enclosure.reaper_pid);
        let inside = enclosures.sandbox.layers.namespaces;
        let supervisor = Supervisor::new(reaper_pid, room.scratch.path(), inside, room.slot.user());
        let this = Self { enclosures, room: Some(room), reaper, reaper_pid, pid, ended: None, supervisor };
        Ok((this, driver, Printed::nothing(stdout, stderr)))
    }

    /// Takes in one notice of the reaper's, if there is one.
    pub(super) fn take_notice(&mut self) -> bool {
        if self.room.is_none() {
            return false; // it is another's reaper now
        }
        let Some(parcel) = link::receive(&self.reaper, Notice::MAX_BYTES) else { return false };
        if let Ok(Notice::Ended { status, strays, left }) = Notice::from_bytes(&parcel.bytes) {
            let status = ExitStatus::from_raw(u32::try_from(status).unwrap_or_default().cast_signed());
            self.ended = Some(Ended { status, strays: strays + left });
        }
        true
    }

    /// How many pieces of named shared memory there are that belong to this run.
    pub(super) fn shared_memory(&self) -> usize {
        self.supervisor.shared_memory()
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

    /// Ends everything. The box may then be another's.
    pub(super) fn finish(&mut self) {
        let Some(room) = self.room.take() else { return };
        if matches!(self.ended, Some(Ended { strays: 0, .. })) {
            self.enclosures.give_back(room, &self.supervisor);
        }
    }
}
