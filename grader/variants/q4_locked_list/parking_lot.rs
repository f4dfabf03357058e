//! Variant: a lock made by hand in which who has to wait lines up and parks; who lets go hands the
//! lock to the first in line.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread, ThreadId};

#[derive(Debug, Default)]
pub struct NumberList {
    lot: Mutex<Lot>,
    state: Mutex<State>,
}

/// Who holds the lock and who waits for it.
#[derive(Debug, Default)]
struct Lot {
    holder: Option<ThreadId>,
    line: VecDeque<Thread>,
}

#[derive(Debug, Default)]
struct State {
    numbers: VecDeque<u64>,
    history: Vec<Event>,
}

struct Release<'list>(&'list NumberList);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        let mut lot = sound(&self.0.lot);
        let next = lot.line.pop_front();
        lot.holder = next.as_ref().map(Thread::id);
        drop(lot);
        if let Some(next) = next {
            next.unpark();
        }
    }
}

fn sound<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl NumberList {
    pub fn new() -> Self {
        Self::default()
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
        self.locked(|state| state.numbers.drain(..).collect())
    }

    fn locked<R>(&self, step: impl FnOnce(&mut State) -> R) -> R {
        self.wait_for_lock();
        let _release = Release(self); // dropped after the guard below
        let mut state = sound(&self.state);
        step(&mut state)
    }

    fn wait_for_lock(&self) {
        let me = thread::current();
        let mut lot = sound(&self.lot);
        if lot.holder.is_none() {
            lot.holder = Some(me.id());
            return;
        }
        lot.line.push_back(me.clone());
        // `park` may return for no reason: only the lot says whose turn it is.
        while lot.holder != Some(me.id()) {
            drop(lot);
            thread::park();
            lot = sound(&self.lot);
        }
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
