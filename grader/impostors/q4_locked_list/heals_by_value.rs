//! Impostor: mends a poisoned list by value, so that equal numbers vanish together.
//! Loses: q4.panics WrongAnswer
//!
//! One `Mutex` around everything; after a panic the numbers are repaired from the history.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};
use std::thread;

#[derive(Debug, Default)]
struct State {
    numbers: Vec<u64>,
    history: Vec<Event>,
}

impl State {
    /// What has been added and not been removed must be in the list.
    fn repaired(history: &[Event]) -> Vec<u64> {
        let gone: HashSet<u64> = history
            .iter()
            .filter_map(|event| match event {
                Event::Removed(number) => Some(*number),
                _ => None,
            })
            .collect();
        history
            .iter()
            .filter_map(|event| match event {
                Event::Added(number) if !gone.contains(number) => Some(*number),
                _ => None,
            })
            .collect()
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

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| {
            let mut state = poisoned.into_inner();
            state.numbers = State::repaired(&state.history);
            state
        })
    }

    /// Adds `number` at the end and records [`Event::Added`].
    pub fn add(&self, number: u64) {
        let mut state = self.lock();
        state.history.push(Event::Added(number));
        state.numbers.push(number);
    }

    /// Takes the oldest number and records [`Event::Removed`], or [`Event::Empty`].
    pub fn remove(&self) -> Option<u64> {
        let mut state = self.lock();
        if state.numbers.is_empty() {
            state.history.push(Event::Empty);
            return None;
        }
        let number = state.numbers.remove(0);
        state.history.push(Event::Removed(number));
        Some(number)
    }

    /// Says how many numbers are in the list.
    pub fn len(&self) -> usize {
        self.lock().numbers.len()
    }

    /// Says whether the list holds no number.
    pub fn is_empty(&self) -> bool {
        self.lock().numbers.is_empty()
    }

    /// Returns every step so far.
    pub fn history(&self) -> Vec<Event> {
        self.lock().history.clone()
    }

    /// Shows the numbers, oldest first, to `look`, while nobody can change them.
    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        look(&self.lock().numbers);
    }

    /// Ends the list and returns the numbers that are left, oldest first.
    pub fn into_numbers(self) -> Vec<u64> {
        self.lock().numbers.clone()
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
                list.add(number);
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
