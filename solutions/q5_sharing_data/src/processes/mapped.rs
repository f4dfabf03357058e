//! Counters in a file that is used as memory: they outlive every process that counts.
//!
//! Why this works: the file is mapped, so a counter is an atomic in memory that the kernel keeps for the file, and that no death of a
//! process takes away. Each call is one atomic operation, so there is no moment between a look and a store.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use toolkit::shm::{MapError, MappedFile};

/// Counters in a file.
pub struct MappedCounters {
    counters: MappedFile<[AtomicU64]>,
}

impl MappedCounters {
    /// Opens the counters in the file at `path`, and makes it if there is none.
    ///
    /// # Errors
    ///
    /// [`MapError`] says why not; a file that was there is as it was before.
    pub fn open(path: impl AsRef<Path>, count: usize) -> Result<Self, MapError> {
        // Locks the file while it is made, compares its header, and closes it again: a mapping needs no descriptor.
        Ok(Self { counters: MappedFile::open_slice(path, count)? })
    }

    /// How many counters there are.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.counters.len()
    }

    /// Adds to a counter, and returns what it was before.
    ///
    /// # Panics
    ///
    /// If there is no counter with this index.
    pub fn add(&self, index: usize, amount: u64) -> u64 {
        // Not `fetch_add`, which begins again at 0, for everybody, before anyone could look.
        let sum = |before: u64| Some(before.saturating_add(amount));
        let added = self.counters[index].fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
        added.unwrap_or_else(|before| before)
    }

    /// What a counter is now.
    ///
    /// # Panics
    ///
    /// If there is no counter with this index.
    pub fn get(&self, index: usize) -> u64 {
        self.counters[index].load(Ordering::Relaxed)
    }

    /// Sets a counter to 0, and returns what it was.
    ///
    /// # Panics
    ///
    /// If there is no counter with this index.
    pub fn take(&self, index: usize) -> u64 {
        // A look and a store would lose what is added in between.
        self.counters[index].swap(0, Ordering::Relaxed)
    }
}
