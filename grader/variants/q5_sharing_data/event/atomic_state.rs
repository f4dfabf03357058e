//! Variant: one atomic number holds flag and count; the lock only keeps a `set` from coming between a look and a wait.

use std::sync::atomic::{AtomicU64, Ordering::{AcqRel, Acquire}};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
pub struct Event {
    /// Odd while it is set; what is above the lowest bit counts the settings.
    state: AtomicU64,
    gate: Mutex<()>,
    opened: Condvar,
}

impl Event {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn set(&self) {
        let _ = self.state.fetch_update(AcqRel, Acquire, |state| Some((state | 1) + 2));
        drop(self.gate.lock());
        self.opened.notify_all();
    }

    pub fn clear(&self) {
        self.state.fetch_and(!1, AcqRel);
    }

    pub fn is_set(&self) -> bool {
        self.state.load(Acquire) & 1 == 1
    }

    pub fn wait(&self) {
        self.wait_timeout(Duration::MAX);
    }

    pub fn wait_timeout(&self, limit: Duration) -> bool {
        let start = Instant::now();
        let before = self.state.load(Acquire);
        if before & 1 == 1 {
            return true;
        }
        let mut gate = self.gate.lock().unwrap();
        while self.state.load(Acquire) == before {
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                return false;
            }
            gate = self.opened.wait_timeout(gate, left).unwrap().0;
        }
        true
    }
}
