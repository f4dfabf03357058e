//! Variant: a fair lock in which everybody draws a ticket and waits until it is called.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;

#[derive(Debug, Default)]
pub struct TicketLock<T> {
    next: Mutex<u64>,
    called: Mutex<u64>,
    turn: Condvar,
    value: Mutex<T>,
}

pub struct Called<'lock, T> {
    lock: &'lock TicketLock<T>,
    value: Option<MutexGuard<'lock, T>>,
}

impl<T> TicketLock<T> {
    fn lock(&self) -> Called<'_, T> {
        let ticket = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            *next += 1;
            *next - 1
        };
        let mut called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        while *called != ticket {
            called = self.turn.wait(called).unwrap_or_else(PoisonError::into_inner);
        }
        drop(called);
        match self.value.try_lock() {
            Ok(value) => Called { lock: self, value: Some(value) },
            Err(TryLockError::Poisoned(poisoned)) => {
                Called { lock: self, value: Some(poisoned.into_inner()) }
            }
            Err(TryLockError::WouldBlock) => unreachable!("only who is called comes here"),
        }
    }
}

impl<T> Deref for Called<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.value.as_deref().expect("there until dropped")
    }
}

impl<T> DerefMut for Called<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_deref_mut().expect("there until dropped")
    }
}

impl<T> Drop for Called<'_, T> {
    fn drop(&mut self) {
        self.value = None; // first the value, then the call
        *self.lock.called.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.lock.turn.notify_all();
    }
}

#[derive(Debug, Default)]
pub struct NumberList {
    state: TicketLock<(VecDeque<u64>, Vec<Event>)>,
}

impl NumberList {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&self, number: u64) {
        let mut state = self.state.lock();
        state.0.push_back(number);
        state.1.push(Event::Added(number));
    }

    pub fn remove(&self) -> Option<u64> {
        let mut state = self.state.lock();
        let number = state.0.pop_front();
        state.1.push(number.map_or(Event::Empty, Event::Removed));
        number
    }

    pub fn len(&self) -> usize {
        self.state.lock().0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.state.lock().0.is_empty()
    }

    pub fn history(&self) -> Vec<Event> {
        self.state.lock().1.clone()
    }

    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        look(self.state.lock().0.make_contiguous());
    }

    pub fn into_numbers(self) -> Vec<u64> {
        self.state.value.into_inner().unwrap_or_else(PoisonError::into_inner).0.into()
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
