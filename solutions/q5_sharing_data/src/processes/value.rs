//! A number, and a row of numbers, that processes change together.
//!
//! Why this works: the segment loses its name before `new` returns, and then lives as long as a process has it mapped. A robust lock
//! in a region beside it lets one process change at a time, and outlives it. The numbers are there twice: an update writes those that
//! do not count, and then a single store says that they do. So there is no moment at which a kill could leave half of an update.

use crate::number::{Number, ShareError};
use shared_memory::{Shmem, ShmemConf};
use std::fmt::Display;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};
use toolkit::shm::{self, Region};
use toolkit::sync::{LockError, RobustGuard, RobustMutex};

toolkit::shared! {
    struct Desk {
        lock: RobustMutex<()>,
        /// Which of the two rows counts.
        counts: AtomicUsize,
    }
}

/// Two rows of numbers, of which one counts.
struct Rows<T> {
    segment: Shmem,
    desk: Region<Desk>,
    _of: PhantomData<T>,
}

fn why(error: impl Display) -> ShareError {
    ShareError(error.to_string())
}

impl<T: Number> Rows<T> {
    fn new(values: &[T]) -> Result<Self, ShareError> {
        let bytes = 2 * size_of_val(values);
        let mut segment = ShmemConf::new().size(bytes).create().map_err(why)?;
        // Children inherit the mapping: nobody will ever need the name.
        shm::unlink(&mut segment).map_err(why)?;
        let desk = Desk { lock: RobustMutex::new(()), counts: AtomicUsize::new(0) };
        let rows = Self { segment, desk: Region::of(desk).map_err(why)?, _of: PhantomData };
        shm::view_slice::<T::Atomic>(&rows.segment).map_err(why)?;
        rows.replace(values);
        Ok(rows)
    }

    fn lock(&self) -> RobustGuard<'_, ()> {
        match self.desk.lock.lock() {
            Ok(held) => held,
            Err(LockError::OwnerDied(held)) => held.heal(), // what counts is whole at every moment
            Err(LockError::Unrecoverable) => unreachable!("every lock is healed"),
        }
    }

    fn row(&self, which: usize) -> &[T::Atomic] {
        let all = shm::view_slice::<T::Atomic>(&self.segment).expect("`new` has seen it, too");
        let (first, second) = all.split_at(all.len() / 2);
        if which == 0 { first } else { second }
    }

    /// The row that counts. For whoever holds the lock.
    fn now(&self) -> &[T::Atomic] {
        self.row(self.desk.counts.load(Ordering::Relaxed))
    }

    /// Has these numbers count from now on. For whoever holds the lock.
    fn replace(&self, values: &[T]) {
        let other = 1 - self.desk.counts.load(Ordering::Relaxed);
        values.iter().zip(self.row(other)).for_each(|(value, cell)| value.store(cell));
        // Killed before this line: nothing has happened. After it: everything.
        self.desk.counts.store(other, Ordering::Release);
    }
}

/// A number that processes share.
pub struct SharedValue<T> {
    row: SharedArray<T>,
}

impl<T: Number> SharedValue<T> {
    /// Shares a number with all processes that are forked from now on.
    ///
    /// # Errors
    ///
    /// If the system does not give the memory.
    pub fn new(value: T) -> Result<Self, ShareError> {
        SharedArray::new(&[value]).map(|row| Self { row })
    }

    /// The number as it is now.
    pub fn get(&self) -> T {
        self.row.get(0)
    }

    /// Puts another number there.
    pub fn set(&self, value: T) {
        self.row.set(0, value);
    }

    /// Replaces the number by what `change` makes of it, and returns that.
    pub fn update(&self, change: impl FnOnce(T) -> T) -> T {
        let _held = self.row.rows.lock();
        let new = change(T::load(&self.row.rows.now()[0]));
        self.row.rows.replace(&[new]);
        new
    }
}

/// Numbers in a row that processes share.
pub struct SharedArray<T> {
    rows: Rows<T>,
}

impl<T: Number> SharedArray<T> {
    /// Shares numbers with all processes that are forked from now on.
    ///
    /// # Errors
    ///
    /// If there are no numbers, or the system does not give the memory.
    pub fn new(values: &[T]) -> Result<Self, ShareError> {
        if values.is_empty() {
            return Err(why("there are no numbers"));
        }
        Rows::new(values).map(|rows| Self { rows })
    }

    /// How many numbers there are.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.rows.row(0).len()
    }

    /// One number as it is now.
    ///
    /// # Panics
    ///
    /// If there is no number with this index.
    pub fn get(&self, index: usize) -> T {
        let _held = self.rows.lock();
        T::load(&self.rows.now()[index])
    }

    /// Puts another number in this place.
    ///
    /// # Panics
    ///
    /// If there is no number with this index.
    pub fn set(&self, index: usize, value: T) {
        let _held = self.rows.lock();
        value.store(&self.rows.now()[index]); // one store is whole
    }

    /// All numbers as they were at one moment.
    pub fn to_vec(&self) -> Vec<T> {
        let _held = self.rows.lock();
        self.rows.now().iter().map(T::load).collect()
    }

    /// Changes numbers in one step.
    pub fn update(&self, change: impl FnOnce(&mut [T])) {
        let _held = self.rows.lock();
        let mut values: Vec<T> = self.rows.now().iter().map(T::load).collect();
        change(&mut values);
        self.rows.replace(&values);
    }
}
