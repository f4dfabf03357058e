//! Variant: no segment at all, but a region; and a journal in it: the new numbers are written down first, and whoever comes after a
//! death carries out what stands there whole. A value is a single number behind the robust lock itself.

use crate::number::{Number, ShareError};
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use toolkit::shm::Region;
use toolkit::sync::{LockError, RobustGuard, RobustMutex};

fn why(error: impl Display) -> ShareError {
    ShareError(error.to_string())
}

/// As asked for.
pub struct SharedValue<T: Number> {
    number: Region<RobustMutex<T>>,
}

impl<T: Number> SharedValue<T> {
    /// As asked for.
    pub fn new(value: T) -> Result<Self, ShareError> {
        Ok(Self { number: Region::of(RobustMutex::new(value)).map_err(why)? })
    }

    fn lock(&self) -> RobustGuard<'_, T> {
        match self.number.lock() {
            Ok(number) => number,
            Err(LockError::OwnerDied(number)) => number.heal(),
            Err(LockError::Unrecoverable) => unreachable!("healed"),
        }
    }

    /// As asked for.
    pub fn get(&self) -> T {
        *self.lock()
    }

    /// As asked for.
    pub fn set(&self, value: T) {
        *self.lock() = value;
    }

    /// As asked for.
    pub fn update(&self, change: impl FnOnce(T) -> T) -> T {
        let mut number = self.lock();
        *number = change(*number);
        *number
    }
}

/// As asked for.
pub struct SharedArray<T: Number> {
    lock: Region<RobustMutex<()>>,
    numbers: Region<[T::Atomic]>,
    journal: Region<[T::Atomic]>,
    is_written: Region<AtomicBool>,
}

impl<T: Number> SharedArray<T> {
    /// As asked for.
    pub fn new(values: &[T]) -> Result<Self, ShareError> {
        let array = Self {
            lock: Region::of(RobustMutex::new(())).map_err(why)?,
            numbers: Region::new(values.len()).map_err(why)?,
            journal: Region::new(values.len()).map_err(why)?,
            is_written: Region::of(AtomicBool::new(false)).map_err(why)?,
        };
        values.iter().zip(&*array.numbers).for_each(|(value, cell)| value.store(cell));
        Ok(array)
    }

    fn lock(&self) -> RobustGuard<'_, ()> {
        let held = match self.lock.lock() {
            Ok(held) => held,
            Err(LockError::OwnerDied(held)) => held.heal(),
            Err(LockError::Unrecoverable) => unreachable!("healed"),
        };
        self.carry_out();
        held
    }

    fn carry_out(&self) {
        if self.is_written.load(Ordering::Acquire) {
            self.journal.iter().zip(&*self.numbers).for_each(|(from, to)| T::load(from).store(to));
            self.is_written.store(false, Ordering::Release);
        }
    }

    /// As asked for.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// As asked for.
    pub fn get(&self, index: usize) -> T {
        let _held = self.lock();
        T::load(&self.numbers[index])
    }

    /// As asked for.
    pub fn set(&self, index: usize, value: T) {
        assert!(index < self.len(), "no number {index}");
        let _held = self.lock();
        value.store(&self.numbers[index]);
    }

    /// As asked for.
    pub fn to_vec(&self) -> Vec<T> {
        let _held = self.lock();
        self.numbers.iter().map(T::load).collect()
    }

    /// As asked for.
    pub fn update(&self, change: impl FnOnce(&mut [T])) {
        let _held = self.lock();
        let mut values: Vec<T> = self.numbers.iter().map(T::load).collect();
        change(&mut values);
        values.iter().zip(&*self.journal).for_each(|(value, cell)| value.store(cell));
        self.is_written.store(true, Ordering::Release);
        self.carry_out();
    }
}
