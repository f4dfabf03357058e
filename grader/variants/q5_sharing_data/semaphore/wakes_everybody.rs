//! Variant: generous wake-ups, waits by `wait_while`, and the permits that are out are counted instead of those that are free.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

#[derive(Debug)]
pub struct Semaphore {
    all: usize,
    out: Mutex<usize>,
    changed: Condvar,
}

#[derive(Debug)]
pub struct Permit<'a> {
    from: &'a Semaphore,
}

impl Semaphore {
    pub fn new(permits: usize) -> Self {
        Semaphore { all: permits, out: Mutex::default(), changed: Condvar::default() }
    }

    pub fn acquire(&self) -> Permit<'_> {
        let out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let out = self.changed.wait_while(out, |out| *out >= self.all);
        *out.unwrap_or_else(PoisonError::into_inner) += 1;
        Permit { from: self }
    }

    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        if *out < self.all {
            *out += 1;
            return Some(Permit { from: self });
        }
        None
    }

    pub fn acquire_timeout(&self, limit: Duration) -> Option<Permit<'_>> {
        let out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(out, limit, |out| *out >= self.all);
        let (mut out, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (*out < self.all).then(|| {
            *out += 1;
            Permit { from: self }
        })
    }

    pub fn available(&self) -> usize {
        self.all - *self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut out = self.from.out.lock().unwrap_or_else(PoisonError::into_inner);
        *out -= 1;
        self.from.changed.notify_all();
    }
}
