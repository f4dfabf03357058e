//! A lock, a semaphore and a condition for processes, whose holders may be killed at any moment.
//!
//! Why this works: all of it lies in a region that every child shares, and every state that a dead process could keep is a robust
//! lock, which the kernel takes from the dead. That goes for permits, too: a number of free ones would not know of a death, so
//! each permit is a lock of its own. Who has them is read and changed under one lock, `turn`, and a release that is
//! announced under it cannot slip in between a waiter's look and its sleep.

use crate::api::HolderDied;
use std::num::NonZeroUsize;
use std::time::Duration;
use toolkit::shm::Region;
use toolkit::sync::{LockError, ProcessCondvar, RobustGuard, RobustMutex};

type Held<'a> = RobustGuard<'a, ()>;

/// What a robust lock says, told as we tell it.
fn told<'a>(locked: Result<Held<'a>, LockError<'a, ()>>) -> Result<Held<'a>, HolderDied<Held<'a>>> {
    match locked {
        Ok(held) => Ok(held),
        // Healed at once: what is to be repaired lies with the caller. If it dies, too, the kernel marks the lock again.
        Err(LockError::OwnerDied(held)) => Err(HolderDied(held.heal())),
        Err(LockError::Unrecoverable) => unreachable!("every lock is healed"),
    }
}

/// The lock, whoever had it before.
fn own<'a>(locked: Result<Held<'a>, LockError<'a, ()>>) -> Held<'a> {
    told(locked).unwrap_or_else(|HolderDied(held)| held)
}

/// A lock that one process holds at a time.
pub struct ProcessLock {
    lock: Region<RobustMutex<()>>,
}

/// The lock is held as long as this lives.
#[must_use = "the lock is free again when this is dropped"]
pub struct LockGuard<'a> {
    _held: Held<'a>,
}

impl ProcessLock {
    /// A free lock.
    ///
    /// # Errors
    ///
    /// What the system says if it has no memory to share.
    pub fn new() -> Result<Self, nix::Error> {
        Ok(Self { lock: Region::of(RobustMutex::new(()))? })
    }

    /// Waits until no other process holds the lock, and takes it.
    ///
    /// # Errors
    ///
    /// [`HolderDied`], with the lock, if the last holder died with it.
    pub fn lock(&self) -> Result<LockGuard<'_>, HolderDied<LockGuard<'_>>> {
        match told(self.lock.lock()) {
            Ok(held) => Ok(LockGuard { _held: held }),
            Err(HolderDied(held)) => Err(HolderDied(LockGuard { _held: held })),
        }
    }

    /// Takes the lock if it is free.
    ///
    /// # Errors
    ///
    /// As for [`lock`](ProcessLock::lock).
    pub fn try_lock(&self) -> Result<Option<LockGuard<'_>>, HolderDied<LockGuard<'_>>> {
        match self.lock.try_lock().transpose().map(told) {
            None => Ok(None),
            Some(Ok(held)) => Ok(Some(LockGuard { _held: held })),
            Some(Err(HolderDied(held))) => Err(HolderDied(LockGuard { _held: held })),
        }
    }
}

toolkit::shared! {
    struct Desk {
        /// Whoever holds it may look at the permits and change them.
        turn: RobustMutex<()>,
        freed: ProcessCondvar,
    }
}

/// So many permits, each held by one process at a time.
pub struct ProcessSemaphore {
    desk: Region<Desk>,
    permits: Region<[RobustMutex<()>]>,
}

/// A permit is taken as long as this lives.
#[must_use = "the permit is free again when this is dropped"]
pub struct Permit<'a> {
    semaphore: &'a ProcessSemaphore,
    held: Option<Held<'a>>,
}

/// How long a waiter sleeps at most: of a release it is told, of a death it is not.
const LOOK_AGAIN: Duration = Duration::from_millis(150);

impl ProcessSemaphore {
    /// A semaphore with so many free permits.
    ///
    /// # Errors
    ///
    /// What the system says if it has no memory to share.
    pub fn new(permits: NonZeroUsize) -> Result<Self, nix::Error> {
        let desk = Region::of(Desk { turn: RobustMutex::new(()), freed: ProcessCondvar::new() })?;
        Ok(Self { desk, permits: Region::new(permits.get())? })
    }

    /// Waits for a free permit and takes it.
    pub fn acquire(&self) -> Permit<'_> {
        let mut turn = own(self.desk.turn.lock());
        loop {
            if let Some(held) = self.free().next() {
                return Permit { semaphore: self, held: Some(held) };
            }
            turn = match self.desk.freed.wait_timeout(turn, LOOK_AGAIN) {
                Ok((turn, _)) => turn,
                Err(died) => own(Err(died)),
            };
        }
    }

    /// Takes a permit if one is free.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let _turn = own(self.desk.turn.lock());
        self.free().next().map(|held| Permit { semaphore: self, held: Some(held) })
    }

    /// How many permits are free at this moment.
    pub fn available(&self) -> usize {
        let _turn = own(self.desk.turn.lock());
        self.free().count()
    }

    /// Takes free permits as they are asked for, those of the dead among them. Only who has the turn may ask.
    fn free(&self) -> impl Iterator<Item = Held<'_>> {
        self.permits.iter().filter_map(|permit| permit.try_lock().transpose().map(own))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        // Without the turn a waiter could look before this and fall asleep after it.
        let _turn = own(self.semaphore.desk.turn.lock());
        self.semaphore.desk.freed.notify_one();
        self.held = None;
    }
}

toolkit::shared! {
    struct Room {
        lock: RobustMutex<()>,
        changed: ProcessCondvar,
    }
}

/// A lock, and a place to wait in until another process says that something has changed.
pub struct ProcessCondition {
    room: Region<Room>,
}

/// The lock of a condition is held as long as this lives.
#[must_use = "the lock is free again when this is dropped"]
pub struct ConditionGuard<'a> {
    room: &'a Room,
    held: Held<'a>,
}

impl ProcessCondition {
    /// A condition whose lock is free and for which nobody waits.
    ///
    /// # Errors
    ///
    /// What the system says if it has no memory to share.
    pub fn new() -> Result<Self, nix::Error> {
        Ok(Self { room: Region::of(Room { lock: RobustMutex::new(()), changed: ProcessCondvar::new() })? })
    }

    /// Takes the lock of the condition.
    ///
    /// # Errors
    ///
    /// [`HolderDied`], with the lock, if the last holder died with it.
    pub fn lock(&self) -> Result<ConditionGuard<'_>, HolderDied<ConditionGuard<'_>>> {
        ConditionGuard::of(&self.room, self.room.lock.lock())
    }
}

impl<'a> ConditionGuard<'a> {
    fn of(room: &'a Room, locked: Result<Held<'a>, LockError<'a, ()>>) -> Result<Self, HolderDied<Self>> {
        match told(locked) {
            Ok(held) => Ok(Self { room, held }),
            Err(HolderDied(held)) => Err(HolderDied(Self { room, held })),
        }
    }

    /// Gives the lock back, waits until somebody notifies, and takes the lock again.
    ///
    /// # Errors
    ///
    /// [`HolderDied`], with the lock, if the last holder died with it.
    pub fn wait(self) -> Result<Self, HolderDied<Self>> {
        Self::of(self.room, self.room.changed.wait(self.held))
    }

    /// Lets at least one of those go on who wait at this moment.
    pub fn notify_one(&self) {
        self.room.changed.notify_one();
    }

    /// Lets all go on who wait at this moment.
    pub fn notify_all(&self) {
        self.room.changed.notify_all();
    }
}
