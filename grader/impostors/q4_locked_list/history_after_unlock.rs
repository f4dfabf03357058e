//! Impostor: writes the history under a lock of its own, after the list has been let go.
//! Loses: q4.history Race
//! Tempting: two locks, each held as briefly as can be.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

#[derive(Debug, Default)]
pub struct NumberList {
    numbers: Mutex<VecDeque<u64>>,
    history: Mutex<Vec<Event>>,
}

impl NumberList {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&self, number: u64) {
        lock(&self.numbers).push_back(number);
        lock(&self.history).push(Event::Added(number));
    }

    pub fn remove(&self) -> Option<u64> {
        let number = lock(&self.numbers).pop_front();
        lock(&self.history).push(number.map_or(Event::Empty, Event::Removed));
        number
    }

    pub fn len(&self) -> usize {
        lock(&self.numbers).len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn history(&self) -> Vec<Event> {
        lock(&self.history).clone()
    }

    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        look(lock(&self.numbers).make_contiguous());
    }

    pub fn into_numbers(self) -> Vec<u64> {
        self.numbers.into_inner().unwrap_or_else(PoisonError::into_inner).into()
    }
}

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

/// Locks, poisoned or not.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
