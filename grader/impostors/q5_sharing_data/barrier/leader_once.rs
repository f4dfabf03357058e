//! Impostor: the leader is whoever is first in the life of the barrier.
//! Loses: q5.barrier_leader WrongAnswer|Race
//! Tempting: an atomic flag that is swapped names exactly one, once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

#[derive(Debug)]
pub struct Barrier {
    size: usize,
    state: Mutex<(usize, usize)>,
    complete: Condvar,
    has_leader: AtomicBool,
}

impl Barrier {
    pub fn new(size: usize) -> Self {
        assert!(size > 0, "a group has at least one thread");
        Self { size, state: Mutex::default(), complete: Condvar::new(), has_leader: AtomicBool::new(false) }
    }

    pub fn wait(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 += 1;
        if state.0 == self.size {
            state.0 = 0;
            state.1 += 1;
            self.complete.notify_all();
        } else {
            let mine = state.1;
            while state.1 == mine {
                state = self.complete.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        !self.has_leader.swap(true, Ordering::AcqRel)
    }
}
