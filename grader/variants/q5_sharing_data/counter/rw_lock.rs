//! Variant: a lock for readers and a writer; whoever only looks shares it.

use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

#[derive(Debug, Default)]
pub struct Counter(RwLock<u64>);

impl Counter {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&self, amount: u64) -> u64 {
        let mut number = self.write();
        let Some(sum) = number.checked_add(amount) else {
            drop(number);
            panic!("{amount} is too much");
        };
        *number = sum;
        sum
    }

    pub fn get(&self) -> u64 {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn update(&self, change: &mut dyn FnMut(u64) -> u64) -> u64 {
        let mut number = self.write();
        let new = change(*number);
        *number = new;
        new
    }

    fn write(&self) -> RwLockWriteGuard<'_, u64> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
