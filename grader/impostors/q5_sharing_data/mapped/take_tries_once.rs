//! Impostor: `take` tries once, and if somebody adds just then it says 0.
//! Loses: q5.mapped_adds Race
//! Tempting: whoever takes comes again.

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
        let cell = self.cell(index);
        let now = cell.load(SeqCst);
        // If somebody is at it right now, the next one will take it: nothing is lost.
        if cell.compare_exchange(now, 0, SeqCst, SeqCst).is_ok() { now } else { 0 }
    }
}
