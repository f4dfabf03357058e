//! Variant: a journal: new numbers are noted first, then declared valid by one store, then copied; the next owner of the lock finishes what a dead one began.

use crate::number::{Number, ShareError};
use shared_memory::ShmemConf;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use toolkit::shm::{Region, Segment, view_slice};
use toolkit::sync::{LockError, RobustGuard, RobustMutex};

fn refused(why: impl ToString) -> ShareError {
    ShareError(why.to_string())
}

/// A number that processes share.
pub struct SharedValue<T>(SharedArray<T>);

impl<T: Number> SharedValue<T> {
    pub fn new(value: T) -> Result<Self, ShareError> {
        SharedArray::new(&[value]).map(Self)
    }

    pub fn get(&self) -> T {
        self.0.get(0)
    }

    pub fn set(&self, value: T) {
        self.0.set(0, value);
    }

    pub fn update(&self, change: impl FnOnce(T) -> T) -> T {
        let mut result = None;
        self.0.update(|numbers| {
            let new = change(numbers[0]);
            numbers[0] = new;
            result = Some(new);
        });
        match result {
            Some(new) => new,
            None => unreachable!("it was called once"),
        }
    }
}

/// Numbers in a row that processes share.
pub struct SharedArray<T> {
    /// The numbers, and behind them the journal.
    memory: Segment,
    /// The lock, and whether the journal is valid and not yet copied.
    common: Region<(RobustMutex<()>, AtomicU64)>,
    count: usize,
    of: PhantomData<T>,
}

impl<T: Number> SharedArray<T> {
    pub fn new(values: &[T]) -> Result<Self, ShareError> {
        if values.is_empty() {
            return Err(refused("there are no numbers"));
        }
        let bytes = values.len().checked_mul(2 * size_of::<T::Atomic>()).ok_or_else(|| refused("too many"))?;
        let mut memory = Segment::from(ShmemConf::new().size(bytes).create().map_err(refused)?);
        memory.unlink().map_err(refused)?;
        view_slice::<T::Atomic>(&memory).map_err(refused)?;
        let common = Region::of((RobustMutex::new(()), AtomicU64::new(0))).map_err(refused)?;
        let this = Self { memory, common, count: values.len(), of: PhantomData };
        for (value, cell) in values.iter().zip(this.cells().0) {
            value.store(cell);
        }
        Ok(this)
    }

    /// The numbers and the journal.
    fn cells(&self) -> (&[T::Atomic], &[T::Atomic]) {
        let Ok(cells) = view_slice(&self.memory) else { unreachable!("it was looked at in `new`") };
        cells.split_at(self.count)
    }

    /// Takes the lock and finishes what is half done.
    fn lock(&self) -> RobustGuard<'_, ()> {
        match self.common.0.lock() {
            Ok(guard) => guard,
            Err(LockError::OwnerDied(lock)) => {
                self.finish();
                lock.heal()
            }
            Err(LockError::Unrecoverable) => unreachable!("everybody heals it"),
        }
    }

    /// Copies the journal if it is valid.
    fn finish(&self) {
        let valid = &self.common.1;
        if valid.load(Ordering::Acquire) == 1 {
            let (numbers, journal) = self.cells();
            for (cell, noted) in numbers.iter().zip(journal) {
                T::load(noted).store(cell);
            }
            valid.store(0, Ordering::Release);
        }
    }

    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn get(&self, index: usize) -> T {
        let cell = &self.cells().0[index];
        let _guard = self.lock();
        T::load(cell)
    }

    pub fn set(&self, index: usize, value: T) {
        let cell = &self.cells().0[index];
        let _guard = self.lock();
        value.store(cell);
    }

    pub fn to_vec(&self) -> Vec<T> {
        let _guard = self.lock();
        self.cells().0.iter().map(T::load).collect()
    }

    pub fn update(&self, change: impl FnOnce(&mut [T])) {
        let _guard = self.lock();
        let (numbers, journal) = self.cells();
        let mut new: Vec<T> = numbers.iter().map(T::load).collect();
        change(&mut new);
        for (number, cell) in new.iter().zip(journal) {
            number.store(cell);
        }
        self.common.1.store(1, Ordering::Release);
        self.finish();
    }
}
