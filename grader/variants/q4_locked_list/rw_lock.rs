//! Variant: a readers-writer lock; who only looks shares it.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;

#[derive(Debug, Default)]
pub struct NumberList {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    numbers: Vec<u64>,
    history: Vec<Event>,
}

impl NumberList {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&self, number: u64) {
        let mut state = self.write();
        state.numbers.push(number);
        state.history.push(Event::Added(number));
    }

    pub fn remove(&self) -> Option<u64> {
        let mut state = self.write();
        if state.numbers.is_empty() {
            state.history.push(Event::Empty);
            return None;
        }
        let number = state.numbers.remove(0);
        state.history.push(Event::Removed(number));
        Some(number)
    }

    pub fn len(&self) -> usize {
        self.read().numbers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.read().numbers.is_empty()
    }

    pub fn history(&self) -> Vec<Event> {
        self.read().history.to_vec()
    }

    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        let state = self.read();
        look(&state.numbers);
    }

    pub fn into_numbers(self) -> Vec<u64> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).numbers
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        match self.state.write() {
            Ok(state) => state,
            Err(poisoned) => {
                self.state.clear_poison();
                poisoned.into_inner()
            }
        }
    }
}

pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    let list = NumberList::new();
    thread::scope(|scope| {
        let list = &list;
        // The other way round than most: the remover starts first.
        let remover = move || {
            let mut left = removals;
            while left > 0 {
                list.remove();
                pause();
                left -= 1;
            }
        };
        scope.spawn(remover);
        scope.spawn(move || {
            numbers.iter().copied().for_each(|number| {
                list.add(number);
                pause();
            })
        });
    });
    list
}
