//! Variant: a lock made by hand from a flag and a condition variable; what it guards lives in a
//! second mutex, which is never contended.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError, TryLockError};
use std::thread;

#[derive(Debug, Default)]
pub struct NumberList {
    taken: Mutex<bool>,
    free: Condvar,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    numbers: VecDeque<u64>,
    history: Vec<Event>,
}

/// Gives the lock back when dropped, also when the step panics.
struct Turn<'list>(&'list NumberList);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.free.notify_one();
    }
}

impl NumberList {
    pub fn new() -> Self {
        NumberList { taken: Mutex::new(false), free: Condvar::new(), state: Mutex::default() }
    }

    pub fn add(&self, number: u64) {
        self.step(|state| {
            state.numbers.push_back(number);
            state.history.push(Event::Added(number));
        })
    }

    pub fn remove(&self) -> Option<u64> {
        self.step(|state| {
            let number = state.numbers.pop_front();
            state.history.push(number.map_or(Event::Empty, Event::Removed));
            number
        })
    }

    pub fn len(&self) -> usize {
        self.step(|state| state.numbers.len())
    }

    pub fn is_empty(&self) -> bool {
        self.step(|state| state.numbers.is_empty())
    }

    pub fn history(&self) -> Vec<Event> {
        self.step(|state| state.history.clone())
    }

    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        self.step(|state| look(state.numbers.make_contiguous()))
    }

    pub fn into_numbers(self) -> Vec<u64> {
        self.step(|state| std::mem::take(&mut state.numbers)).into()
    }

    fn step<R>(&self, step: impl FnOnce(&mut State) -> R) -> R {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = self.free.wait_while(taken, |taken| *taken).unwrap_or_else(PoisonError::into_inner);
        *taken = true;
        drop(taken);
        let _turn = Turn(self); // declared first, so dropped last
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => unreachable!("it is our turn"),
        };
        step(&mut state)
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
