//! Impostor: all counters share one lock.
//! Loses: q5.counter_update SelfDeadlock
//! Tempting: a lock for each would be large.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whoever changes a counter holds this; who only looks does not need it.
static CHANGE: Mutex<()> = Mutex::new(());

/// Holds a number, which is 0 at first.
#[derive(Debug, Default)]
pub struct Counter {
    number: AtomicU64,
}

impl Counter {
    /// Makes a counter at 0.
    pub fn new() -> Self {
        Self::default()
    }

    fn change() -> MutexGuard<'static, ()> {
        CHANGE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds `amount` and says what the number is by that.
    pub fn add(&self, amount: u64) -> u64 {
        let _change = Self::change();
        let Some(sum) = self.number.load(SeqCst).checked_add(amount) else {
            panic!("{amount} more is more than a counter holds");
        };
        self.number.store(sum, SeqCst);
        sum
    }

    /// Says what the number is.
    pub fn get(&self) -> u64 {
        self.number.load(SeqCst)
    }

    /// Puts `change` of the number in its place and says what that is.
    pub fn update(&self, change: &mut dyn FnMut(u64) -> u64) -> u64 {
        let _change = Self::change();
        let new = change(self.number.load(SeqCst));
        self.number.store(new, SeqCst);
        new
    }
}
