//! Variant: permits are record locks (fcntl) on the bytes of a nameless file, which the kernel takes from the dead; who waits sleeps on a condvar and looks now and then.

use crate::api::HolderDied;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::unistd::getpid;
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
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

/// So many permits, each held by one process at a time. A permit whose holder dies comes back.
pub struct ProcessSemaphore {
    /// Byte n is locked by whoever has permit n.
    file: OwnedFd,
    shared: Region<(RobustMutex<()>, ProcessCondvar)>,
    count: usize,
    /// Whose the numbers are, and which permits that process has: to its own locks the kernel does not object.
    mine: Mutex<(i32, Vec<usize>)>,
}

/// A permit is taken as long as this lives.
#[must_use = "the permit is free again when this is dropped"]
pub struct Permit<'a> {
    semaphore: &'a ProcessSemaphore,
    number: usize,
}

fn whole<'a>(locked: Result<RobustGuard<'a, ()>, LockError<'a, ()>>) -> RobustGuard<'a, ()> {
    match locked {
        Ok(guard) => guard,
        Err(LockError::OwnerDied(lock)) => lock.heal(),
        Err(LockError::Unrecoverable) => unreachable!("everybody heals it"),
    }
}

/// A lock of one byte, or its end.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "small numbers")]
fn byte(kind: i32, number: usize) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: number as libc::off_t,
        l_len: 1,
        l_pid: 0,
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let semaphore = self.semaphore;
        let _door = whole(semaphore.shared.0.lock());
        semaphore.shared.1.notify_all();
        let mut mine = semaphore.mine();
        mine.1.retain(|number| *number != self.number);
        while fcntl(&semaphore.file, FcntlArg::F_SETLK(&byte(libc::F_UNLCK, self.number))) == Err(Errno::EINTR) {}
    }
}

impl ProcessSemaphore {
    pub fn new(permits: NonZeroUsize) -> Result<Self, nix::Error> {
        if permits.get() > MOST {
            return Err(Errno::EINVAL);
        }
        let shared = Region::of((RobustMutex::new(()), ProcessCondvar::new()))?;
        let file = memfd_create("permits", MFdFlags::MFD_CLOEXEC)?;
        Ok(Self { file, shared, count: permits.get(), mine: Mutex::new((getpid().as_raw(), Vec::new())) })
    }

    fn mine(&self) -> MutexGuard<'_, (i32, Vec<usize>)> {
        let mut mine = self.mine.lock().unwrap_or_else(PoisonError::into_inner);
        if mine.0 != getpid().as_raw() {
            *mine = (getpid().as_raw(), Vec::new()); // locks are not inherited
        }
        mine
    }

    /// Takes a free permit; only with the door.
    fn take(&self) -> Option<Permit<'_>> {
        let mut mine = self.mine();
        let number = (0..self.count).find(|number| {
            !mine.1.contains(number)
                && loop {
                    match fcntl(&self.file, FcntlArg::F_SETLK(&byte(libc::F_WRLCK, *number))) {
                        Err(Errno::EINTR) => {}
                        result => break result.is_ok(),
                    }
                }
        })?;
        mine.1.push(number);
        Some(Permit { semaphore: self, number })
    }

    pub fn acquire(&self) -> Permit<'_> {
        let mut door = whole(self.shared.0.lock());
        loop {
            if let Some(permit) = self.take() {
                return permit;
            }
            door = match self.shared.1.wait_timeout(door, LOOK) {
                Ok((door, _)) => door,
                Err(error) => whole(Err(error)),
            };
        }
    }

    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let _door = whole(self.shared.0.lock());
        self.take()
    }

    pub fn available(&self) -> usize {
        let _door = whole(self.shared.0.lock());
        let mine = self.mine();
        let free = |number: &usize| {
            let mut lock = byte(libc::F_WRLCK, *number);
            let asked = fcntl(&self.file, FcntlArg::F_GETLK(&mut lock));
            !mine.1.contains(number) && asked.is_ok() && i32::from(lock.l_type) == libc::F_UNLCK
        };
        (0..self.count).filter(free).count()
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
