//! Scoped threads. A scoped closure outlives its lifetime on paper, which needs `unsafe`.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use interleave::rt::{self, thread::Task};

use super::packet::{Packet, Plan, Started, start};
use super::{Result, Thread};

type Site = &'static Location<'static>;

/// As `std::thread::Scope`.
pub struct Scope<'scope, 'env: 'scope> {
    started: Mutex<Vec<Started>>,
    panicked: Arc<AtomicBool>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// As `std::thread::ScopedJoinHandle`.
pub struct ScopedJoinHandle<'scope, T> {
    thread: Thread,
    started: Started,
    packet: Arc<Packet<T>>,
    scope: PhantomData<&'scope ()>,
}

/// As `std::thread::scope`.
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let site = Location::caller();
    let scope =
        Scope { started: Mutex::default(), panicked: Arc::default(), scope: PhantomData, env: PhantomData };
    let result = rt::catch_unwind(AssertUnwindSafe(|| f(&scope)));
    scope.wait_for_all(site);
    match result {
        Err(panic) => rt::resume_unwind(panic),
        Ok(_) if scope.panicked.load(Ordering::Relaxed) => panic!("a scoped thread panicked"),
        Ok(value) => value,
    }
}

impl<'scope, 'env> Scope<'scope, 'env> {
    /// As `std::thread::Scope::spawn`.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.start(Plan::default(), Location::caller(), f).expect("failed to spawn thread")
    }

    pub(super) fn start<F, T>(
        &'scope self,
        plan: Plan,
        site: Site,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let packet = Packet::new(Some(Arc::clone(&self.panicked)));
        let theirs = Arc::clone(&packet);
        let task: Box<dyn FnOnce() + Send + 'scope> = Box::new(move || theirs.fill(f));
        // SAFETY: only the lifetime changes. `scope` does not return, normally or by unwinding, before every thread
        // that was started here has ended, and a thread ends after its closure has run and been dropped. A thread
        // stopped by a failed schedule never runs again, and then neither does `scope`.
        #[expect(unsafe_code, reason = "a lifetime is shortened on paper; see the SAFETY comment")]
        let task = unsafe { std::mem::transmute::<Box<dyn FnOnce() + Send + 'scope>, Task>(task) };
        let (thread, started) = start(plan, site, task)?;
        self.started.lock().unwrap_or_else(PoisonError::into_inner).push(started.clone());
        Ok(ScopedJoinHandle { thread, started, packet, scope: PhantomData })
    }

    /// A scoped thread may start further ones, so this looks again until none is left.
    fn wait_for_all(&self, site: Site) {
        loop {
            let batch = std::mem::take(&mut *self.started.lock().unwrap_or_else(PoisonError::into_inner));
            if batch.is_empty() {
                return;
            }
            batch.iter().for_each(|started| started.join_at_scope_end(site));
        }
    }
}

impl<T> ScopedJoinHandle<'_, T> {
    /// As `std::thread::ScopedJoinHandle::thread`.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }

    /// As `std::thread::ScopedJoinHandle::join`.
    ///
    /// # Errors
    /// The value that the thread panicked with.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        self.started.join(Location::caller());
        self.packet.take()
    }

    /// As `std::thread::ScopedJoinHandle::is_finished`.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        self.started.is_finished(Location::caller())
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle").finish_non_exhaustive()
    }
}
