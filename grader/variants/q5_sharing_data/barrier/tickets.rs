//! Variant: tickets from an atomic counter; the lock guards only the number of tickets that are called.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

#[derive(Debug)]
pub struct Barrier {
    size: usize,
    tickets: AtomicUsize,
    called: Mutex<Vec<usize>>,
    complete: Condvar,
}

impl Barrier {
    pub fn new(size: usize) -> Self {
        assert_ne!(size, 0);
        Self { size, tickets: AtomicUsize::new(0), called: Mutex::new(Vec::new()), complete: Condvar::new() }
    }

    pub fn wait(&self) -> bool {
        let ticket = self.tickets.fetch_add(1, Ordering::AcqRel);
        let group = ticket / self.size;
        if (ticket + 1).is_multiple_of(self.size) {
            self.called.lock().unwrap_or_else(PoisonError::into_inner).push(group);
            self.complete.notify_all();
            return true;
        }
        let called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        let not_mine = |called: &mut Vec<usize>| !called.contains(&group);
        drop(self.complete.wait_while(called, not_mine).unwrap_or_else(PoisonError::into_inner));
        false
    }
}
