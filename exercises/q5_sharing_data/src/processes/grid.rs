//! A table of numbers in memory that processes share, summed by several processes, each with several threads.
//!
//! The numbers lie in a [`toolkit::shm::Region`], as bits in atomics; all processes work on them where they lie. In each process a pool of
//! [`rayon`] does the work. A process with threads cannot be forked: so no thread is started in the caller.

use crate::grid_error::GridError;
use std::num::NonZeroUsize;

/// Numbers in rows and columns that processes share.
pub struct SharedGrid {
    // TODO 1/4: where does the cell of a row and a column lie in a long row of cells?
}

impl SharedGrid {
    /// A grid of zeros, shared with all processes that are forked from now on.
    ///
    /// # Errors
    ///
    /// [`GridError::Os`] if there are no cells, or the system does not give the memory.
    pub fn new(rows: usize, columns: usize) -> Result<Self, GridError> {
        todo!("share {rows} rows of {columns} numbers")
    }

    /// The number in a cell, exactly as it was put there by whatever process.
    ///
    /// # Panics
    ///
    /// If there is no such row, or no such column.
    pub fn get(&self, row: usize, column: usize) -> f64 {
        todo!("look at column {column} of row {row}")
    }

    /// Puts a number into a cell.
    ///
    /// # Panics
    ///
    /// As for [`get`](SharedGrid::get).
    pub fn set(&self, row: usize, column: usize, value: f64) {
        todo!("put {value} into column {column} of row {row}")
    }

    /// The sum of what `of` makes of each number. `of` is called once for each cell.
    ///
    /// The cells are shared out among so many children of the caller, all at work at the same time; in each of them so many threads
    /// are at work at the same time, and no more. Fewer only where there are not enough cells. No process makes a copy of the
    /// cells. On return no process, no thread and no descriptor is left, also after an error.
    ///
    /// # Errors
    ///
    /// [`GridError::Fork`] if a process could not be started, [`GridError::WorkerDied`] if one died or left before its part was done, or
    /// `of` panicked in it (which is code 101), and [`GridError::Os`] if the system refuses something else. The grid can be used
    /// as before.
    pub fn sum(
        &self,
        processes: NonZeroUsize,
        threads: NonZeroUsize,
        of: impl Fn(f64) -> f64 + Sync,
    ) -> Result<f64, GridError> {
        let _ = of;
        todo!("sum in {processes} processes of {threads} threads")
    }
}
