//! Impostor: counts without the lock, so the last one may notify before the first one waits.
//! Loses: q5.barrier_together LostWakeUp|Deadlock, q5.barrier_again LostWakeUp|Deadlock|Race, q5.barrier_leader LostWakeUp|Deadlock, q5.barrier_publication LostWakeUp|Deadlock|Race, q5.barrier_size LostWakeUp|Deadlock, q5.barrier_idle LostWakeUp|Deadlock
//! Tempting: an atomic counter needs no lock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

#[derive(Debug)]
pub struct Barrier {
    size: usize,
    came: AtomicUsize,
    groups: AtomicUsize,
    lock: Mutex<()>,
    complete: Condvar,
}

impl Barrier {
    pub fn new(size: usize) -> Self {
        assert!(size > 0, "a group has at least one thread");
        let (came, groups) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { size, came, groups, lock: Mutex::new(()), complete: Condvar::new() }
    }

    pub fn wait(&self) -> bool {
        let mine = self.groups.load(Ordering::SeqCst);
        if self.came.fetch_add(1, Ordering::SeqCst) + 1 == self.size {
            self.came.store(0, Ordering::SeqCst);
            self.groups.fetch_add(1, Ordering::SeqCst);
            self.complete.notify_all();
            return true;
        }
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while self.groups.load(Ordering::SeqCst) == mine {
            guard = self.complete.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        false
    }
}
