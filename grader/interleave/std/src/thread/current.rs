//! `Thread`, `ThreadId` and `current`.

use std::fmt;
use std::num::NonZeroU64;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use interleave::probe::ThreadRef;
use interleave::rt;

/// As `std::thread::Thread`.
#[derive(Clone)]
pub struct Thread {
    id: ThreadId,
    name: Option<Arc<str>>,
    target: Target,
}

#[derive(Clone)]
enum Target {
    Modelled(ThreadRef),
    Real(std::thread::Thread),
}

/// As `std::thread::ThreadId`. In a schedule threads are numbered by birth, from 1.
#[derive(Eq, PartialEq, Clone, Copy, Hash, Debug)]
pub struct ThreadId(NonZeroU64);

/// As `std::thread::current`.
#[must_use]
pub fn current() -> Thread {
    match rt::thread::current() {
        Some((thread, name)) => Thread::modelled(thread, name),
        None => Thread::real(std::thread::current()),
    }
}

impl Thread {
    pub(super) fn modelled(thread: ThreadRef, name: Option<Arc<str>>) -> Self {
        let id = ThreadId(NonZeroU64::MIN.saturating_add(u64::from(thread.0)));
        Self { id, name, target: Target::Modelled(thread) }
    }

    /// A thread outside any schedule, whose number lies far from those of schedules.
    pub(super) fn real(thread: std::thread::Thread) -> Self {
        let name = thread.name().map(Arc::from);
        Self { id: real_id(&thread), name, target: Target::Real(thread) }
    }

    /// As `std::thread::Thread::id`.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        self.id
    }

    /// As `std::thread::Thread::name`.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// As `std::thread::Thread::unpark`.
    #[track_caller]
    pub fn unpark(&self) {
        match &self.target {
            Target::Modelled(thread) => rt::thread::unpark(*thread, Location::caller()),
            Target::Real(thread) => thread.unpark(),
        }
    }
}

/// Real ids cannot be turned into numbers, so they are numbered in order of first use.
fn real_id(thread: &std::thread::Thread) -> ThreadId {
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex, PoisonError};
    static NEXT: AtomicU64 = AtomicU64::new(1 << 32);
    static KNOWN: LazyLock<Mutex<HashMap<std::thread::ThreadId, ThreadId>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let fresh = || ThreadId(NonZeroU64::MIN.saturating_add(NEXT.fetch_add(1, Ordering::Relaxed)));
    *known.entry(thread.id()).or_insert_with(fresh)
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread").field("id", &self.id()).field("name", &self.name()).finish_non_exhaustive()
    }
}
