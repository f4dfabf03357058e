//! Impostor: a wake-up is passed on by those who wait, but not where there is a limit.
//! Loses: q5.semaphore_wakes LostWakeUp
//! Tempting: who has a limit is nearly always the last.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Hands out a fixed number of permits.
#[derive(Debug)]
pub struct Semaphore {
    free: Mutex<usize>,
    back: Condvar,
}

/// The right to go on, given back when it is dropped.
#[derive(Debug)]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
}

impl Semaphore {
    /// Makes a semaphore with so many free permits.
    pub fn new(permits: usize) -> Self {
        Self { free: Mutex::new(permits), back: Condvar::new() }
    }

    fn free(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a permit; waits until one is free.
    pub fn acquire(&self) -> Permit<'_> {
        let mut free = self.free();
        while *free == 0 {
            free = self.back.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        if *free > 0 {
            self.back.notify_one();
        }
        Permit { semaphore: self }
    }

    /// Takes a permit if one is free; never waits.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let mut free = self.free();
        *free = free.checked_sub(1)?;
        Some(Permit { semaphore: self })
    }

    /// Takes a permit; gives up when it has waited for `limit`.
    pub fn acquire_timeout(&self, limit: Duration) -> Option<Permit<'_>> {
        let Some(deadline) = Instant::now().checked_add(limit) else {
            return Some(self.acquire());
        };
        let mut free = self.free();
        while *free == 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            free = self.back.wait_timeout(free, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        *free -= 1;
        Some(Permit { semaphore: self })
    }

    /// Says how many permits are free.
    pub fn available(&self) -> usize {
        *self.free()
    }
}

impl Drop for Permit<'_> {
    /// Gives the permit back.
    fn drop(&mut self) {
        let mut free = self.semaphore.free();
        *free += 1;
        // One is woken for the first free permit, and wakes the next one if it leaves any.
        if *free == 1 {
            self.semaphore.back.notify_one();
        }
    }
}
