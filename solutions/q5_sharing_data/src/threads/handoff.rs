//! A handoff: items wait in a queue, each under a number, and are counted as they are taken.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Passes items of any type that can be sent, from hand to hand. Any number of threads may give and take at once.
#[derive(Debug)]
pub struct Handoff<T> {
    state: Mutex<State<T>>,
    given: Condvar,
    taken: Condvar,
}

#[derive(Debug)]
struct State<T> {
    /// Oldest first.
    waiting: VecDeque<T>,
    /// How many were ever given; how many of those were taken. Items are taken in the order in which they were given,
    /// so these numbers say of every item whether it is gone.
    given: u64,
    taken: u64,
}

impl<T> Default for Handoff<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Handoff<T> {
    /// Makes a handoff at which nobody waits.
    pub fn new() -> Self {
        let state = State { waiting: VecDeque::new(), given: 0, taken: 0 };
        Self { state: Mutex::new(state), given: Condvar::new(), taken: Condvar::new() }
    }

    /// Gives an item; waits until a thread has taken this very item.
    pub fn give(&self, item: T) {
        let mut state = self.lock();
        let mine = state.given;
        state.given += 1;
        state.waiting.push_back(item);
        self.given.notify_one();
        // Not "until the queue is empty": by then another item may lie there, or another's may have been taken.
        while state.taken <= mine {
            state = self.taken.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes an item; waits until there is one.
    pub fn take(&self) -> T {
        let mut state = self.lock();
        loop {
            if let Some(item) = state.waiting.pop_front() {
                state.taken += 1;
                // To all: they wait for different items, and only one of them for this one.
                self.taken.notify_all();
                return item;
            }
            state = self.given.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Nothing can panic under the lock: poison means nothing here.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
