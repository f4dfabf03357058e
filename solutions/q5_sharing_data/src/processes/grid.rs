//! A table of numbers in memory that processes share, summed by several processes, each with several threads.
//!
//! Why this works: the region is there before the first fork, so every child has the same pages, and works on those that it takes where
//! they lie. Each child makes its pool after it was forked: threads are not forked with a process, and a caller with threads could
//! not fork. What a child has found it leaves in a region, too, and that it came that far: an exit code of 0 alone could be anybody's.

use crate::grid_error::GridError;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use rayon::ThreadPoolBuilder;
use std::iter;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use toolkit::shm::Region;

/// Numbers in rows and columns that processes share.
pub struct SharedGrid {
    /// The bits of the numbers, row by row.
    cells: Region<[AtomicU64]>,
    columns: usize,
}

impl SharedGrid {
    /// A grid of zeros, shared with all processes that are forked from now on.
    ///
    /// # Errors
    ///
    /// If there are no cells, or the system does not give the memory.
    pub fn new(rows: usize, columns: usize) -> Result<Self, GridError> {
        let count = rows.checked_mul(columns).ok_or(GridError::Os(Errno::ENOMEM))?;
        Ok(Self { cells: Region::new(count).map_err(GridError::Os)?, columns })
    }

    fn cell(&self, row: usize, column: usize) -> &AtomicU64 {
        // Without this, a column too far would be the first of the next row.
        assert!(column < self.columns, "there is no column {column}");
        let place = row.checked_mul(self.columns).and_then(|begin| self.cells.get(begin + column));
        place.unwrap_or_else(|| panic!("there is no row {row}"))
    }

    /// The number in a cell.
    ///
    /// # Panics
    ///
    /// If there is no such row, or no such column.
    pub fn get(&self, row: usize, column: usize) -> f64 {
        load(self.cell(row, column))
    }

    /// Puts a number into a cell.
    ///
    /// # Panics
    ///
    /// If there is no such row, or no such column.
    pub fn set(&self, row: usize, column: usize, value: f64) {
        store(self.cell(row, column), value);
    }

    /// The sum of what `of` makes of each number.
    ///
    /// # Errors
    ///
    /// If a process cannot be started, or dies; none is left then.
    pub fn sum(
        &self,
        processes: NonZeroUsize,
        threads: NonZeroUsize,
        of: impl Fn(f64) -> f64 + Sync,
    ) -> Result<f64, GridError> {
        // More would have nothing to do. So each share has a cell at least.
        let processes = processes.get().min(self.cells.len());
        let found = Region::<[[AtomicU64; 2]]>::new(processes).map_err(GridError::Os)?;
        // Who is faster takes more pieces, and every thread finds one, if there are so many cells.
        let next = Region::of(AtomicU64::new(0)).map_err(GridError::Os)?;
        let all = processes.saturating_mul(threads.get());
        let size = (self.cells.len() / all.saturating_mul(8)).clamp(1, PIECE);
        let take = || self.cells.chunks(size).nth(next.fetch_add(1, Ordering::Relaxed) as usize);
        // All are started before one is waited for. If one cannot be, those before it are dropped, and so killed.
        let start = |which: usize| {
            Worker::start(|| {
                let pool = ThreadPoolBuilder::new().num_threads(threads.get()).build();
                let [end, place] = &found[which];
                let Ok(pool) = pool else {
                    end.store(REFUSED, Ordering::Relaxed);
                    return 0;
                };
                let sum_up = || iter::from_fn(take).map(|cells| sum_of(cells, &of)).sum::<f64>();
                store(place, pool.broadcast(|_| sum_up()).into_iter().sum());
                end.store(DONE, Ordering::Relaxed);
                0
            })
        };
        let workers = (0..processes).map(start).collect::<Result<Vec<_>, _>>()?;
        workers.into_iter().try_for_each(Worker::join)?;
        // Who has ended has stored everything before: or left in the middle of it, with a code as if all were well.
        let ends = || found.iter().map(|[end, _]| end.load(Ordering::Relaxed));
        if ends().any(|end| end == REFUSED) {
            return Err(GridError::Os(Errno::EAGAIN)); // no more threads
        }
        if ends().any(|end| end != DONE) {
            return Err(GridError::WorkerDied { signal: None, code: Some(0) });
        }
        Ok(found.iter().map(|[_, sum]| load(sum)).sum())
    }
}

/// The most cells that a thread takes at a time: 8 MiB, so that at the end nobody waits long for the slowest.
const PIECE: usize = 1 << 20;

/// How a child's part came to its end.
const DONE: u64 = 1;
const REFUSED: u64 = 2;

/// The sum of what `of` makes of some numbers. Eight sums at once, since an addition waits for the one before.
fn sum_of(cells: &[AtomicU64], of: impl Fn(f64) -> f64) -> f64 {
    let (eights, rest) = cells.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for eight in eights {
        for (sum, cell) in sums.iter_mut().zip(eight) {
            *sum += of(load(cell));
        }
    }
    sums.into_iter().chain(rest.iter().map(|cell| of(load(cell)))).sum()
}

#[inline] // for each cell, and `sum` is compiled where it is called
fn load(cell: &AtomicU64) -> f64 {
    f64::from_bits(cell.load(Ordering::Relaxed))
}

fn store(cell: &AtomicU64, value: f64) {
    cell.store(value.to_bits(), Ordering::Relaxed);
}

/// A child that is killed and waited for when it is dropped.
struct Worker {
    id: Pid,
    is_waited_for: bool,
}

impl Worker {
    fn start(work: impl FnOnce() -> i32) -> Result<Self, GridError> {
        toolkit::fork(work).map(|id| Self { id, is_waited_for: false }).map_err(GridError::Fork)
    }

    fn join(mut self) -> Result<(), GridError> {
        match self.wait() {
            Ok(WaitStatus::Exited(_, 0)) => Ok(()),
            Ok(WaitStatus::Exited(_, code)) => Err(GridError::WorkerDied { signal: None, code: Some(code) }),
            Ok(WaitStatus::Signaled(_, signal, _)) => {
                Err(GridError::WorkerDied { signal: Some(signal as i32), code: None })
            }
            Ok(_) => Err(GridError::Os(Errno::ECHILD)),
            Err(error) => Err(GridError::Os(error)),
        }
    }

    fn wait(&mut self) -> Result<WaitStatus, Errno> {
        loop {
            match waitpid(self.id, None) {
                Err(Errno::EINTR) => {}
                end => {
                    self.is_waited_for = true;
                    return end;
                }
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !self.is_waited_for && kill(self.id, Signal::SIGKILL).is_ok() {
            let _ = self.wait();
        }
    }
}
