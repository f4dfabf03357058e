//! `Condvar`.

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use interleave::rt::ObjectId;
use interleave::rt::condvar::{self, End};

use super::mutex::MutexGuard;
use super::poison::any;
use super::{LockResult, PoisonError};

/// As `std::sync::Condvar`.
#[derive(Default)]
pub struct Condvar {
    id: ObjectId,
    /// Used outside a schedule only.
    real: std::sync::Condvar,
}

/// As `std::sync::WaitTimeoutResult`.
#[derive(Debug, PartialEq, Eq, Copy, Clone)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// As `std::sync::WaitTimeoutResult::timed_out`.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

type TimedResult<'a, T> = LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)>;

impl Condvar {
    /// As `std::sync::Condvar::new`.
    #[must_use]
    pub const fn new() -> Self {
        Self { id: ObjectId::new(), real: std::sync::Condvar::new() }
    }

    /// As `std::sync::Condvar::wait`.
    ///
    /// # Errors
    /// If the mutex is poisoned when it is taken again.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        if condvar::is_modelled() {
            self.wait_modelled("wait", guard, None, Location::caller()).0
        } else {
            let (mutex, real) = guard.into_real();
            let Some(real) = real else { unreachable!("a guard in use has its real part") };
            mutex.rebuild(any(self.real.wait(real)))
        }
    }

    /// As `std::sync::Condvar::wait_while`.
    ///
    /// # Errors
    /// If the mutex is poisoned when it is taken again.
    #[track_caller]
    pub fn wait_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: F,
    ) -> LockResult<MutexGuard<'a, T>>
    where
        F: FnMut(&mut T) -> bool,
    {
        while condition(&mut *guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// As `std::sync::Condvar::wait_timeout`.
    ///
    /// # Errors
    /// If the mutex is poisoned when it is taken again.
    #[track_caller]
    pub fn wait_timeout<'a, T>(&self, guard: MutexGuard<'a, T>, dur: Duration) -> TimedResult<'a, T> {
        if condvar::is_modelled() {
            let (guard, end) = self.wait_modelled("wait_timeout", guard, Some(dur), Location::caller());
            with_end(guard, end == End::Expired)
        } else {
            let (mutex, real) = guard.into_real();
            let Some(real) = real else { unreachable!("a guard in use has its real part") };
            let (real, end) = any(self.real.wait_timeout(real, dur));
            with_end(mutex.rebuild(real), end.timed_out())
        }
    }

    /// As `std::sync::Condvar::wait_timeout_while`.
    ///
    /// # Errors
    /// If the mutex is poisoned when it is taken again.
    #[track_caller]
    pub fn wait_timeout_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        dur: Duration,
        mut condition: F,
    ) -> TimedResult<'a, T>
    where
        F: FnMut(&mut T) -> bool,
    {
        let start = moment();
        loop {
            if !condition(&mut *guard) {
                return Ok((guard, WaitTimeoutResult(false)));
            }
            let left = dur.saturating_sub(moment().saturating_sub(start));
            if left.is_zero() {
                return Ok((guard, WaitTimeoutResult(true)));
            }
            guard = match self.wait_timeout(guard, left) {
                Ok((guard, _)) => guard,
                Err(poison) => return Err(PoisonError::new(poison.into_inner())),
            };
        }
    }

    /// As `std::sync::Condvar::notify_one`.
    #[track_caller]
    pub fn notify_one(&self) {
        condvar::notify_one(&self.id, Location::caller());
        self.real.notify_one();
    }

    /// As `std::sync::Condvar::notify_all`.
    #[track_caller]
    pub fn notify_all(&self) {
        condvar::notify_all(&self.id, Location::caller());
        self.real.notify_all();
    }

    fn wait_modelled<'a, T>(
        &self,
        verb: &'static str,
        guard: MutexGuard<'a, T>,
        timeout: Option<Duration>,
        site: &'static Location<'static>,
    ) -> (LockResult<MutexGuard<'a, T>>, End) {
        let mutex = guard.mutex_id();
        let mut suspended = guard.suspend();
        let end = condvar::wait(&self.id, mutex, timeout, verb, site, || suspended.unlock());
        (suspended.resume(), end)
    }
}

fn with_end<T>(guard: LockResult<MutexGuard<'_, T>>, expired: bool) -> TimedResult<'_, T> {
    let end = WaitTimeoutResult(expired);
    match guard {
        Ok(guard) => Ok((guard, end)),
        Err(poison) => Err(PoisonError::new((poison.into_inner(), end))),
    }
}

/// The time that a timed wait is measured by: virtual in a schedule, and not a step of its own.
fn moment() -> Duration {
    static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    match interleave::probe::current() {
        Some(_) => interleave::probe::now(),
        None => ORIGIN.get_or_init(Instant::now).elapsed(),
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
