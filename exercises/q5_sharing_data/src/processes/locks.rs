//! A lock, a semaphore and a condition for processes, whose holders may be killed at any moment.
//!
//! Each is made before the processes are forked that use it, and then serves all of them. One that holds nothing may fork with
//! [`toolkit::fork`] between two calls; its child uses the same tools, and keeps nothing that its parent takes later. Use
//! [`toolkit::shm::Region`] and [`toolkit::sync`]. What a process wrote to shared memory before it let go is visible to whoever
//! goes on because of that.
//!
//! Whoever waits here uses no processor. Only a wait for a *permit* may look again from time to time, since nobody tells of a
//! death: ten times a second at most and once a second at least. Whatever becomes of these tools and of the processes that use
//! them, nothing is left when all are gone: no process, no descriptor, no thread, no shared memory with a name.

use crate::api::HolderDied;
use std::num::NonZeroUsize;

/// A lock that one process holds at a time. Whoever dies with it is told of, and keeps nobody out.
pub struct ProcessLock {
    // TODO 1/6: where must the lock lie, so that a child and its parent mean the same one?
}

/// The lock is held as long as this lives.
#[must_use = "the lock is free again when this is dropped"]
pub struct LockGuard<'a> {
    // TODO 2/6: what gives the lock back?
    _lock: &'a ProcessLock,
}

impl ProcessLock {
    /// A free lock.
    ///
    /// # Errors
    ///
    /// What the system says if it has no memory to share.
    pub fn new() -> Result<Self, nix::Error> {
        todo!("put a lock where children will find it")
    }

    /// Waits until no other process holds the lock, and takes it: at no time do two hold it, and as soon as it is free one of those
    /// who wait has it.
    ///
    /// # Errors
    ///
    /// [`HolderDied`] if the last holder was killed or left while it held the lock; you may say the same of one that let go of it by a
    /// panic. The lock is the caller's then as well; it may repair what lies half changed. Exactly one is told of a death: the next who
    /// gets the lock. If that one dies with it, too, the next is told again. Who dies without holding the lock changes nothing.
    pub fn lock(&self) -> Result<LockGuard<'_>, HolderDied<LockGuard<'_>>> {
        todo!("wait for the lock")
    }

    /// Takes the lock if it is free, without waiting; `None` if some process holds it, this one included.
    ///
    /// # Errors
    ///
    /// As for [`lock`](ProcessLock::lock).
    pub fn try_lock(&self) -> Result<Option<LockGuard<'_>>, HolderDied<LockGuard<'_>>> {
        todo!("take the lock if it is free")
    }
}

/// So many permits, each held by one process at a time. A permit whose holder dies comes back.
pub struct ProcessSemaphore {
    // TODO 3/6: a number says how many permits are out. What says who has them, when he is dead?
}

/// A permit is taken as long as this lives.
#[must_use = "the permit is free again when this is dropped"]
pub struct Permit<'a> {
    _semaphore: &'a ProcessSemaphore,
}

impl ProcessSemaphore {
    /// A semaphore with so many free permits, 64 at most.
    ///
    /// # Errors
    ///
    /// What the system says if it has no memory to share.
    pub fn new(permits: NonZeroUsize) -> Result<Self, nix::Error> {
        todo!("make {permits} permits")
    }

    /// Waits for a free permit and takes it: there are never more out than there are, and as soon as one is free one of those who
    /// wait has it. A process may hold several.
    ///
    /// A permit whose holder was killed or left with it is free again, once: at once for whoever comes later, and for those who
    /// wait already within a second.
    pub fn acquire(&self) -> Permit<'_> {
        todo!("wait for a permit")
    }

    /// Takes a permit if one is free, without waiting for one; `None` if none is.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        todo!("take a permit if one is free")
    }

    /// How many permits are free at this moment.
    pub fn available(&self) -> usize {
        todo!("count the free permits")
    }
}

/// A lock, and a place to wait in until another process says that something has changed.
pub struct ProcessCondition {
    // TODO 5/6: a lock, and what else?
}

/// The lock of a condition is held as long as this lives.
#[must_use = "the lock is free again when this is dropped"]
pub struct ConditionGuard<'a> {
    _condition: &'a ProcessCondition,
}

impl ProcessCondition {
    /// A condition whose lock is free and for which nobody waits.
    ///
    /// # Errors
    ///
    /// What the system says if it has no memory to share.
    pub fn new() -> Result<Self, nix::Error> {
        todo!("put a condition where children will find it")
    }

    /// Takes the lock of the condition, as [`ProcessLock::lock`] does.
    ///
    /// # Errors
    ///
    /// As for [`ProcessLock::lock`].
    pub fn lock(&self) -> Result<ConditionGuard<'_>, HolderDied<ConditionGuard<'_>>> {
        todo!("wait for the lock")
    }
}

impl ConditionGuard<'_> {
    /// Gives the lock back, waits until somebody notifies, and takes the lock again. Nothing that is notified after the lock was
    /// given back is missed. May come back although nobody has notified, so wait in a loop.
    ///
    /// # Errors
    ///
    /// [`HolderDied`] if the lock came from a holder that died with it; the lock is the caller's then as well.
    pub fn wait(self) -> Result<Self, HolderDied<Self>> {
        todo!("give the lock back, wait, take it again")
    }

    /// Lets at least one of those go on who wait at this moment, if anybody does. Who was killed while it waited counts no more.
    pub fn notify_one(&self) {
        todo!("let one go on")
    }

    /// Lets all go on who wait at this moment.
    pub fn notify_all(&self) {
        todo!("let all go on")
    }
}
