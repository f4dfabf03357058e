//! An event: a flag and a count of its settings under a mutex, and a condition variable for whoever waits.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Is set or not, and can be waited for. Any number of threads may use it at once, and again and again.
#[derive(Debug, Default)]
pub struct Event {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_set: bool,
    /// How often it was set. The flag alone is not enough: it may be down again before a woken thread gets to look.
    settings: u64,
}

impl Event {
    /// Makes an event that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the event, and lets everyone who waits for it go on.
    pub fn set(&self) {
        let mut state = self.lock();
        state.is_set = true;
        state.settings += 1;
        self.changed.notify_all();
    }

    /// Takes the flag down.
    pub fn clear(&self) {
        self.lock().is_set = false;
    }

    /// Says whether the event is set.
    pub fn is_set(&self) -> bool {
        self.lock().is_set
    }

    /// Waits until the event is set.
    pub fn wait(&self) {
        let mut state = self.lock();
        let before = state.settings;
        // A loop: a wake-up may come for no reason.
        while !state.is_set && state.settings == before {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until the event is set; gives up with `false` when it has waited for `limit`.
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        let start = Instant::now();
        let mut state = self.lock();
        let before = state.settings;
        while !state.is_set && state.settings == before {
            // What is left of the limit, not the whole of it again after each wake-up.
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                return false;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Nothing can panic under the lock: poison means nothing here.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
