//! Counters in a file that is used as memory: they outlive every process that counts.
//!
//! The file is mapped ([`toolkit::shm::MappedFile`]), so a count can be one store in memory: whatever becomes of the process
//! right afterwards, the file has it. Counters are opened by processes that need not know each other, at the same time or one
//! after the other. All of them see the same numbers at once, and none keeps numbers of its own: an open file takes no memory
//! besides that of the file.

use std::path::Path;
use toolkit::shm::MapError;

/// Counters in a file.
pub struct MappedCounters {
    // TODO 1/3: what stands for a number that others change at any moment?
}

impl MappedCounters {
    /// Opens the counters in the file at `path`. If there is no such file it is made, with `count` zeros: by one, where several
    /// processes do that at the same time. What is opened is closed again by a drop, and leaves no descriptor.
    ///
    /// # Errors
    ///
    /// [`MapError::Foreign`] if the file is no file of ours, [`MapError::OtherShape`] if it has another number of counters, and
    /// [`MapError::Os`] if the system refuses, or `count` is 0. A file that was there is then as it was before.
    pub fn open(path: impl AsRef<Path>, count: usize) -> Result<Self, MapError> {
        let path = path.as_ref();
        todo!("map {count} counters from {}", path.display())
    }

    /// How many counters there are.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        todo!("how many counters")
    }

    /// Adds to a counter, and returns what it was before, in one step: no addition is lost, and no two of them find the same. A
    /// counter that would become too large stays at `u64::MAX`.
    ///
    /// # Panics
    ///
    /// If there is no counter with this index.
    pub fn add(&self, index: usize, amount: u64) -> u64 {
        todo!("add {amount} to counter {index}")
    }

    /// What a counter is now.
    ///
    /// # Panics
    ///
    /// As for [`add`](MappedCounters::add).
    pub fn get(&self, index: usize) -> u64 {
        todo!("look at counter {index}")
    }

    /// Sets a counter to 0, and returns what it was, in one step: whatever is added is taken once.
    ///
    /// # Panics
    ///
    /// As for [`add`](MappedCounters::add).
    pub fn take(&self, index: usize) -> u64 {
        todo!("empty counter {index}")
    }
}
