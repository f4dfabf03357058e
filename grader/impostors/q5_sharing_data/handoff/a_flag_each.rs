//! Impostor: who has been met is kept in 256 flags, by number.
//! Loses: q5.handoff_wakes LostWakeUp
//! Tempting: more than 256 never wait at once.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
struct State<T> {
    items: VecDeque<(usize, T)>,
    given: usize,
    /// For each place whether what was given there is taken.
    taken: [bool; 256],
}

/// Passes items from hand to hand.
#[derive(Debug)]
pub struct Handoff<T> {
    state: Mutex<State<T>>,
    come: Condvar,
    gone: Condvar,
}

impl<T> Default for Handoff<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Handoff<T> {
    /// Makes a handoff at which nobody waits.
    pub fn new() -> Self {
        let state = State { items: VecDeque::new(), given: 0, taken: [false; 256] };
        Self { state: Mutex::new(state), come: Condvar::new(), gone: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives an item, and waits until it is taken.
    pub fn give(&self, item: T) {
        let mut state = self.state();
        let mine = state.given % 256;
        state.given += 1;
        state.taken[mine] = false;
        state.items.push_back((mine, item));
        self.come.notify_one();
        while !state.taken[mine] {
            state = self.gone.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes an item; waits until there is one.
    pub fn take(&self) -> T {
        let mut state = self.state();
        loop {
            if let Some((place, item)) = state.items.pop_front() {
                state.taken[place] = true;
                self.gone.notify_all();
                return item;
            }
            state = self.come.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
