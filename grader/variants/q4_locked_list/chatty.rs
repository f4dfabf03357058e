//! Variant: prints every step while it works, to both streams, as one does while looking for a bug.

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
        eprintln!("new list");
        Self::default()
    }

    pub fn add(&self, number: u64) {
        let mut state = self.lock();
        state.numbers.push_back(number);
        state.history.push(Event::Added(number));
        eprintln!("{:?} added {number}: {:?}", thread::current().id(), state.numbers);
    }

    pub fn remove(&self) -> Option<u64> {
        let mut state = self.lock();
        let number = state.numbers.pop_front();
        state.history.push(number.map_or(Event::Empty, Event::Removed));
        drop(state);
        match number {
            Some(number) => println!("Removed {number} from the list"),
            None => println!("List is empty, cannot remove"),
        }
        dbg!(number)
    }

    pub fn len(&self) -> usize {
        dbg!(self.lock().numbers.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn history(&self) -> Vec<Event> {
        let history = self.lock().history.clone();
        eprintln!("history: {history:?}");
        history
    }

    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        eprintln!("before the look: {self:?}");
        look(self.lock().numbers.make_contiguous());
        eprintln!("after the look: {self:#?}");
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
                eprintln!("the adder pauses");
                pause();
            }
            eprintln!("the adder ends");
        });
        scope.spawn(|| {
            for attempt in 1..=removals {
                let number = list.remove();
                eprintln!("attempt {attempt} of {removals}: {number:?}");
                pause();
            }
            eprintln!("the remover ends");
        });
    });
    list
}
