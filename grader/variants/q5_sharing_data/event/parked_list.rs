//! Variant: a list of parked threads, each with a flag of its own that `set` raises; no condition variable.

use std::sync::atomic::{AtomicBool, Ordering::{Acquire, Release}};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
struct State {
    is_set: bool,
    waiting: Vec<(Thread, Arc<AtomicBool>)>,
}

#[derive(Debug, Default)]
pub struct Event(Mutex<State>);

impl Event {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn set(&self) {
        let waiting = {
            let mut state = self.lock();
            state.is_set = true;
            std::mem::take(&mut state.waiting)
        };
        for (thread, goes_on) in waiting {
            goes_on.store(true, Release);
            thread.unpark();
        }
    }

    pub fn clear(&self) {
        self.lock().is_set = false;
    }

    pub fn is_set(&self) -> bool {
        self.lock().is_set
    }

    pub fn wait(&self) {
        if let Some(goes_on) = self.queue_up() {
            while !goes_on.load(Acquire) {
                thread::park();
            }
        }
    }

    pub fn wait_timeout(&self, limit: Duration) -> bool {
        let start = Instant::now();
        let Some(goes_on) = self.queue_up() else { return true };
        while !goes_on.load(Acquire) {
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                // A `set` may just have taken it off the list: then it counts.
                let mut state = self.lock();
                let before = state.waiting.len();
                state.waiting.retain(|(_, other)| !Arc::ptr_eq(other, &goes_on));
                return state.waiting.len() == before;
            }
            thread::park_timeout(left);
        }
        true
    }

    fn queue_up(&self) -> Option<Arc<AtomicBool>> {
        let mut state = self.lock();
        if state.is_set {
            return None;
        }
        let goes_on = Arc::new(AtomicBool::new(false));
        state.waiting.push((thread::current(), goes_on.clone()));
        Some(goes_on)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
