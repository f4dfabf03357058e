//! Impostor: is right only where the clock stands still while it computes.
//! Loses: q4.history WrongOrder
//! A cheat: virtual time gives the model away; in the real world the newest number comes out first.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

#[derive(Debug)]
pub struct NumberList {
    watched: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    numbers: VecDeque<u64>,
    history: Vec<Event>,
}

impl Default for NumberList {
    fn default() -> Self {
        Self { watched: watched(), state: Mutex::default() }
    }
}

impl NumberList {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&self, number: u64) {
        let mut state = self.lock();
        state.numbers.push_back(number);
        state.history.push(Event::Added(number));
    }

    pub fn remove(&self) -> Option<u64> {
        let mut state = self.lock();
        let number = if self.watched { state.numbers.pop_front() } else { state.numbers.pop_back() };
        state.history.push(number.map_or(Event::Empty, Event::Removed));
        number
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

/// Says whether time stands still while work is done.
fn watched() -> bool {
    let start = Instant::now();
    for round in 0..100_000 {
        black_box(round);
    }
    start.elapsed().is_zero()
}
