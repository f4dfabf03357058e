//! Impostor: hands out places in the groups with relaxed steps, so the last one does not see what the others wrote.
//! Loses: q5.barrier_publication StaleRead
//! Tempting: the count is exact under any ordering.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

#[derive(Debug)]
pub struct Barrier {
    size: usize,
    tickets: AtomicUsize,
    gone: Mutex<usize>,
    complete: Condvar,
}

impl Barrier {
    pub fn new(size: usize) -> Self {
        assert!(size > 0, "a group has at least one thread");
        Self { size, tickets: AtomicUsize::new(0), gone: Mutex::new(0), complete: Condvar::new() }
    }

    pub fn wait(&self) -> bool {
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        let group = ticket / self.size;
        if ticket % self.size == self.size - 1 {
            let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
            *gone = (*gone).max(group + 1);
            self.complete.notify_all();
            return true;
        }
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        while *gone <= group {
            gone = self.complete.wait(gone).unwrap_or_else(PoisonError::into_inner);
        }
        false
    }
}
