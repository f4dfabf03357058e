//! Impostor: keeps the guard alive while `pause` runs.
//! Loses: q4.pause_unlocked LockHeld
//! Tempting: `with lock:` around the whole loop body is how the Python original reads.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

#[derive(Debug, Default)]
pub struct NumberList {
    state: Mutex<State>,
}

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

impl NumberList {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&self, number: u64) {
        self.lock().add(number);
    }

    pub fn remove(&self) -> Option<u64> {
        self.lock().remove()
    }

    pub fn len(&self) -> usize {
        self.lock().numbers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn history(&self) -> Vec<Event> {
        self.lock().history.clone()
    }

    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        look(self.lock().numbers.make_contiguous());
    }

    pub fn into_numbers(self) -> Vec<u64> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).numbers.into()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    let list = NumberList::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            for &number in numbers {
                let mut state = list.lock();
                state.add(number);
                pause();
            }
        });
        scope.spawn(|| {
            for _ in 0..removals {
                let mut state = list.lock();
                state.remove();
                pause();
            }
        });
    });
    list
}
