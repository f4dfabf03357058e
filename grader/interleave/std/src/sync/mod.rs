//! Synchronisation under the scheduler. `Arc`, `Weak` and the error types are the standard library's own.

mod barrier;
mod condvar;
mod gate;
mod lazy_lock;
mod mutex;
mod once;
mod once_lock;
mod poison;
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

/// What the real lock gives once the model has let the caller in: it is free, unless a thread outside the model has it.
fn entered<G>(id: &interleave::rt::ObjectId, tried: Option<G>, wait: impl FnOnce() -> G) -> G {
    tried.unwrap_or_else(|| {
        interleave::rt::lock::found_taken(id);
        wait()
    })
}

/// As the real locks show themselves, each with its own word for a lock that is taken.
fn show<G: std::ops::Deref<Target: std::fmt::Debug>>(
    f: &mut std::fmt::Formatter<'_>,
    name: &str,
    taken: &dyn std::fmt::Debug,
    guard: Option<G>,
    poisoned: bool,
) -> std::fmt::Result {
    let mut picture = f.debug_struct(name);
    match &guard {
        Some(guard) => picture.field("data", &&**guard),
        None => picture.field("data", taken),
    };
    picture.field("poisoned", &poisoned).finish_non_exhaustive()
}
