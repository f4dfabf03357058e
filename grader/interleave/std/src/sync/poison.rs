//! Poison: a thread panicked while it held a lock.
//!
//! The real locks inside have it too, but they ask the operating-system thread, which runs all threads of a schedule;
//! theirs is not listened to. Knows nothing of locks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use interleave::rt;

/// Whether a lock is poisoned.
#[derive(Default)]
pub(super) struct Poison(AtomicBool);

/// Whether its thread was unwinding already when it took a lock: then it does not poison it.
#[derive(Clone, Copy)]
pub(super) struct Since(bool);

impl Poison {
    pub(super) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// A guard that can change things comes to be.
    pub(super) fn begin(&self) -> Since {
        Since(rt::panicking())
    }

    /// It goes.
    pub(super) fn end(&self, since: Since) {
        if !since.0 && rt::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// What the caller of a lock gets to see.
    ///
    /// # Errors
    /// The same, if the lock is poisoned.
    pub(super) fn mark<G>(&self, guard: G) -> LockResult<G> {
        if self.is_set() { Err(PoisonError::new(guard)) } else { Ok(guard) }
    }
}

/// What a real lock gives, poisoned or not.
pub(super) fn any<G>(result: LockResult<G>) -> G {
    result.unwrap_or_else(PoisonError::into_inner)
}

/// The same of an attempt; nothing if the lock is taken.
pub(super) fn any_try<G>(result: TryLockResult<G>) -> Option<G> {
    match result {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poison)) => Some(poison.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
