//! Impostor: who has been met is kept in 64 bits, by number.
//! Loses: q5.handoff_meets Race|WrongAnswer, q5.handoff_wakes LostWakeUp
//! Tempting: more than 64 never wait at once, and a word is quickly looked at.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
struct State<T> {
    items: VecDeque<(u64, T)>,
    given: u64,
    /// A bit for each place: whether what was given there is taken.
    taken: u64,
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
        let state = State { items: VecDeque::new(), given: 0, taken: 0 };
        Self { state: Mutex::new(state), come: Condvar::new(), gone: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives an item, and waits until it is taken.
    pub fn give(&self, item: T) {
        let mut state = self.state();
        let mine = 1 << (state.given % 64);
        state.given += 1;
        state.taken &= !mine;
        state.items.push_back((mine, item));
        self.come.notify_one();
        while state.taken & mine == 0 {
            state = self.gone.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes an item; waits until there is one.
    pub fn take(&self) -> T {
        let mut state = self.state();
        loop {
            if let Some((place, item)) = state.items.pop_front() {
                state.taken |= place;
                self.gone.notify_all();
                return item;
            }
            state = self.come.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
