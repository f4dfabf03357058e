//! Variant: a busy flag under a mutex that is never held while anything can panic; whoever is busy clears it as it goes.

use std::sync::{Condvar, Mutex};

#[derive(Debug, Default)]
struct State {
    number: u64,
    is_busy: bool,
}

#[derive(Debug, Default)]
pub struct Counter {
    state: Mutex<State>,
    done: Condvar,
}

struct Busy<'a>(&'a Counter);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().is_busy = false;
        self.0.done.notify_one();
    }
}

impl Counter {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&self, amount: u64) -> u64 {
        self.update(&mut |number| match number.checked_add(amount) {
            Some(sum) => sum,
            None => panic!("{number} and {amount} is too much"),
        })
    }

    pub fn get(&self) -> u64 {
        self.state.lock().unwrap().number
    }

    pub fn update(&self, change: &mut dyn FnMut(u64) -> u64) -> u64 {
        let state = self.state.lock().unwrap();
        let mut state = self.done.wait_while(state, |state| state.is_busy).unwrap();
        state.is_busy = true;
        let before = state.number;
        drop(state);
        let _busy = Busy(self);
        let new = change(before);
        self.state.lock().unwrap().number = new;
        new
    }
}
