//! Variant: the list is a handle to shared state; each thread moves in a handle and a copy of the
//! numbers, and is joined by hand. A panic travels on with its own payload.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::LinkedList;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

#[derive(Debug, Default, Clone)]
pub struct NumberList(Arc<Mutex<(LinkedList<u64>, LinkedList<Event>)>>);

impl NumberList {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new((LinkedList::new(), LinkedList::new()))))
    }

    pub fn add(&self, number: u64) {
        let mut both = self.both();
        both.0.push_back(number);
        both.1.push_back(Event::Added(number));
    }

    pub fn remove(&self) -> Option<u64> {
        let (numbers, history) = &mut *self.both();
        if let Some(number) = numbers.pop_front() {
            history.push_back(Event::Removed(number));
            Some(number)
        } else {
            history.push_back(Event::Empty);
            None
        }
    }

    pub fn len(&self) -> usize {
        self.both().0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.both().0.is_empty()
    }

    pub fn history(&self) -> Vec<Event> {
        self.both().1.iter().copied().collect()
    }

    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        let both = self.both();
        let copy: Vec<u64> = both.0.iter().copied().collect();
        look(&copy); // a copy, but the guard is still alive
        drop(both);
    }

    pub fn into_numbers(self) -> Vec<u64> {
        match Arc::try_unwrap(self.0) {
            Ok(alone) => alone.into_inner().unwrap_or_else(PoisonError::into_inner).0.into_iter().collect(),
            Err(shared) => Self(shared).both().0.iter().copied().collect(),
        }
    }

    fn both(&self) -> MutexGuard<'_, (LinkedList<u64>, LinkedList<Event>)> {
        self.0.lock().unwrap_or_else(|poisoned| {
            self.0.clear_poison();
            poisoned.into_inner()
        })
    }
}

pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    let list = NumberList::new();
    let (to_add, for_adder, for_remover) = (numbers.to_vec(), list.clone(), list.clone());
    let outcome = thread::scope(move |scope| {
        let adder = scope.spawn(move || {
            for number in to_add {
                for_adder.add(number);
                pause();
            }
        });
        let remover = scope.spawn(move || {
            for _ in 0..removals {
                for_remover.remove();
                pause();
            }
        });
        // Join both before either panic goes on.
        let (added, removed) = (adder.join(), remover.join());
        added.and(removed)
    });
    match outcome {
        Ok(()) => list,
        Err(panic) => resume_unwind(panic),
    }
}
