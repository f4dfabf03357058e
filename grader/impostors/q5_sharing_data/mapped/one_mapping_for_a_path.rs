//! Impostor: all handles of a path share one mapping, also when the file was removed and another one is made.
//! Loses: q5.mapped_survives WrongAnswer
//! Tempting: one mapping does for all handles of a process.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use toolkit::shm::{MapError, MappedFile};

type Cell = [AtomicU64; 1];

/// Counters in a file.
pub struct MappedCounters {
    cells: Arc<MappedFile<[Cell]>>,
}

/// What is open already: one mapping does for all handles of a process.
static OPEN: LazyLock<Mutex<HashMap<PathBuf, Weak<MappedFile<[Cell]>>>>> = LazyLock::new(Mutex::default);

impl MappedCounters {
    pub fn open(path: impl AsRef<Path>, count: usize) -> Result<Self, MapError> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, cells| cells.strong_count() > 0);
        if let Some(cells) = open.get(path.as_ref()).and_then(Weak::upgrade)
            && cells.len() == count
        {
            return Ok(Self { cells });
        }
        let cells = Arc::new(MappedFile::<[Cell]>::open_slice(path.as_ref(), count)?);
        open.insert(path.as_ref().to_owned(), Arc::downgrade(&cells));
        Ok(Self { cells })
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
