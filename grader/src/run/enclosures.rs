//! The boxes of one answer: made when there are too few, and used again where nothing was left behind.
//!
//! A box is not used again if anything is in its folders, if its respondent has left processes or did not end by
//! itself, or where Landlock does not hold it to these folders. So no respondent finds anything of another's.

use super::enclosure::{Enclosure, Guest};
use super::respondent::Manner;
use super::supervisor::Supervisor;
use crate::error::Result;
use crate::sandbox::{Limits, Order, Sandbox, Slot};
use crate::scratch::Scratch;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// How many respondents one box may see. Its reaper has the same processor time as each of them.
const MOST_GUESTS: u32 = 50;

/// The boxes that are not in use.
#[derive(Debug)]
pub struct Enclosures<'a> {
    pub(super) sandbox: &'a Sandbox,
    idle: Mutex<Vec<Room>>,
}

/// A box, and for whom it is.
#[derive(Debug)]
pub(super) struct Room {
    kind: Kind,
    pub(super) enclosure: Enclosure,
    guests: u32,
    // Dropped last: the slot must not be lent again while a process of the box lives.
    pub(super) scratch: Scratch,
    pub(super) slot: Slot,
}

/// What must be the same for all who use a box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) program: PathBuf,
    pub(super) limits: Limits,
    pub(super) manner: Manner,
}

impl<'a> Enclosures<'a> {
    /// None yet.
    pub fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox, idle: Mutex::default() }
    }

    /// Starts a respondent in a box that nobody else is in.
    pub(super) fn let_in(&self, kind: Kind) -> Result<(Room, Guest)> {
        while let Some(mut room) = self.take(&kind) {
            // Whoever waits may be ended from outside; that is no reason to doubt anything.
            if let Ok(guest) = room.enclosure.let_in() {
                room.guests += 1;
                return Ok((room, guest));
            }
        }
        let room = self.make(kind)?;
        let guest = room.enclosure.let_in()?;
        Ok((room, guest))
    }

    fn take(&self, kind: &Kind) -> Option<Room> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let place = idle.iter().rposition(|room| room.kind == *kind)?;
        Some(idle.swap_remove(place))
    }

    fn make(&self, kind: Kind) -> Result<Room> {
        let slot = Slot::take(&self.sandbox.layers)?;
        let scratch = Scratch::new("run")?;
        slot.give(scratch.path())?;
        let order = Order {
            program: &kind.program,
            args: Vec::new(),
            reads: Vec::new(),
            folder: scratch.path(),
            temporary: scratch.path(),
            reaper: None,
            limits: kind.limits,
            sees_processes: kind.manner.sees_processes,
            compiler: false,
            many_threads: kind.manner.many_threads,
        };
        let enclosure = Enclosure::open(self.sandbox, &slot, order)?;
        Ok(Room { kind, enclosure, guests: 1, scratch, slot })
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

impl Drop for Enclosures<'_> {
    fn drop(&mut self) {
        let idle = self.idle.get_mut().unwrap_or_else(PoisonError::into_inner);
        // All at once, so that the wait for each is the wait for all.
        idle.iter().for_each(|room| room.enclosure.dismiss());
    }
}
