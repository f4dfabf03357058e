//! `spawn`, `Builder` and `JoinHandle`.

use std::cell::UnsafeCell;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;

use super::packet::{Packet, Plan, Started, start};
use super::scoped::{Scope, ScopedJoinHandle};
use super::{Result, Thread};

/// As `std::thread::spawn`.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(f).expect("failed to spawn thread")
}

/// As `std::thread::Builder`.
#[must_use = "must eventually spawn the thread"]
#[derive(Debug, Default)]
pub struct Builder {
    plan: Plan,
}

impl Builder {
    /// As `std::thread::Builder::new`.
    pub fn new() -> Self {
        Self::default()
    }

    /// As `std::thread::Builder::name`.
    pub fn name(mut self, name: String) -> Self {
        self.plan.name = Some(name);
        self
    }

    /// As `std::thread::Builder::stack_size`.
    pub fn stack_size(mut self, size: usize) -> Self {
        self.plan.stack_size = Some(size);
        self
    }

    /// As `std::thread::Builder::spawn`.
    ///
    /// # Errors
    /// If the machine has no thread left.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let packet = Packet::new(None);
        let theirs = Arc::clone(&packet);
        let (thread, started) = start(self.plan, Location::caller(), Box::new(move || theirs.fill(f)))?;
        Ok(JoinHandle { thread, started, packet, _as_std: PhantomData })
    }

    /// As `std::thread::Builder::spawn_scoped`.
    ///
    /// # Errors
    /// If the machine has no thread left.
    #[track_caller]
    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: &'scope Scope<'scope, 'env>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        scope.start(self.plan, Location::caller(), f)
    }
}

/// As `std::thread::JoinHandle`.
pub struct JoinHandle<T> {
    thread: Thread,
    started: Started,
    packet: Arc<Packet<T>>,
    /// The standard library's handle is not unwind safe either.
    _as_std: PhantomData<Arc<UnsafeCell<()>>>,
}

#[expect(unsafe_code, reason = "as the standard library has it; see the SAFETY comment")]
// SAFETY: a handle is made by `spawn` only, whose result can be sent, and gives the result only when it is consumed.
unsafe impl<T> Send for JoinHandle<T> {}
#[expect(unsafe_code, reason = "as the standard library has it; see the SAFETY comment")]
// SAFETY: a shared handle gives nothing but the thread and whether it has ended.
unsafe impl<T> Sync for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// As `std::thread::JoinHandle::thread`.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }

    /// As `std::thread::JoinHandle::join`.
    ///
    /// # Errors
    /// The value that the thread panicked with.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        self.started.join(Location::caller());
        self.packet.take()
    }

    /// As `std::thread::JoinHandle::is_finished`.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        self.started.is_finished(Location::caller())
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}
