//! Variant: the numbers lie as signed atomics of the same length; every call is one compare-and-exchange loop or one swap.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use toolkit::shm::{MapError, MappedFile};

/// Counters in a file.
pub struct MappedCounters {
    numbers: MappedFile<[AtomicI64]>,
}

impl MappedCounters {
    pub fn open(path: impl AsRef<Path>, count: usize) -> Result<Self, MapError> {
        MappedFile::<[AtomicI64]>::open_slice(path, count).map(|numbers| Self { numbers })
    }

    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    pub fn add(&self, index: usize, amount: u64) -> u64 {
        let number = &self.numbers[index];
        let mut seen = number.load(Ordering::Acquire);
        loop {
            let sum = seen.cast_unsigned().saturating_add(amount).cast_signed();
            match number.compare_exchange_weak(seen, sum, Ordering::AcqRel, Ordering::Acquire) {
                Ok(before) => return before.cast_unsigned(),
                Err(now) => seen = now,
            }
        }
    }

    pub fn get(&self, index: usize) -> u64 {
        self.numbers[index].load(Ordering::Acquire).cast_unsigned()
    }

    pub fn take(&self, index: usize) -> u64 {
        self.numbers[index].swap(0, Ordering::AcqRel).cast_unsigned()
    }
}
