//! Impostor: `set` stores into the numbers that count, so that a look under way sees the second of two and not the first.
//! Loses: q5.value_whole Race
//! Tempting: a single store is whole at every moment.

use crate::number::{Number, ShareError};
use shared_memory::ShmemConf;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use toolkit::shm::{Region, Segment, view_slice};
use toolkit::sync::{LockError, RobustGuard, RobustMutex};

fn refused(why: impl ToString) -> ShareError {
    ShareError(why.to_string())
}

/// The lock; whatever its last owner left is in order at any moment.
fn lock(mutex: &RobustMutex<()>) -> RobustGuard<'_, ()> {
    match mutex.lock() {
        Ok(guard) => guard,
        Err(LockError::OwnerDied(lock)) => lock.heal(),
        Err(LockError::Unrecoverable) => unreachable!("everybody heals it"),
    }
}

fn segment<T: Number>(count: usize) -> Result<Segment, ShareError> {
    let bytes = count.checked_mul(size_of::<T::Atomic>()).ok_or_else(|| refused("too many numbers"))?;
    let mut segment = Segment::from(ShmemConf::new().size(bytes).create().map_err(refused)?);
    segment.unlink().map_err(refused)?;
    view_slice::<T::Atomic>(&segment).map_err(refused)?;
    Ok(segment)
}

/// A number that processes share.
pub struct SharedValue<T> {
    memory: Segment,
    mutex: Region<RobustMutex<()>>,
    of: PhantomData<T>,
}

impl<T: Number> SharedValue<T> {
    pub fn new(value: T) -> Result<Self, ShareError> {
        let mutex = Region::of(RobustMutex::new(())).map_err(refused)?;
        let this = Self { memory: segment::<T>(1)?, mutex, of: PhantomData };
        value.store(this.cell());
        Ok(this)
    }

    fn cell(&self) -> &T::Atomic {
        match view_slice(&self.memory) {
            Ok([cell, ..]) => cell,
            _ => unreachable!("it was looked at in `new`"),
        }
    }

    pub fn get(&self) -> T {
        T::load(self.cell())
    }

    pub fn set(&self, value: T) {
        let _guard = lock(&self.mutex);
        value.store(self.cell());
    }

    pub fn update(&self, change: impl FnOnce(T) -> T) -> T {
        let _guard = lock(&self.mutex);
        let value = change(T::load(self.cell()));
        value.store(self.cell());
        value
    }
}

/// Numbers in a row that processes share.
pub struct SharedArray<T> {
    memory: Segment,
    /// The lock of who changes; how many changes there were. The page in force is the version's parity.
    common: Region<(RobustMutex<()>, AtomicU64)>,
    count: usize,
    of: PhantomData<T>,
}

impl<T: Number> SharedArray<T> {
    pub fn new(values: &[T]) -> Result<Self, ShareError> {
        if values.is_empty() {
            return Err(refused("there are no numbers"));
        }
        let twice = values.len().checked_mul(2).ok_or_else(|| refused("too many numbers"))?;
        let memory = segment::<T>(twice)?;
        let common = Region::of((RobustMutex::new(()), AtomicU64::new(0))).map_err(refused)?;
        let this = Self { memory, common, count: values.len(), of: PhantomData };
        for (value, cell) in values.iter().zip(this.page(0)) {
            value.store(cell);
        }
        Ok(this)
    }

    fn page(&self, version: u64) -> &[T::Atomic] {
        let Ok(cells) = view_slice(&self.memory) else { unreachable!("it was looked at in `new`") };
        let (even, odd) = cells.split_at(self.count);
        if version.is_multiple_of(2) { even } else { odd }
    }

    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Looks at a page that nobody has written to meanwhile.
    fn look<R>(&self, at: impl Fn(&[T::Atomic]) -> R) -> R {
        let version = &self.common.1;
        loop {
            let before = version.load(Ordering::Acquire);
            let result = at(self.page(before));
            fence(Ordering::Acquire);
            if version.load(Ordering::Relaxed) == before {
                return result;
            }
        }
    }

    pub fn get(&self, index: usize) -> T {
        assert!(index < self.count, "there are {} numbers, and none with index {index}", self.count);
        self.look(|page| T::load(&page[index]))
    }

    pub fn set(&self, index: usize, value: T) {
        assert!(index < self.count, "there are {} numbers, and none with index {index}", self.count);
        let (mutex, version) = &*self.common;
        let _guard = lock(mutex);
        value.store(&self.page(version.load(Ordering::Relaxed))[index]); // one number is one store
    }

    pub fn to_vec(&self) -> Vec<T> {
        self.look(|page| page.iter().map(T::load).collect())
    }

    pub fn update(&self, change: impl FnOnce(&mut [T])) {
        let (mutex, version) = &*self.common;
        let _guard = lock(mutex);
        let now = version.load(Ordering::Relaxed);
        let mut numbers: Vec<T> = self.page(now).iter().map(T::load).collect();
        change(&mut numbers);
        // Whoever sees one of the stores below sees this version too, and looks again.
        fence(Ordering::Release);
        for (number, cell) in numbers.iter().zip(self.page(now + 1)) {
            number.store(cell);
        }
        version.store(now + 1, Ordering::Release);
    }
}
