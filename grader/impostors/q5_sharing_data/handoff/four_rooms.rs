//! Impostor: those who give wait in four rooms, by number, of which one is woken.
//! Loses: q5.handoff_meets Deadlock|LostWakeUp
//! Tempting: fewer are woken for nothing.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    given: u64,
    taken: u64,
}

/// Passes items from hand to hand.
#[derive(Debug)]
pub struct Handoff<T> {
    state: Mutex<State<T>>,
    come: Condvar,
    gone: [Condvar; 4],
}

impl<T> Default for Handoff<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Handoff<T> {
    /// Makes a handoff at which nobody waits.
    pub fn new() -> Self {
        let state = State { items: VecDeque::new(), given: 0, taken: 0 };
        Self { state: Mutex::new(state), come: Condvar::new(), gone: [const { Condvar::new() }; 4] }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives an item, and waits until it is taken.
    pub fn give(&self, item: T) {
        let mut state = self.state();
        let mine = state.given;
        state.given += 1;
        state.items.push_back(item);
        self.come.notify_one();
        while state.taken <= mine {
            // Four rooms to wait in: fewer wake up for nothing.
            state = self.gone[(mine % 4) as usize].wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes an item; waits until there is one.
    pub fn take(&self) -> T {
        let mut state = self.state();
        loop {
            if let Some(item) = state.items.pop_front() {
                self.gone[(state.taken % 4) as usize].notify_one();
                state.taken += 1;
                return item;
            }
            state = self.come.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
