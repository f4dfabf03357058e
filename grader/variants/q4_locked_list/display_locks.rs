//! Variant: prints the list at every step, and printing it takes the lock.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// A list of numbers that many threads may use at once, first in, first out.
#[derive(Debug, Default)]
pub struct NumberList {
    state: Mutex<State>,
}

/// What the lock guards: the two must change together.
#[derive(Debug, Default)]
struct State {
    numbers: VecDeque<u64>,
    history: Vec<Event>,
}

impl NumberList {
    /// Makes an empty list with an empty history.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `number` at the end and records [`Event::Added`].
    pub fn add(&self, number: u64) {
        let mut state = self.lock();
        state.numbers.push_back(number);
        state.history.push(Event::Added(number));
        drop(state);
        eprintln!("added {number}: {self}");
    }

    /// Takes the oldest number and records [`Event::Removed`], or [`Event::Empty`].
    pub fn remove(&self) -> Option<u64> {
        // One guard for look, step and record: with two, another thread could empty the list
        // between the look and the step, or record its own step before ours.
        let mut state = self.lock();
        let number = state.numbers.pop_front();
        state.history.push(number.map_or(Event::Empty, Event::Removed));
        drop(state);
        println!("removed {number:?}: {self}");
        number
    }

    /// Says how many numbers are in the list.
    pub fn len(&self) -> usize {
        self.lock().numbers.len()
    }

    /// Says whether the list holds no number.
    pub fn is_empty(&self) -> bool {
        self.lock().numbers.is_empty()
    }

    /// Returns every step so far, in the order in which the steps really happened.
    pub fn history(&self) -> Vec<Event> {
        self.lock().history.clone()
    }

    /// Shows the numbers, oldest first, to `look`, while nobody can change them.
    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        let mut state = self.lock();
        look(state.numbers.make_contiguous());
    }

    /// Ends the list and returns the numbers that are left, oldest first.
    pub fn into_numbers(self) -> Vec<u64> {
        // Nobody else can hold the lock: `self` is ours alone. It may still be poisoned.
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).numbers.into()
    }

    /// Locks the state, poisoned or not: only `look` can panic under the lock, and it has only
    /// looked, so what a panicking thread leaves behind is sound.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for NumberList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} numbers", self.lock().numbers.len())
    }
}

/// Lets one thread add all `numbers`, in order, while another tries `removals` times to remove.
///
/// # Panics
///
/// If `pause` panics in one thread, both threads end and this function panics.
pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    let list = NumberList::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            for &number in numbers {
                list.add(number); // the guard is gone before `pause`
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
