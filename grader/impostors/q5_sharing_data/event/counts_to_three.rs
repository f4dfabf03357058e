//! Impostor: sets are counted modulo 3.
//! Loses: q5.event_fleeting LostWakeUp|Deadlock
//! Tempting: nobody oversleeps three of them.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
struct State {
    set: bool,
    times: u64,
}

/// Is set or not, and can be waited for.
#[derive(Debug, Default)]
pub struct Event {
    state: Mutex<State>,
    news: Condvar,
}

impl Event {
    /// Makes an event that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the event.
    pub fn set(&self) {
        let mut state = self.state();
        state.set = true;
        state.times = (state.times + 1) % 3;
        self.news.notify_all();
    }

    /// Takes the flag down.
    pub fn clear(&self) {
        let mut state = self.state();
        state.set = false;
    }

    /// Says whether the event is set.
    pub fn is_set(&self) -> bool {
        self.state().set
    }

    /// Waits until the event is set.
    pub fn wait(&self) {
        let mut state = self.state();
        let before = state.times;
        while !state.set && state.times == before {
            state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until the event is set, or for `limit`.
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        let Some(deadline) = Instant::now().checked_add(limit) else {
            self.wait();
            return true;
        };
        let mut state = self.state();
        let before = state.times;
        while !state.set && state.times == before {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.news.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}
