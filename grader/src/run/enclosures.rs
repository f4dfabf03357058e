//! The boxes of one answer, for all of its programs: made when there are too few, and used again where nothing was
//! left behind.
//!
//! A box is not used again if anything is in its folders, if its respondent has left processes or did not end by
//! itself, or where Landlock does not hold it to these folders. So no respondent finds anything of another's.

use super::enclosure::{Enclosure, Guest};
use super::programs::Programs;
use super::supervisor::Supervisor;
use crate::error::Result;
use crate::sandbox::{self, Limits, Order, Sandbox, Slot, Surroundings};
use crate::scratch::Scratch;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// How many respondents one box may see: if the kernel keeps something of each, it shall not pile up.
const MOST_GUESTS: u32 = 200;

/// The boxes that are not in use.
#[derive(Debug)]
pub struct Enclosures<'a> {
    pub(super) sandbox: &'a Sandbox,
    programs: Programs,
    idle: Mutex<Vec<Room>>,
}

/// A box, and for whom it is.
#[derive(Debug)]
pub(super) struct Room {
    /// Whether it is for programs that start threads by the thousand.
    many_threads: bool,
    pub(super) enclosure: Enclosure,
    guests: u32,
    // Dropped last: the slot must not be lent again while a process of the box lives.
    pub(super) scratch: Scratch,
    pub(super) slot: Slot,
}

/// Who is to be let in, and what for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admission<'a> {
    /// The program.
    pub(super) program: &'a Path,
    /// What it may use.
    pub(super) limits: Limits,
    /// Whether it may look at processes.
    pub(super) sees_processes: bool,
    /// Whether it starts threads by the thousand.
    pub(super) many_threads: bool,
}

impl<'a> Enclosures<'a> {
    /// None yet.
    ///
    /// # Errors
    ///
    /// A machine error if there is no room for programs.
    pub fn new(sandbox: &'a Sandbox) -> Result<Self> {
        Ok(Self { sandbox, programs: Programs::new()?, idle: Mutex::default() })
    }

    /// Starts a respondent in a box that nobody else is in.
    pub(super) fn let_in(&self, who: Admission<'_>) -> Result<(Room, Guest)> {
        let program = self.programs.place(who.program)?;
        while let Some(mut room) = self.take(who.many_threads) {
            // Whoever waits may be ended from outside; that is no reason to doubt anything.
            if let Ok(guest) = room.let_in(self.sandbox, &program, who) {
                room.guests += 1;
                return Ok((room, guest));
            }
        }
        let room = self.make(who.many_threads)?;
        let guest = room.let_in(self.sandbox, &program, who)?;
        Ok((room, guest))
    }

    fn take(&self, many_threads: bool) -> Option<Room> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let place = idle.iter().rposition(|room| room.many_threads == many_threads)?;
        Some(idle.swap_remove(place))
    }

    /// Makes so many boxes more, for programs that start few threads, before anybody needs them: while a compiler works, say. If one
    /// cannot be made, no more are tried; whoever needs one then tries again, and reports why there is none.
    pub fn make_ready(&self, count: usize) {
        for _ in 0..count {
            let Ok(mut room) = self.make(false) else { return };
            room.guests = 0;
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(room);
        }
    }

    fn make(&self, many_threads: bool) -> Result<Room> {
        let slot = Slot::take(&self.sandbox.layers)?;
        let scratch = Scratch::new("run")?;
        slot.give(scratch.path())?;
        let around = Surroundings {
            shows: vec![self.programs.folder()],
            folder: scratch.path(),
            temporary: scratch.path(),
            disk_bytes: Limits::DISK_BYTES,
            compiler: false,
            many_threads,
        };
        let enclosure = Enclosure::open(self.sandbox, &slot, &around)?;
        Ok(Room { many_threads, enclosure, guests: 1, scratch, slot })
    }

    /// Takes a box back whose respondent has ended by itself and left no process. `supervisor` looks at
    /// what it has written.
    pub(super) fn give_back(&self, room: Room, supervisor: &Supervisor) {
        if room.guests < MOST_GUESTS
            && self.sandbox.layers.landlock
            && room.enclosure.clear()
            && supervisor.nothing_is_written()
        {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(room);
        }
    }
}

impl Room {
    fn let_in(&self, sandbox: &Sandbox, program: &Path, who: Admission<'_>) -> Result<Guest> {
        let order = Order {
            program,
            args: Vec::new(),
            reads: Vec::new(),
            folder: self.scratch.path(),
            temporary: self.scratch.path(),
            limits: who.limits,
            sees_processes: who.sees_processes,
            compiler: false,
        };
        self.enclosure.let_in(sandbox::way_in(sandbox, &self.slot, &order))
    }
}

impl Drop for Enclosures<'_> {
    fn drop(&mut self) {
        let idle = self.idle.get_mut().unwrap_or_else(PoisonError::into_inner);
        // All at once, so that the wait for each is the wait for all.
        idle.iter().for_each(|room| room.enclosure.dismiss());
    }
}
