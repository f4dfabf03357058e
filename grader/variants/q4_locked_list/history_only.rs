//! Variant: the list is its history; the numbers are worked out from it each time. The threads walk
//! by recursion instead of loops.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::sync::{Mutex, PoisonError};
use std::thread;

#[derive(Debug, Default)]
pub struct NumberList {
    history: Mutex<Vec<Event>>,
}

/// What is in a list with this history, oldest first.
fn numbers_after(history: &[Event]) -> Vec<u64> {
    let removed = history.iter().filter(|event| matches!(event, Event::Removed(_))).count();
    let added = history.iter().filter_map(|event| match event {
        Event::Added(number) => Some(*number),
        Event::Removed(_) | Event::Empty => None,
    });
    added.skip(removed).collect()
}

impl NumberList {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&self, number: u64) {
        self.with(|history| history.push(Event::Added(number)));
    }

    pub fn remove(&self) -> Option<u64> {
        self.with(|history| {
            let oldest = numbers_after(history).first().copied();
            history.push(oldest.map_or(Event::Empty, Event::Removed));
            oldest
        })
    }

    pub fn len(&self) -> usize {
        self.with(|history| numbers_after(history).len())
    }

    pub fn is_empty(&self) -> bool {
        self.with(|history| numbers_after(history).is_empty())
    }

    pub fn history(&self) -> Vec<Event> {
        self.with(|history| history.clone())
    }

    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        self.with(|history| look(&numbers_after(history)));
    }

    pub fn into_numbers(self) -> Vec<u64> {
        numbers_after(&self.history.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn with<R>(&self, step: impl FnOnce(&mut Vec<Event>) -> R) -> R {
        step(&mut self.history.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Adds the first number, then the rest.
fn add_each(list: &NumberList, numbers: &[u64], pause: &(dyn Fn() + Sync)) {
    if let [first, rest @ ..] = numbers {
        list.add(*first);
        pause();
        add_each(list, rest, pause);
    }
}

/// Tries to remove once, then the other times.
fn remove_each(list: &NumberList, times: usize, pause: &(dyn Fn() + Sync)) {
    if let Some(fewer) = times.checked_sub(1) {
        list.remove();
        pause();
        remove_each(list, fewer, pause);
    }
}

pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    let list = NumberList::new();
    thread::scope(|scope| {
        scope.spawn(|| add_each(&list, numbers, pause));
        scope.spawn(|| remove_each(&list, removals, pause));
    });
    list
}
