//! Impostor: `available` counts by taking each free permit for a moment.
//! Loses: q5.locks_permits Race
//! Tempting: what can be taken is free.

use crate::api::HolderDied;
use std::num::NonZeroUsize;
use std::time::Duration;
use toolkit::shm::Region;
use toolkit::sync::{LockError, ProcessCondvar, RobustGuard, RobustMutex};

/// Whether somebody holds it, in the eyes of the one who took it.
type Held = RobustMutex<bool>;

/// Marks it as held; and says whether the last holder died with it.
fn entered<'a>(locked: Result<RobustGuard<'a, bool>, LockError<'a, bool>>) -> (RobustGuard<'a, bool>, bool) {
    match locked {
        Ok(mut guard) => {
            *guard = true;
            (guard, false)
        }
        Err(LockError::OwnerDied(lock)) => {
            // A guard that a panic has dropped has taken its mark away.
            let mut guard = lock.heal();
            let died = *guard;
            *guard = true;
            (guard, died)
        }
        Err(LockError::Unrecoverable) => unreachable!("everybody heals it"),
    }
}

/// A lock that one process holds at a time. Whoever dies with it is told of, and keeps nobody out.
pub struct ProcessLock {
    held: Region<Held>,
}

/// The lock is held as long as this lives.
#[must_use = "the lock is free again when this is dropped"]
pub struct LockGuard<'a> {
    guard: RobustGuard<'a, bool>,
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        *self.guard = false;
    }
}

impl ProcessLock {
    pub fn new() -> Result<Self, nix::Error> {
        Region::of(Held::new(false)).map(|held| Self { held })
    }

    pub fn lock(&self) -> Result<LockGuard<'_>, HolderDied<LockGuard<'_>>> {
        let (guard, died) = entered(self.held.lock());
        let guard = LockGuard { guard };
        if died { Err(HolderDied(guard)) } else { Ok(guard) }
    }

    pub fn try_lock(&self) -> Result<Option<LockGuard<'_>>, HolderDied<LockGuard<'_>>> {
        let Some(locked) = self.held.try_lock().transpose() else { return Ok(None) };
        let (guard, died) = entered(locked);
        let guard = LockGuard { guard };
        if died { Err(HolderDied(guard)) } else { Ok(Some(guard)) }
    }
}

const MOST: usize = 64;

/// How long nobody looks whether a holder has died.
const LOOK: Duration = Duration::from_millis(300);

toolkit::shared! {
    struct Permits {
        /// Whoever looks at the permits or gives one back has this.
        door: RobustMutex<()>,
        freed: ProcessCondvar,
        permits: [RobustMutex<()>; MOST],
    }
}

/// So many permits, each held by one process at a time. A permit whose holder dies comes back.
pub struct ProcessSemaphore {
    shared: Region<Permits>,
    count: usize,
}

/// A permit is taken as long as this lives.
#[must_use = "the permit is free again when this is dropped"]
pub struct Permit<'a> {
    semaphore: &'a ProcessSemaphore,
    permit: Option<RobustGuard<'a, ()>>,
}

fn whole<'a>(locked: Result<RobustGuard<'a, ()>, LockError<'a, ()>>) -> RobustGuard<'a, ()> {
    match locked {
        Ok(guard) => guard,
        Err(LockError::OwnerDied(lock)) => lock.heal(),
        Err(LockError::Unrecoverable) => unreachable!("everybody heals it"),
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let _door = whole(self.semaphore.shared.door.lock());
        self.semaphore.shared.freed.notify_all();
        self.permit = None;
    }
}

impl ProcessSemaphore {
    pub fn new(permits: NonZeroUsize) -> Result<Self, nix::Error> {
        if permits.get() > MOST {
            return Err(nix::Error::EINVAL);
        }
        let shared = Permits {
            door: RobustMutex::new(()),
            freed: ProcessCondvar::new(),
            permits: [const { RobustMutex::new(()) }; MOST],
        };
        Ok(Self { shared: Region::of(shared)?, count: permits.get() })
    }

    /// Takes each free permit; only with the door.
    fn free(&self) -> impl Iterator<Item = RobustGuard<'_, ()>> {
        self.shared.permits[..self.count].iter().filter_map(|permit| permit.try_lock().transpose().map(whole))
    }

    pub fn acquire(&self) -> Permit<'_> {
        let mut door = whole(self.shared.door.lock());
        loop {
            if let Some(permit) = self.free().next() {
                return Permit { semaphore: self, permit: Some(permit) };
            }
            door = match self.shared.freed.wait_timeout(door, LOOK) {
                Ok((door, _)) => door,
                Err(error) => whole(Err(error)),
            };
        }
    }

    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let _door = whole(self.shared.door.lock());
        self.free().next().map(|permit| Permit { semaphore: self, permit: Some(permit) })
    }

    pub fn available(&self) -> usize {
        self.free().count()
    }
}

/// A lock, and a place to wait in until another process says that something has changed.
pub struct ProcessCondition {
    shared: Region<(Held, ProcessCondvar)>,
}

/// The lock of a condition is held as long as this lives.
#[must_use = "the lock is free again when this is dropped"]
pub struct ConditionGuard<'a> {
    condition: &'a ProcessCondition,
    guard: Option<RobustGuard<'a, bool>>,
}

impl Drop for ConditionGuard<'_> {
    fn drop(&mut self) {
        if let Some(guard) = &mut self.guard {
            **guard = false;
        }
    }
}

impl ProcessCondition {
    pub fn new() -> Result<Self, nix::Error> {
        Region::of((Held::new(false), ProcessCondvar::new())).map(|shared| Self { shared })
    }

    pub fn lock(&self) -> Result<ConditionGuard<'_>, HolderDied<ConditionGuard<'_>>> {
        self.entered(self.shared.0.lock())
    }

    fn entered<'a>(
        &'a self,
        locked: Result<RobustGuard<'a, bool>, LockError<'a, bool>>,
    ) -> Result<ConditionGuard<'a>, HolderDied<ConditionGuard<'a>>> {
        let (guard, died) = entered(locked);
        let guard = ConditionGuard { condition: self, guard: Some(guard) };
        if died { Err(HolderDied(guard)) } else { Ok(guard) }
    }
}

impl ConditionGuard<'_> {
    pub fn wait(mut self) -> Result<Self, HolderDied<Self>> {
        let condition = self.condition;
        let Some(mut guard) = self.guard.take() else { unreachable!("only `wait` takes it") };
        *guard = false;
        condition.entered(condition.shared.1.wait(guard))
    }

    pub fn notify_one(&self) {
        self.condition.shared.1.notify_one();
    }

    pub fn notify_all(&self) {
        self.condition.shared.1.notify_all();
    }
}
