//! A semaphore: a number under a mutex, and a condition variable for whoever waits until it is not zero.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Hands out a fixed number of permits. Any number of threads may use it at once.
#[derive(Debug)]
pub struct Semaphore {
    free: Mutex<usize>,
    given_back: Condvar,
}

/// The right to go on, given back when it is dropped.
#[derive(Debug)]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
}

impl Semaphore {
    /// Makes a semaphore with so many free permits; with 0 every `acquire` waits.
    pub fn new(permits: usize) -> Self {
        Self { free: Mutex::new(permits), given_back: Condvar::new() }
    }

    /// Takes a permit; waits until one is free.
    pub fn acquire(&self) -> Permit<'_> {
        let mut free = self.lock();
        // A loop: a wake-up may come for no reason, and a third thread may have been faster.
        while *free == 0 {
            free = self.given_back.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        self.take(free)
    }

    /// Takes a permit if one is free.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let free = self.lock();
        (*free > 0).then(|| self.take(free))
    }

    /// Takes a permit; gives up when it has waited for `limit`.
    pub fn acquire_timeout(&self, limit: Duration) -> Option<Permit<'_>> {
        let start = Instant::now();
        let mut free = self.lock();
        while *free == 0 {
            // What is left of the limit, not the whole of it again after each wake-up.
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                return None;
            }
            free = self.given_back.wait_timeout(free, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Some(self.take(free))
    }

    /// Says how many permits are free.
    pub fn available(&self) -> usize {
        *self.lock()
    }

    fn take(&self, mut free: MutexGuard<'_, usize>) -> Permit<'_> {
        *free -= 1;
        Permit { semaphore: self }
    }

    /// Nothing can panic between the changes of one number: poison means nothing here.
    fn lock(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.semaphore.lock() += 1;
        // One permit, one thread. Whoever does not wait yet will find the number changed.
        self.semaphore.given_back.notify_one();
    }
}
