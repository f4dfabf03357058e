//! Impostor: two threads that nobody joins take the steps and ask the caller to pause.
//! Loses: q4.two_threads Sequential, q4.ended LeakedThread
//! Tempting: `thread::spawn` wants `'static`, which `pause` is not, so the pausing moves to the caller.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::VecDeque;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

#[derive(Debug, Default, Clone)]
pub struct NumberList {
    state: Arc<Mutex<State>>,
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
        std::mem::take(&mut self.lock().numbers).into()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    let list = NumberList::new();
    let numbers = numbers.to_vec();
    let (stepped, steps) = mpsc::channel();

    let (shared, signal) = (list.clone(), stepped.clone());
    thread::spawn(move || {
        for number in numbers {
            shared.add(number);
            wait_for_pause(&signal);
        }
    });
    let (shared, signal) = (list.clone(), stepped);
    thread::spawn(move || {
        for _ in 0..removals {
            shared.remove();
            wait_for_pause(&signal);
        }
    });

    for go_on in steps {
        pause();
        let _ = go_on.send(());
    }
    list
}

/// Says that a step was taken and waits until the caller has paused for it.
fn wait_for_pause(stepped: &Sender<Sender<()>>) {
    let (go_on, paused) = mpsc::channel();
    if stepped.send(go_on).is_ok() {
        let _ = paused.recv();
    }
}
