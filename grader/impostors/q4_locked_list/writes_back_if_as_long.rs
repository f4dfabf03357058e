//! Impostor: writes a changed copy back if only the length is still the same.
//! Loses: q4.no_lost_update Race, q4.history Race
//!
//! The work is done on a copy, without the lock; the lock is held only to put the copy in place,
//! and only if nobody has changed the list meanwhile.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

#[derive(Debug, Default)]
struct State {
    numbers: Vec<u64>,
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

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a copy of the numbers, again and again until no other change has come between.
    fn change<R>(&self, step: impl Fn(&mut Vec<u64>) -> (Event, R)) -> R {
        loop {
            let mut copy = self.lock().numbers.clone();
            let before = copy.len();
            let (event, answer) = step(&mut copy);
            let mut state = self.lock();
            if state.numbers.len() == before {
                state.numbers = copy;
                state.history.push(event);
                return answer;
            }
        }
    }

    /// Adds `number` at the end and records [`Event::Added`].
    pub fn add(&self, number: u64) {
        self.change(|numbers| {
            numbers.push(number);
            (Event::Added(number), ())
        })
    }

    /// Takes the oldest number and records [`Event::Removed`], or [`Event::Empty`].
    pub fn remove(&self) -> Option<u64> {
        self.change(|numbers| {
            if numbers.is_empty() {
                return (Event::Empty, None);
            }
            let number = numbers.remove(0);
            (Event::Removed(number), Some(number))
        })
    }

    /// Says how many numbers are in the list.
    pub fn len(&self) -> usize {
        self.lock().numbers.len()
    }

    /// Says whether the list holds no number.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).numbers
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
