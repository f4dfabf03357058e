//! The calls of the C library and the kernel behind the locks. The lowest layer; it knows nothing of
//! what a lock is around, and of healing only that it has to be told.

use crate::shm::Settle;
use nix::errno::Errno;
use nix::libc::{self, c_int};
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// What `libc` does not have yet for this system. Both numbers and signature are those of glibc's
/// `pthread.h`; the function is there since version 2.30.
const PTHREAD_MUTEX_ROBUST: c_int = 1;

unsafe extern "C" {
    fn pthread_mutex_clocklock(
        mutex: *mut libc::pthread_mutex_t,
        clock: libc::clockid_t,
        until: *const libc::timespec,
    ) -> c_int;
}

/// How an attempt to lock ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Locked {
    /// The lock is ours.
    Clean,
    /// The lock is ours, and its last owner ended with it. [`RawMutex::carry_on`] has to follow.
    OwnerDied,
    /// Somebody else has it.
    Busy,
    /// The calling thread has it already.
    Mine,
}

/// A mutex of the C library that works between processes and outlives its owner.
#[derive(Debug)]
pub(super) struct RawMutex {
    mutex: UnsafeCell<libc::pthread_mutex_t>,
    /// Whether the mutex is at its place and initialised: 0 or 1.
    settled: AtomicU32,
}

// SAFETY: a mutex of the C library is made for many threads at once.
unsafe impl Sync for RawMutex {}
// SAFETY: it can be moved only before it is settled, and is nothing but bytes then.
unsafe impl Send for RawMutex {}

impl RawMutex {
    pub(super) const fn new() -> RawMutex {
        RawMutex { mutex: UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER), settled: AtomicU32::new(0) }
    }

    /// Initialises the mutex where it will stay.
    pub(super) fn settle(&self, _by: &Settle) -> Result<(), nix::Error> {
        let mut attributes = MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
        let attributes = attributes.as_mut_ptr();
        // SAFETY: the attributes are initialised first and destroyed last, by the calls made for that.
        // The mutex is at its place, since the caller has a `Settle`, and nobody else uses it yet: it
        // lies in memory that was mapped a moment ago. Its old bytes need no end; they were never used.
        unsafe {
            check(libc::pthread_mutexattr_init(attributes))?;
            let made = check(libc::pthread_mutexattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED))
                .and_then(|()| check(libc::pthread_mutexattr_setrobust(attributes, PTHREAD_MUTEX_ROBUST)))
                .and_then(|()| {
                    // This kind says so when its owner locks it again, instead of waiting for ever.
                    check(libc::pthread_mutexattr_settype(attributes, libc::PTHREAD_MUTEX_ERRORCHECK))
                })
                .and_then(|()| check(libc::pthread_mutex_init(self.mutex.get(), attributes)));
            libc::pthread_mutexattr_destroy(attributes);
            made?;
        }
        self.settled.store(1, Ordering::Release);
        Ok(())
    }

    /// The mutex, if the C library may be let near it.
    fn settled(&self) -> *mut libc::pthread_mutex_t {
        assert!(
            self.settled.load(Ordering::Acquire) == 1,
            "a RobustMutex works only in shared memory: put it into a `toolkit::shm::Region`"
        );
        self.mutex.get()
    }

    /// Waits until the lock is ours.
    pub(super) fn lock(&self) -> Locked {
        let mutex = self.settled();
        // SAFETY: the mutex is initialised, stays where it is, and is mapped as long as `self` is.
        Locked::from(unsafe { libc::pthread_mutex_lock(mutex) })
    }

    /// Takes the lock if nobody has it.
    pub(super) fn try_lock(&self) -> Locked {
        let mutex = self.settled();
        // SAFETY: as in `lock`.
        Locked::from(unsafe { libc::pthread_mutex_trylock(mutex) })
    }

    /// Waits until the lock is ours, or the clock that never jumps shows `until`.
    pub(super) fn lock_until(&self, until: libc::timespec) -> Locked {
        let mutex = self.settled();
        // SAFETY: as in `lock`; the time lives until the call returns.
        Locked::from(unsafe { pthread_mutex_clocklock(mutex, libc::CLOCK_MONOTONIC, &until) })
    }

    /// Has the lock work on, as the calling thread got it from an owner that died. Without this it
    /// would be refused to everybody from the next unlock on.
    pub(super) fn carry_on(&self) {
        let mutex = self.settled();
        // SAFETY: as in `lock`. If the lock is not in that state, it is left alone and an error comes back.
        let result = unsafe { libc::pthread_mutex_consistent(mutex) };
        debug_assert_eq!(result, 0, "the owner had died");
    }

    /// Gives the lock back.
    ///
    /// # Safety
    ///
    /// The calling thread has it, and no reference to what it protects is left.
    pub(super) unsafe fn unlock(&self) {
        let mutex = self.settled();
        // SAFETY: as in `lock`, and the caller's promise.
        let result = unsafe { libc::pthread_mutex_unlock(mutex) };
        debug_assert_eq!(result, 0, "it was ours");
    }
}

impl From<c_int> for Locked {
    /// Reads what the calls that lock say. Every other number would be a fault of this module: the mutex is
    /// initialised, and `ENOTRECOVERABLE` cannot be, since we always carry on.
    fn from(result: c_int) -> Locked {
        match result {
            0 => Locked::Clean,
            libc::EOWNERDEAD => Locked::OwnerDied,
            libc::EBUSY | libc::ETIMEDOUT => Locked::Busy,
            libc::EDEADLK => Locked::Mine,
            other => panic!("the lock is broken: {}", Errno::from_raw(other)),
        }
    }
}

fn check(result: c_int) -> Result<(), nix::Error> {
    if result == 0 { Ok(()) } else { Err(Errno::from_raw(result)) }
}

/// Sleeps until somebody calls [`wake_all`] for `word`, unless it is not `seen` any more. Returns early
/// after `limit`, and may return for no reason.
pub(super) fn sleep_while(word: &AtomicU32, seen: u32, limit: Option<Duration>) {
    let limit = limit.map(timespec);
    let limit = limit.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the kernel compares the word, which lives until this returns, and reads the time, as
    // futex(2) says of FUTEX_WAIT. Without the private flag it finds sleepers of other processes too.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, seen, limit) };
}

/// Wakes all who sleep by [`sleep_while`], in every process.
pub(super) fn wake_all(word: &AtomicU32) {
    // SAFETY: the kernel only looks up who sleeps at this address.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, c_int::MAX) };
}

/// A length of time as the kernel takes it; the longest there is if it is longer.
pub(super) fn timespec(time: Duration) -> libc::timespec {
    // SAFETY: `timespec` is numbers only, and zeros are numbers. Some systems have padding in it, so
    // it cannot be written out here.
    let mut result: libc::timespec = unsafe { std::mem::zeroed() };
    result.tv_sec = libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX);
    result.tv_nsec = libc::c_long::from(time.subsec_nanos() as i32);
    result
}
