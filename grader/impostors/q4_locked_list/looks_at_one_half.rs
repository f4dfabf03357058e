//! Impostor: `look` is shown the first of the two halves of a ring.
//! Loses: q4.counts WrongAnswer
//! Tempting: as long as the ring has not gone round, there is one.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

#[derive(Debug, Default)]
struct State {
    numbers: VecDeque<u64>,
    history: Vec<Event>,
}

/// A list of numbers that many threads may use at once, first in, first out.
#[derive(Debug, Default)]
pub struct NumberList {
    state: Mutex<State>,
}

impl NumberList {
    /// Makes an empty list with an empty history.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds `number` at the end.
    pub fn add(&self, number: u64) {
        let mut state = self.state();
        state.numbers.push_back(number);
        state.history.push(Event::Added(number));
    }

    /// Takes the oldest number.
    pub fn remove(&self) -> Option<u64> {
        let mut state = self.state();
        let number = state.numbers.pop_front();
        state.history.push(number.map_or(Event::Empty, Event::Removed));
        number
    }

    /// Says how many numbers are in the list.
    pub fn len(&self) -> usize {
        self.state().numbers.len()
    }

    /// Says whether the list holds no number.
    pub fn is_empty(&self) -> bool {
        self.state().numbers.is_empty()
    }

    /// Returns every step so far.
    pub fn history(&self) -> Vec<Event> {
        self.state().history.clone()
    }

    /// Shows the numbers, oldest first, to `look`.
    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        let state = self.state();
        look(state.numbers.as_slices().0);
    }

    /// Ends the list and returns the numbers that are left, oldest first.
    pub fn into_numbers(self) -> Vec<u64> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).numbers.into()
    }
}

/// Lets one thread add all `numbers`, in order, while another tries `removals` times to remove.
pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    let list = NumberList::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in numbers {
                list.add(*number);
                pause();
            }
        });
        scope.spawn(|| {
            for _ in 0..removals {
                list.remove();
                pause();
            }
        });
    });
    list
}
