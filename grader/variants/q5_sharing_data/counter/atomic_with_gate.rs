//! Variant: an atomic number, which is read without a lock and changed under one.

use std::sync::atomic::{AtomicU64, Ordering::{Acquire, Relaxed, Release}};
use std::sync::{Mutex, PoisonError};

#[derive(Debug, Default)]
pub struct Counter {
    number: AtomicU64,
    change: Mutex<()>,
}

impl Counter {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&self, amount: u64) -> u64 {
        self.update(&mut |number| number.checked_add(amount).unwrap())
    }

    pub fn get(&self) -> u64 {
        self.number.load(Acquire)
    }

    pub fn update(&self, change: &mut dyn FnMut(u64) -> u64) -> u64 {
        let _alone = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let new = change(self.number.load(Relaxed));
        self.number.store(new, Release);
        new
    }
}
