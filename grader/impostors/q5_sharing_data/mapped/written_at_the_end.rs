//! Impostor: reads the file when it opens it, counts in memory of its own, and writes everything when it is dropped.
//! Loses: q5.mapped_adds Race|WrongAnswer, q5.mapped_survives WrongAnswer, q5.mapped_seen WrongAnswer, q5.mapped_clean PrivateCopy
//! Tempting: that is how one works with files.

use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use toolkit::shm::{MapError, MappedFile};

/// As asked for, or so it seems.
pub struct MappedCounters {
    file: MappedFile<[AtomicU64]>,
    counters: RefCell<Vec<u64>>,
}

impl MappedCounters {
    /// As asked for.
    pub fn open(path: impl AsRef<Path>, count: usize) -> Result<Self, MapError> {
        let file = MappedFile::<[AtomicU64]>::open_slice(path, count)?;
        let counters = file.iter().map(|counter| counter.load(Ordering::Relaxed)).collect();
        Ok(Self { file, counters: RefCell::new(counters) })
    }

    /// As asked for.
    pub fn len(&self) -> usize {
        self.counters.borrow().len()
    }

    /// As asked for.
    pub fn add(&self, index: usize, amount: u64) -> u64 {
        let before = self.get(index);
        self.counters.borrow_mut()[index] = before.saturating_add(amount);
        before
    }

    /// As asked for.
    pub fn get(&self, index: usize) -> u64 {
        self.counters.borrow()[index]
    }

    /// As asked for.
    pub fn take(&self, index: usize) -> u64 {
        std::mem::take(&mut self.counters.borrow_mut()[index])
    }
}

impl Drop for MappedCounters {
    fn drop(&mut self) {
        for (counter, &number) in self.file.iter().zip(&*self.counters.borrow()) {
            counter.store(number, Ordering::Relaxed);
        }
    }
}
