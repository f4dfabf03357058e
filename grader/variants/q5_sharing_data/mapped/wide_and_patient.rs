//! Variant: each counter has 64 bytes for itself, and is changed by trying until nobody was faster.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use toolkit::shm::{MapError, MappedFile};

/// As asked for.
pub struct MappedCounters {
    lines: MappedFile<[[AtomicU64; 8]]>,
}

impl MappedCounters {
    /// As asked for.
    pub fn open(path: impl AsRef<Path>, count: usize) -> Result<Self, MapError> {
        MappedFile::open_slice(path, count).map(|lines| Self { lines })
    }

    /// As asked for.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    fn change(&self, index: usize, change: impl Fn(u64) -> u64) -> u64 {
        let counter = &self.lines[index][3];
        let mut before = counter.load(Ordering::SeqCst);
        while let Err(now) =
            counter.compare_exchange_weak(before, change(before), Ordering::SeqCst, Ordering::SeqCst)
        {
            before = now;
        }
        before
    }

    /// As asked for.
    pub fn add(&self, index: usize, amount: u64) -> u64 {
        self.change(index, |before| before.checked_add(amount).unwrap_or(u64::MAX))
    }

    /// As asked for.
    pub fn get(&self, index: usize) -> u64 {
        self.lines[index][3].load(Ordering::SeqCst)
    }

    /// As asked for.
    pub fn take(&self, index: usize) -> u64 {
        self.change(index, |_| 0)
    }
}
