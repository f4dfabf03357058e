//! Variant: threads with names and small stacks, from the builder; nothing is ever taken out of the
//! numbers, a cursor says where the list begins.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::io;
use std::sync::{Mutex, MutexGuard};
use std::thread::{self, Builder, Scope, ScopedJoinHandle};

#[derive(Debug, Default)]
pub struct NumberList {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// All numbers that were ever added.
    all: Vec<u64>,
    /// How many of them have been removed.
    next: usize,
    history: Vec<Event>,
}

impl NumberList {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&self, number: u64) {
        let inner = &mut *self.guard();
        inner.all.push(number);
        inner.history.push(Event::Added(number));
    }

    pub fn remove(&self) -> Option<u64> {
        let mut inner = self.guard();
        let Some(&number) = inner.all.get(inner.next) else {
            inner.history.push(Event::Empty);
            return None;
        };
        inner.next += 1;
        inner.history.push(Event::Removed(number));
        Some(number)
    }

    pub fn len(&self) -> usize {
        let inner = self.guard();
        inner.all.len() - inner.next
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn history(&self) -> Vec<Event> {
        self.guard().history.clone()
    }

    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        let inner = self.guard();
        look(&inner.all[inner.next..]);
    }

    pub fn into_numbers(self) -> Vec<u64> {
        let mut inner = self.guard();
        let next = inner.next;
        inner.all.split_off(next)
    }

    fn guard(&self) -> MutexGuard<'_, Inner> {
        match self.inner.lock() {
            Ok(guard) => guard,
            Err(poisoned) => poisoned.into_inner(),
        }
    }
}

/// Starts a thread that answers to `name`.
fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, ()>> {
    Builder::new().name(name.to_owned()).stack_size(256 * 1024).spawn_scoped(scope, work)
}

pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    let list = NumberList::new();
    thread::scope(|scope| -> io::Result<()> {
        start(scope, "adder", || {
            for &number in numbers {
                list.add(number);
                pause();
            }
        })?;
        start(scope, "remover", || {
            for _ in 0..removals {
                list.remove();
                pause();
            }
        })?;
        Ok(())
    })
    .expect("two threads can be started");
    list
}
