//! Variant: rows of one-element arrays, boxed; `add(_, 0)` and a full counter are plain looks; `take` by fetch_and.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use toolkit::shm::{MapError, MappedFile};

type Cell = [AtomicU64; 1];

/// Counters in a file.
pub struct MappedCounters {
    cells: Box<MappedFile<[Cell]>>,
}

impl MappedCounters {
    pub fn open(path: impl AsRef<Path>, count: usize) -> Result<Self, MapError> {
        Ok(Self { cells: Box::new(MappedFile::<[Cell]>::open_slice(path.as_ref(), count)?) })
    }

    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.cells.iter().count()
    }

    fn cell(&self, index: usize) -> &AtomicU64 {
        let Some([cell]) = self.cells.get(index) else {
            panic!("there are {} counters, and none with index {index}", self.len())
        };
        cell
    }

    pub fn add(&self, index: usize, amount: u64) -> u64 {
        let grow = |number: u64| (amount > 0 && number < u64::MAX).then(|| number.saturating_add(amount));
        match self.cell(index).fetch_update(SeqCst, SeqCst, grow) {
            Ok(before) | Err(before) => before,
        }
    }

    pub fn get(&self, index: usize) -> u64 {
        self.cell(index).load(SeqCst)
    }

    pub fn take(&self, index: usize) -> u64 {
        self.cell(index).fetch_and(0, SeqCst)
    }
}
