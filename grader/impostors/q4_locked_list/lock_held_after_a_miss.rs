//! Impostor: the guard of a `match` lives on while pausing, but only after a removal in vain.
//! Loses: q4.pause_unlocked LockHeld
//!
//! One `Mutex` around the numbers and the history.

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

impl State {
    fn add(&mut self, number: u64) {
        self.numbers.push_back(number);
        self.history.push(Event::Added(number));
    }

    fn remove(&mut self) -> Option<u64> {
        let number = self.numbers.pop_front();
        self.history.push(number.map_or(Event::Empty, Event::Removed));
        number
    }
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

    /// Adds `number` at the end and records [`Event::Added`].
    pub fn add(&self, number: u64) {
        self.state().add(number);
    }

    /// Takes the oldest number and records [`Event::Removed`], or [`Event::Empty`].
    pub fn remove(&self) -> Option<u64> {
        self.state().remove()
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

    /// Shows the numbers, oldest first, to `look`, while nobody can change them.
    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        look(self.state().numbers.make_contiguous());
    }

    /// Ends the list and returns the numbers that are left, oldest first.
    pub fn into_numbers(self) -> Vec<u64> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).numbers.into()
    }
}

/// Lets one thread add all `numbers` while another tries `removals` times to remove.
///
/// # Panics
///
/// If `pause` panics.
pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    let list = NumberList::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            for &number in numbers {
                list.state().add(number);
                pause();
            }
        });
        scope.spawn(|| {
            let mut misses = 0_usize;
            for _ in 0..removals {
                match list.state().remove() {
                    Some(_) => {}
                    None => {
                        misses += 1;
                        pause();
                        continue;
                    }
                }
                pause();
            }
            misses
        });
    });
    list
}
