//! Impostor: returns the transcript of the assignment, whatever was asked.
//! Loses: q4.no_lost_update WrongAnswer
//! A cheat: right for ten numbers and ten attempts; two threads keep up appearances.

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
        let number = state.numbers.pop_front();
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
    for number in 1..=10 {
        list.add(number);
        list.remove();
    }
    thread::scope(|scope| {
        scope.spawn(|| numbers.iter().for_each(|_| pause()));
        scope.spawn(|| (0..removals).for_each(|_| pause()));
    });
    list
}
