//! Variant: both threads wait for each other at a barrier before the first step, and a plain `Vec`
//! is shifted at each removal.

#![forbid(unsafe_code)]

mod api;
pub use api::*;

use std::sync::{Barrier, LockResult, Mutex, MutexGuard};
use std::thread;

#[derive(Debug, Default)]
struct Book {
    numbers: Vec<u64>,
    history: Vec<Event>,
}

#[derive(Debug, Default)]
pub struct NumberList {
    book: Mutex<Book>,
}

/// The guard or what the lock protects, whether or not somebody panicked.
fn sound<T>(result: LockResult<T>) -> T {
    result.unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl NumberList {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&self, number: u64) {
        let mut book = self.open();
        book.history.push(Event::Added(number));
        book.numbers.push(number);
    }

    pub fn remove(&self) -> Option<u64> {
        let mut book = self.open();
        let number = (!book.numbers.is_empty()).then(|| book.numbers.remove(0));
        book.history.push(match number {
            Some(number) => Event::Removed(number),
            None => Event::Empty,
        });
        number
    }

    pub fn len(&self) -> usize {
        self.open().numbers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.open().numbers.is_empty()
    }

    pub fn history(&self) -> Vec<Event> {
        self.open().history.clone()
    }

    pub fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
        let book = self.open();
        // A panic is caught while the lock is held and goes on afterwards, so nothing is poisoned.
        let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| look(&book.numbers)));
        drop(book);
        if let Err(panic) = looked {
            std::panic::resume_unwind(panic);
        }
    }

    pub fn into_numbers(self) -> Vec<u64> {
        sound(self.book.into_inner()).numbers
    }

    fn open(&self) -> MutexGuard<'_, Book> {
        sound(self.book.lock())
    }
}

pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    let list = NumberList::new();
    let start = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            start.wait();
            for number in numbers {
                list.add(*number);
                pause();
            }
        });
        scope.spawn(|| {
            start.wait();
            for _ in 0..removals {
                let _ = list.remove();
                pause();
            }
        });
    });
    list
}
