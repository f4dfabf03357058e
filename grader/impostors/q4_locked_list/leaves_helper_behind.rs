//! Impostor: a housekeeping thread gives memory back, and nobody tells it that the list is gone.
//! Loses: q4.ended LeakedThread
//! Tempting: it is never in the way, and it holds nothing but one more `Arc`.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

#[derive(Debug)]
pub struct NumberList {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct State {
    numbers: VecDeque<u64>,
    history: Vec<Event>,
}

impl Default for NumberList {
    fn default() -> Self {
        let shared = Arc::new(Shared::default());
        let mine = Arc::clone(&shared);
        thread::spawn(move || {
            let mut state = mine.state.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                state = mine.emptied.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.numbers.shrink_to_fit();
            }
        });
        Self { shared }
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
        let number = state.numbers.pop_front();
        state.history.push(number.map_or(Event::Empty, Event::Removed));
        if state.numbers.is_empty() {
            self.shared.emptied.notify_one();
        }
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
        std::mem::take(&mut self.lock().numbers).into()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
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
