//! A pool like the reference pool, that calls a hook where it starts and where it ends, and fails
//! there when it is told to.

use crate::pool;
use crate::{PoolError, TaskError, Ticket};
use nix::unistd::Pid;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// Where a pool is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// In `new`.
    Start,
    /// In `close`.
    Close,
    /// In whatever ends it.
    Stop,
}

static HOOK: OnceLock<fn(Phase)> = OnceLock::new();

/// Which phase fails: 0 none, 1 the start, 2 the end.
static FAILS: AtomicU8 = AtomicU8::new(0);

/// Has every start fail from now on, before there is a worker; or every `join`, after the workers
/// have ended; or nothing.
pub fn fail_in(phase: Option<Phase>) {
    let number = match phase {
        None => 0,
        Some(Phase::Start) => 1,
        Some(Phase::Close | Phase::Stop) => 2,
    };
    FAILS.store(number, Ordering::Relaxed);
}

/// The failure that a start shall have.
fn no_start() -> Result<(), PoolError> {
    if FAILS.load(Ordering::Relaxed) == 1 { Err(PoolError::Os(nix::Error::EAGAIN)) } else { Ok(()) }
}

/// Has `hook` called once in each start and in each end, and in each `close`, in the caller. Only the first hook counts.
pub fn hold_with(hook: fn(Phase)) {
    let _ = HOOK.set(hook);
}

fn hold(phase: Phase) {
    if let Some(hook) = HOOK.get() {
        hook(phase);
    }
}

/// As in question 2.
pub struct ProcessPool<I, O> {
    /// `None` once it has ended.
    pool: Option<pool::ProcessPool<I, O>>,
}

impl<I, O> std::fmt::Debug for ProcessPool<I, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProcessPool")
    }
}

const ENDED: &str = "only `join`, `terminate` and `drop` take the pool, and they end it";

impl<I: Serialize + DeserializeOwned, O: Serialize + DeserializeOwned> ProcessPool<I, O> {
    fn inner(&mut self) -> &mut pool::ProcessPool<I, O> {
        self.pool.as_mut().expect(ENDED)
    }

    /// As in question 2.
    ///
    /// # Errors
    ///
    /// As in question 2.
    pub fn new(workers: usize, task: fn(I) -> O) -> Result<Self, PoolError> {
        no_start()?;
        let pool = pool::ProcessPool::new(workers, task)?;
        hold(Phase::Start);
        Ok(Self { pool: Some(pool) })
    }

    /// As in question 2.
    ///
    /// # Errors
    ///
    /// As in question 2.
    pub fn with_default_workers(task: fn(I) -> O) -> Result<Self, PoolError> {
        no_start()?;
        let pool = pool::ProcessPool::with_default_workers(task)?;
        hold(Phase::Start);
        Ok(Self { pool: Some(pool) })
    }

    /// As in question 2.
    ///
    /// # Errors
    ///
    /// As in question 2.
    pub fn apply(&mut self, input: I) -> Result<O, TaskError> {
        self.inner().apply(input)
    }

    /// As in question 2.
    ///
    /// # Errors
    ///
    /// As in question 2.
    pub fn apply_async(&mut self, input: I) -> Result<Ticket, PoolError> {
        self.inner().apply_async(input)
    }

    /// As in question 2.
    ///
    /// # Errors
    ///
    /// As in question 2.
    pub fn get(&mut self, ticket: Ticket) -> Result<O, TaskError> {
        self.inner().get(ticket)
    }

    /// As in question 2.
    ///
    /// # Errors
    ///
    /// As in question 2.
    pub fn get_timeout(&mut self, ticket: Ticket, limit: Duration) -> Result<Result<O, TaskError>, Ticket> {
        self.inner().get_timeout(ticket, limit)
    }

    /// As in question 2.
    pub fn map(&mut self, inputs: impl IntoIterator<Item = I>) -> Vec<Result<O, TaskError>> {
        self.inner().map(inputs)
    }

    /// As in question 2.
    pub fn map_chunked(
        &mut self,
        inputs: impl IntoIterator<Item = I>,
        chunk: NonZeroUsize,
    ) -> Vec<Result<O, TaskError>> {
        self.inner().map_chunked(inputs, chunk)
    }

    /// As in question 2.
    pub fn worker_ids(&self) -> Vec<Pid> {
        self.pool.as_ref().map_or(Vec::new(), pool::ProcessPool::worker_ids)
    }

    /// As in question 2.
    pub fn close(&mut self) {
        hold(Phase::Close);
        self.inner().close();
    }

    /// As in question 2.
    ///
    /// # Errors
    ///
    /// As in question 2.
    pub fn join(mut self) -> Result<(), PoolError> {
        hold(Phase::Stop);
        self.pool.take().expect(ENDED).join()?;
        if FAILS.load(Ordering::Relaxed) == 2 { Err(PoolError::Os(nix::Error::ECHILD)) } else { Ok(()) }
    }

    /// As in question 2.
    pub fn terminate(mut self) {
        hold(Phase::Stop);
        self.pool.take().expect(ENDED).terminate();
    }
}

impl<I, O> Drop for ProcessPool<I, O> {
    fn drop(&mut self) {
        if self.pool.is_some() && !std::thread::panicking() {
            hold(Phase::Stop);
        }
    }
}
