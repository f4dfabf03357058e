//! Impostor: records a removal in vain after the lock is gone, though at its old place.
//! Loses: q4.history Race
//!
//! One lock for the list and its steps, one for the misses: a miss changes nothing.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

#[derive(Debug, Default)]
struct Book {
    numbers: VecDeque<u64>,
    steps: Vec<Event>,
}

/// A list of numbers that many threads may use at once, first in, first out.
#[derive(Debug, Default)]
pub struct NumberList {
    book: Mutex<Book>,
    /// Before which of the steps somebody found the list empty.
    misses: Mutex<Vec<usize>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl NumberList {
    /// Makes an empty list with an empty history.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `number` at the end and records [`Event::Added`].
    pub fn add(&self, number: u64) {
        let mut book = lock(&self.book);
        book.numbers.push_back(number);
        book.steps.push(Event::Added(number));
    }

    /// Takes the oldest number and records [`Event::Removed`], or [`Event::Empty`].
    pub fn remove(&self) -> Option<u64> {
        let at = {
            let mut book = lock(&self.book);
            if let Some(number) = book.numbers.pop_front() {
                book.steps.push(Event::Removed(number));
                return Some(number);
            }
            book.steps.len()
        };
        lock(&self.misses).push(at);
        None
    }

    /// Says how many numbers are in the list.
    pub fn len(&self) -> usize {
        lock(&self.book).numbers.len()
    }

    /// Says whether the list holds no number.
    pub fn is_empty(&self) -> bool {
        lock(&self.book).numbers.is_empty()
    }

    /// Returns every step so far, each miss where the list was empty.
    pub fn history(&self) -> Vec<Event> {
        let book = lock(&self.book);
        let mut misses = lock(&self.misses).clone();
        misses.sort_unstable();
        let mut misses = misses.into_iter().peekable();
        let mut history = Vec::new();
        for (at, &step) in book.steps.iter().enumerate() {
            while misses.next_if_eq(&at).is_some() {
                history.push(Event::Empty);
            }
            history.push(step);
        }
        history.extend(misses.map(|_| Event::Empty));
        history
    }

    /// Shows the numbers, oldest first, to `look`, while nobody can change them.
    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        look(lock(&self.book).numbers.make_contiguous());
    }

    /// Ends the list and returns the numbers that are left, oldest first.
    pub fn into_numbers(self) -> Vec<u64> {
        self.book.into_inner().unwrap_or_else(PoisonError::into_inner).numbers.into()
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
