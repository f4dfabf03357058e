//! Impostor: whoever gives up leaves the line at the place at which it came.
//! Loses: q5.event_wakes Deadlock|LostWakeUp
//! Tempting: a place is found faster than a number.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
struct State {
    set: bool,
    waiting: Vec<Arc<Waiter>>,
}

#[derive(Debug, Default)]
struct Waiter {
    goes: Mutex<bool>,
    bell: Condvar,
}

/// Is set or not, and can be waited for.
#[derive(Debug, Default)]
pub struct Event {
    state: Mutex<State>,
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
        for waiter in state.waiting.drain(..) {
            *waiter.goes.lock().unwrap_or_else(PoisonError::into_inner) = true;
            waiter.bell.notify_one();
        }
    }

    /// Takes the flag down.
    pub fn clear(&self) {
        self.state().set = false;
    }

    /// Says whether the event is set.
    pub fn is_set(&self) -> bool {
        self.state().set
    }

    fn wait_until(&self, deadline: Option<Instant>) -> bool {
        let mut state = self.state();
        if state.set {
            return true;
        }
        let me = Arc::new(Waiter::default());
        let at = state.waiting.len();
        state.waiting.push(Arc::clone(&me));
        drop(state);
        let mut goes = me.goes.lock().unwrap_or_else(PoisonError::into_inner);
        while !*goes {
            let Some(deadline) = deadline else {
                goes = me.bell.wait(goes).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(goes);
                let mut state = self.state();
                // A `set` may have come in between.
                if *me.goes.lock().unwrap_or_else(PoisonError::into_inner) {
                    return true;
                }
                if at < state.waiting.len() {
                    state.waiting.remove(at);
                }
                return false;
            }
            goes = me.bell.wait_timeout(goes, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Waits until the event is set.
    pub fn wait(&self) {
        self.wait_until(None);
    }

    /// Waits until the event is set, or for `limit`.
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        self.wait_until(Instant::now().checked_add(limit))
    }
}
