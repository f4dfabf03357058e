//! Variant: an atomic flag as the lock; who finds it taken signs a list of sleepers and parks, so
//! nobody spins.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{self, Thread};

#[derive(Debug, Default)]
pub struct NumberList {
    taken: AtomicBool,
    sleepers: Mutex<VecDeque<Thread>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    numbers: VecDeque<u64>,
    history: Vec<Event>,
}

struct Unlock<'list>(&'list NumberList);

impl Drop for Unlock<'_> {
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::SeqCst);
        let sleeper = self.0.sleepers().pop_front();
        if let Some(sleeper) = sleeper {
            sleeper.unpark();
        }
    }
}

impl NumberList {
    pub fn new() -> Self {
        Self { taken: AtomicBool::new(false), sleepers: Mutex::default(), state: Mutex::default() }
    }

    pub fn add(&self, number: u64) {
        self.locked(|state| {
            state.numbers.push_back(number);
            state.history.push(Event::Added(number));
        });
    }

    pub fn remove(&self) -> Option<u64> {
        self.locked(|state| {
            let number = state.numbers.pop_front();
            state.history.push(number.map_or(Event::Empty, Event::Removed));
            number
        })
    }

    pub fn len(&self) -> usize {
        self.locked(|state| state.numbers.len())
    }

    pub fn is_empty(&self) -> bool {
        self.locked(|state| state.numbers.is_empty())
    }

    pub fn history(&self) -> Vec<Event> {
        self.locked(|state| state.history.clone())
    }

    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        self.locked(|state| look(state.numbers.make_contiguous()));
    }

    pub fn into_numbers(self) -> Vec<u64> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).numbers.into()
    }

    fn locked<R>(&self, step: impl FnOnce(&mut State) -> R) -> R {
        while !self.try_take() {
            self.sleepers().push_back(thread::current());
            // Once more, now that whoever lets go can see us: without this the wake-up is lost.
            if self.try_take() {
                break;
            }
            thread::park();
        }
        let me = thread::current().id();
        self.sleepers().retain(|sleeper| sleeper.id() != me);
        let _unlock = Unlock(self); // dropped after the guard below
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => unreachable!("the flag is ours"),
        };
        step(&mut state)
    }

    fn try_take(&self) -> bool {
        self.taken.compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    fn sleepers(&self) -> MutexGuard<'_, VecDeque<Thread>> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
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
