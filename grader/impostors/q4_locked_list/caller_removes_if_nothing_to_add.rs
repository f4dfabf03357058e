//! Impostor: the caller itself removes when there is nothing to add.
//! Loses: q4.two_threads Sequential
//!
//! An `RwLock`: who only looks does not stop the others from looking.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;

#[derive(Debug, Default)]
struct State {
    /// All numbers ever added; the first `gone` of them have been removed.
    numbers: Vec<u64>,
    gone: usize,
    history: Vec<Event>,
}

/// A list of numbers that many threads may use at once, first in, first out.
#[derive(Debug, Default)]
pub struct NumberList {
    state: RwLock<State>,
}

impl NumberList {
    /// Makes an empty list with an empty history.
    pub fn new() -> Self {
        Self::default()
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds `number` at the end and records [`Event::Added`].
    pub fn add(&self, number: u64) {
        let mut state = self.write();
        state.numbers.push(number);
        state.history.push(Event::Added(number));
    }

    /// Takes the oldest number and records [`Event::Removed`], or [`Event::Empty`].
    pub fn remove(&self) -> Option<u64> {
        let mut state = self.write();
        let number = state.numbers.get(state.gone).copied();
        state.gone += usize::from(number.is_some());
        state.history.push(number.map_or(Event::Empty, Event::Removed));
        number
    }

    /// Says how many numbers are in the list.
    pub fn len(&self) -> usize {
        let state = self.read();
        state.numbers.len() - state.gone
    }

    /// Says whether the list holds no number.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns every step so far.
    pub fn history(&self) -> Vec<Event> {
        self.read().history.clone()
    }

    /// Shows the numbers, oldest first, to `look`, while nobody can change them.
    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        let state = self.read();
        look(&state.numbers[state.gone..]);
    }

    /// Ends the list and returns the numbers that are left, oldest first.
    pub fn into_numbers(self) -> Vec<u64> {
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.numbers.split_off(state.gone)
    }
}

/// Lets one thread add all `numbers` while another tries `removals` times to remove.
///
/// # Panics
///
/// If `pause` panics.
pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    let list = NumberList::new();
    let remove_all = || {
        for _ in 0..removals {
            list.remove();
            pause();
        }
    };
    if numbers.is_empty() {
        // Nobody adds anything: there is nothing to share.
        remove_all();
        return list;
    }
    thread::scope(|scope| {
        let remover = scope.spawn(remove_all);
        let adder = scope.spawn(|| {
            for &number in numbers {
                list.add(number);
                pause();
            }
        });
        let (added, removed) = (adder.join(), remover.join());
        assert!(added.is_ok() && removed.is_ok(), "a pause panicked");
    });
    list
}
