//! Synchronisation under the scheduler. `Arc`, `Weak` and the error types are the standard library's own.

mod barrier;
mod condvar;
mod gate;
mod lazy_lock;
mod mutex;
mod once;
mod once_lock;
mod rwlock;

pub mod atomic;
pub mod mpsc;

pub use std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult, Weak};

pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use lazy_lock::LazyLock;
pub use mutex::{Mutex, MutexGuard};
pub use once::{Once, OnceState};
pub use once_lock::OnceLock;
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Rebuilds a lock result around another guard, poisoned or not.
fn map_lock<A, B>(result: LockResult<A>, rebuild: impl FnOnce(A) -> B) -> LockResult<B> {
    match result {
        Ok(guard) => Ok(rebuild(guard)),
        Err(poison) => Err(PoisonError::new(rebuild(poison.into_inner()))),
    }
}

/// The same for an attempt.
fn map_try_lock<A, B>(result: TryLockResult<A>, rebuild: impl FnOnce(A) -> B) -> TryLockResult<B> {
    match result {
        Ok(guard) => Ok(rebuild(guard)),
        Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
        Err(TryLockError::Poisoned(poison)) => {
            Err(TryLockError::Poisoned(PoisonError::new(rebuild(poison.into_inner()))))
        }
    }
}

/// What the real lock says once the model has let the caller in: it is free, unless a thread outside the model has it.
fn entered<G>(
    id: &interleave::rt::ObjectId,
    tried: TryLockResult<G>,
    wait: impl FnOnce() -> LockResult<G>,
) -> LockResult<G> {
    match tried {
        Ok(guard) => Ok(guard),
        Err(TryLockError::Poisoned(poison)) => Err(poison),
        Err(TryLockError::WouldBlock) => {
            interleave::rt::lock::found_taken(id);
            wait()
        }
    }
}
