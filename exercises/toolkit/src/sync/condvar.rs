//! Waiting, between processes, for something to become true. It knows the lock that it lets go of,
//! and nothing of what is waited for.

use super::mutex::{LockError, RobustGuard};
use super::raw::{sleep_while, wake_all};
use crate::shm::{Plain, SharedSafe};
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Lets processes wait, without using a processor, until another says that something has changed.
///
/// It must live in shared memory beside the [`RobustMutex`](super::RobustMutex) of what may change. A
/// call may return although nothing has: wait in a `while` that looks again.
///
/// ```no_run
/// use nix::sys::wait::waitpid;
/// use toolkit::fork;
/// use toolkit::shm::Region;
/// use toolkit::sync::{ProcessCondvar, RobustMutex};
///
/// let tea = Region::of((RobustMutex::new(false), ProcessCondvar::new()))?;
/// let (ready, changed) = &*tea;
/// let child = fork(|| {
///     let Ok(mut ready) = ready.lock() else { return 1 };
///     while !*ready {
///         ready = match changed.wait(ready) {
///             Ok(ready) => ready,
///             Err(_) => return 1,
///         };
///     }
///     0
/// })?;
/// if let Ok(mut ready) = ready.lock() {
///     *ready = true;
///     changed.notify_all();
/// }
/// waitpid(child, None)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Condvar vs. death
///
/// The C library's own keeps books about who waits. A waiter that is killed stays in them, and one
/// day whoever wants to wake others waits for it for ever. So this one keeps none: it is a number that
/// grows with every notice, and the kernel, which forgets the dead, knows who sleeps until it
/// changes. For the same reason a notice wakes everyone: if it woke one, and that one were killed
/// before it looked, it would be lost with it while others could have used it. With very many waiters
/// that costs time.
///
/// A waiter learns of an owner that died when it takes the lock again, so only if somebody wakes it:
/// see [the module](super) for how to lose no wake-up.
pub struct ProcessCondvar {
    /// How many notices there were. After 2^32 it begins again; somebody who looked, and fell asleep
    /// exactly so many notices later, would sleep until the next one.
    notices: AtomicU32,
}

// SAFETY: it is an atomic.
unsafe impl SharedSafe for ProcessCondvar {}

impl Default for ProcessCondvar {
    fn default() -> Self {
        ProcessCondvar::new()
    }
}

impl ProcessCondvar {
    /// One for which nobody waits.
    pub const fn new() -> Self {
        ProcessCondvar { notices: AtomicU32::new(0) }
    }

    /// Gives the lock back, waits for a notice, and takes the lock again. No notice is missed that is
    /// given after the lock was given back.
    ///
    /// # Errors
    ///
    /// As for [`lock`](super::RobustMutex::lock): an owner died meanwhile.
    pub fn wait<'a, T: Plain>(
        &self,
        guard: RobustGuard<'a, T>,
    ) -> Result<RobustGuard<'a, T>, LockError<'a, T>> {
        let mutex = guard.mutex();
        self.sleep(guard, None);
        mutex.lock()
    }

    /// Does the same, but waits no longer than `limit` for a notice, by a clock that nobody can set.
    /// Says too whether the time was up. For the lock itself it waits as long as that takes.
    ///
    /// The time is up for this one call. Whoever calls it again and again in a `while` has to pass what is
    /// left each time.
    ///
    /// # Errors
    ///
    /// As for [`wait`](ProcessCondvar::wait).
    pub fn wait_timeout<'a, T: Plain>(
        &self,
        guard: RobustGuard<'a, T>,
        limit: Duration,
    ) -> Result<(RobustGuard<'a, T>, bool), LockError<'a, T>> {
        let mutex = guard.mutex();
        let timed_out = self.sleep(guard, Instant::now().checked_add(limit));
        mutex.lock().map(|guard| (guard, timed_out))
    }

    /// Gives the lock back and sleeps until there is a notice, or a moment has come. Returns whether
    /// it has.
    fn sleep<T: Plain>(&self, guard: RobustGuard<'_, T>, until: Option<Instant>) -> bool {
        // Before the lock is free: whoever changes something under the lock after us counts up after
        // this, and then the kernel does not let us sleep.
        let seen = self.notices.load(Ordering::Relaxed);
        drop(guard);
        while self.notices.load(Ordering::Relaxed) == seen {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return true;
            }
            sleep_while(&self.notices, seen, left);
        }
        false
    }

    /// Wakes at least one who waits, if anybody does: at present everyone, and all but one will find
    /// nothing to do. Never blocks.
    pub fn notify_one(&self) {
        self.notify_all();
    }

    /// Wakes everyone who waits. Never blocks.
    pub fn notify_all(&self) {
        self.notices.fetch_add(1, Ordering::Relaxed);
        wake_all(&self.notices);
    }
}

impl fmt::Debug for ProcessCondvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessCondvar").finish_non_exhaustive()
    }
}
