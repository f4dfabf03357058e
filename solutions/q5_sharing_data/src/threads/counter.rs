//! A counter: a number under a mutex, which is held for the whole of every step.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Holds a number, which is 0 at first. Any number of threads may use it at once.
#[derive(Debug, Default)]
pub struct Counter {
    number: Mutex<u64>,
}

impl Counter {
    /// Makes a counter at 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `amount` and says what the number is by that.
    ///
    /// # Panics
    ///
    /// If the sum is more than `u64::MAX`.
    pub fn add(&self, amount: u64) -> u64 {
        let mut number = self.lock();
        // The panic comes before the number is changed.
        *number = number.checked_add(amount).expect("the counter would overflow");
        *number
    }

    /// Says what the number is.
    pub fn get(&self) -> u64 {
        *self.lock()
    }

    /// Puts `change` of the number in its place and says what that is.
    pub fn update(&self, change: &mut dyn FnMut(u64) -> u64) -> u64 {
        // Held while `change` runs: otherwise another thread's change could come between, and be lost.
        let mut number = self.lock();
        *number = change(*number);
        *number
    }

    /// A panic leaves the number as it was before: what is under a poisoned lock is sound.
    fn lock(&self) -> MutexGuard<'_, u64> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
