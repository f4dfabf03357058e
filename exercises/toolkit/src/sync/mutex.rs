//! A lock between processes that says when its owner has died. It knows nothing of waiting for more
//! than the lock itself.

use super::raw::{Locked, RawMutex, timespec};
use crate::held;
use crate::shm::{Plain, Settle, SharedSafe};
use nix::time::{ClockId, clock_gettime};
use std::cell::UnsafeCell;
use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// The value is as its last owner wanted it.
const WHOLE: u32 = 0;
/// The last owner died, or panicked, with the lock: the value may be half changed.
const DOUBTFUL: u32 = 1;
/// Somebody has seen the doubt and given up.
const RUINED: u32 = 2;

/// A value that one thread of all processes uses at a time.
///
/// It must live in shared memory ([`Region`](crate::shm::Region)), and every process that uses it gets
/// it by `fork`. It is not fair: whoever asks first need not be first.
///
/// If its owner is killed, ends, or panics, the lock is free again and the next owner is told by
/// [`LockError::OwnerDied`], once; it repairs the value and says [`heal`](OwnerDied::heal).
/// Whoever lets go without that makes the lock useless for all: [`LockError::Unrecoverable`]. This is
/// what Python's `multiprocessing.Lock` lacks, where everybody waits for ever.
///
/// A process that holds a lock cannot fork ([`ForkError::LockHeld`](crate::ForkError::LockHeld)): its
/// child would believe that it held it too. [Forgetting](std::mem::forget) a guard counts as holding, and a
/// thread other than the main one that ends after it has forgotten a guard takes its process with it.
#[repr(C)]
pub struct RobustMutex<T> {
    raw: RawMutex,
    /// [`WHOLE`], [`DOUBTFUL`] or [`RUINED`]. Only the owner looks and writes.
    state: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: only the owner gets at the value, and it is one thread at a time.
unsafe impl<T: Plain> Sync for RobustMutex<T> {}

// SAFETY: the value is reached under a lock that keeps other processes out too; a `Plain` value has
// no pointers, and zeros are one, as they are for the rest. A mixture of bytes, as an owner that was
// killed may leave, is one too. `settle` is passed on to the only part that needs it.
unsafe impl<T: Plain> SharedSafe for RobustMutex<T> {
    const SETTLES: bool = true;

    fn settle(&self, by: &Settle) -> Result<(), nix::Error> {
        self.raw.settle(by)
    }
}

impl<T: Plain> RobustMutex<T> {
    /// A free lock around `value`, to be put into a [`Region`](crate::shm::Region) before it is used.
    pub const fn new(value: T) -> Self {
        RobustMutex { raw: RawMutex::new(), state: AtomicU32::new(WHOLE), value: UnsafeCell::new(value) }
    }

    /// Waits until nobody else holds the lock, and takes it.
    ///
    /// # Errors
    ///
    /// [`LockError`]: the last owner died with it, or somebody gave up on it.
    ///
    /// # Panics
    ///
    /// If the calling thread holds it already, or it is not in shared memory.
    pub fn lock(&self) -> Result<RobustGuard<'_, T>, LockError<'_, T>> {
        match self.entered(self.raw.lock()) {
            Some(result) => result,
            None => unreachable!("a lock without a limit is not busy"),
        }
    }

    /// Takes the lock if it is free; `None` if somebody has it, this thread or another. Never blocks.
    ///
    /// # Errors
    ///
    /// As for [`lock`](RobustMutex::lock).
    ///
    /// # Panics
    ///
    /// If it is not in shared memory.
    pub fn try_lock(&self) -> Result<Option<RobustGuard<'_, T>>, LockError<'_, T>> {
        match self.raw.try_lock() {
            Locked::Mine => Ok(None),
            locked => self.entered(locked).transpose(),
        }
    }

    /// Waits for the lock, but no longer than `limit`; `None` if it was not free in time. The clock is
    /// one that nobody can set.
    ///
    /// # Errors
    ///
    /// As for [`lock`](RobustMutex::lock).
    ///
    /// # Panics
    ///
    /// As for [`lock`](RobustMutex::lock).
    pub fn lock_timeout(&self, limit: Duration) -> Result<Option<RobustGuard<'_, T>>, LockError<'_, T>> {
        let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from);
        let locked = match now.checked_add(limit) {
            Some(until) => self.raw.lock_until(timespec(until)),
            None => self.raw.lock(), // as good as for ever
        };
        self.entered(locked).transpose()
    }

    /// What the attempt to lock means; `None` if somebody else has it.
    fn entered(&self, locked: Locked) -> Option<Result<RobustGuard<'_, T>, LockError<'_, T>>> {
        match locked {
            Locked::Clean => {}
            Locked::OwnerDied => {
                // In this order: if we die in between, the next one is told again.
                if self.state.load(Ordering::Relaxed) == WHOLE {
                    self.state.store(DOUBTFUL, Ordering::Relaxed);
                }
                self.raw.carry_on();
            }
            Locked::Busy => return None,
            Locked::Mine => panic!("this thread holds the lock already"),
        }
        held::take(self.address());
        let guard = RobustGuard { mutex: self, panicking: thread::panicking(), of_this_thread: PhantomData };
        Some(match self.state.load(Ordering::Relaxed) {
            WHOLE => Ok(guard),
            DOUBTFUL => Err(LockError::OwnerDied(OwnerDied { guard: ManuallyDrop::new(guard) })),
            _ => Err(LockError::Unrecoverable), // and the guard gives the lock back
        })
    }

    /// A number for this lock in this process.
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl<T> fmt::Debug for RobustMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RobustMutex").finish_non_exhaustive()
    }
}

/// The lock is held as long as this lives. If it is dropped by a panic, the next owner is told, since
/// the value may be half changed, as if this process had died.
#[must_use = "the lock is free again when this is dropped"]
pub struct RobustGuard<'a, T: Plain> {
    mutex: &'a RobustMutex<T>,
    /// Whether a panic was on its way before.
    panicking: bool,
    /// The C library wants the lock back from the thread that took it.
    of_this_thread: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives out nothing but `&T`.
unsafe impl<T: Plain> Sync for RobustGuard<'_, T> {}

impl<'a, T: Plain> RobustGuard<'a, T> {
    /// The lock that it holds.
    pub(super) fn mutex(&self) -> &'a RobustMutex<T> {
        self.mutex
    }
}

impl<T: Plain> Deref for RobustGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the lock is ours until `self` is dropped, which the result does not outlive, so
        // nobody else in any process has a reference. No child inherits the guard: `fork` refuses.
        // Nor does the lock pass on with the end of a thread whose guard was forgotten: see `held`.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: Plain> DerefMut for RobustGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; and `self` is borrowed mutably.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: Plain> Drop for RobustGuard<'_, T> {
    fn drop(&mut self) {
        let state = &self.mutex.state;
        if !self.panicking && thread::panicking() && state.load(Ordering::Relaxed) == WHOLE {
            state.store(DOUBTFUL, Ordering::Relaxed);
        }
        held::give_back(self.mutex.address());
        // SAFETY: this thread took the lock, as a guard stays with its thread, and all references into
        // the value have borrowed `self`.
        unsafe { self.mutex.raw.unlock() };
    }
}

impl<T: Plain + fmt::Debug> fmt::Debug for RobustGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Why the value cannot be used as it is.
pub enum LockError<'a, T: Plain> {
    /// The last owner was killed, ended, or panicked with the lock. It is yours now; the value is as
    /// that owner left it.
    OwnerDied(OwnerDied<'a, T>),
    /// An owner died, and the one who was told did not heal the lock. It cannot be used any more.
    Unrecoverable,
}

impl<T: Plain> fmt::Debug for LockError<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LockError::OwnerDied(_) => "OwnerDied",
            LockError::Unrecoverable => "Unrecoverable",
        })
    }
}

impl<T: Plain> fmt::Display for LockError<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LockError::OwnerDied(_) => "the last owner of the lock died with it",
            LockError::Unrecoverable => "an owner of the lock died, and nobody repaired what it left",
        })
    }
}

impl<T: Plain> Error for LockError<'_, T> {}

/// The lock of an owner that died, in the hands of who was told. Repair the value through it, then
/// [`heal`](OwnerDied::heal). If it is dropped before that, the lock is
/// [unrecoverable](LockError::Unrecoverable), for those too that wait for it already; if its own owner
/// dies or panics, the next one is told.
#[must_use = "without `heal` the lock is lost"]
pub struct OwnerDied<'a, T: Plain> {
    guard: ManuallyDrop<RobustGuard<'a, T>>,
}

impl<'a, T: Plain> OwnerDied<'a, T> {
    /// Declares the value repaired. From now on this is a lock like any other.
    pub fn heal(self) -> RobustGuard<'a, T> {
        let mut this = ManuallyDrop::new(self);
        this.guard.mutex.state.store(WHOLE, Ordering::Relaxed);
        // SAFETY: `this` is not dropped, so the guard in it is used here only.
        unsafe { ManuallyDrop::take(&mut this.guard) }
    }
}

impl<T: Plain> Deref for OwnerDied<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T: Plain> DerefMut for OwnerDied<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

impl<T: Plain> Drop for OwnerDied<'_, T> {
    fn drop(&mut self) {
        if self.guard.panicking || !thread::panicking() {
            self.guard.mutex.state.store(RUINED, Ordering::Relaxed);
        }
        // SAFETY: nobody uses the guard after this.
        unsafe { ManuallyDrop::drop(&mut self.guard) };
    }
}

impl<T: Plain + fmt::Debug> fmt::Debug for OwnerDied<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnerDied").field(&**self).finish()
    }
}
