//! Variant: pool.broadcast with fixed shares for each thread, results in a Region, the rest is killed when one has died.

use crate::grid_error::GridError;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use rayon::ThreadPoolBuilder;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use toolkit::fork;
use toolkit::shm::Region;

/// Numbers in rows and columns that processes share.
pub struct SharedGrid {
    cells: Region<[AtomicU64]>,
    rows: usize,
    columns: usize,
}

/// Part `index` of `parts` nearly equal ones, the longer ones first.
fn share(range: Range<usize>, index: usize, parts: usize) -> Range<usize> {
    let (each, more) = (range.len() / parts, range.len() % parts);
    let begin = range.start + index * each + index.min(more);
    begin..begin + each + usize::from(index < more)
}

struct Child {
    pid: Pid,
    ended: bool,
}

impl Child {
    fn wait(&mut self) -> Result<WaitStatus, Errno> {
        loop {
            match waitpid(self.pid, None) {
                Err(Errno::EINTR) => {}
                result => {
                    self.ended = true;
                    return result;
                }
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.ended {
            let _ = kill(self.pid, Signal::SIGKILL);
            let _ = self.wait();
        }
    }
}

const DONE: u64 = 1;
const REFUSED: u64 = 2;

impl SharedGrid {
    pub fn new(rows: usize, columns: usize) -> Result<Self, GridError> {
        let count = rows.checked_mul(columns).ok_or(GridError::Os(Errno::ENOMEM))?;
        if count == 0 {
            return Err(GridError::Os(Errno::EINVAL));
        }
        let cells = Region::<[AtomicU64]>::new(count).map_err(GridError::Os)?;
        Ok(Self { cells, rows, columns })
    }

    fn cell(&self, row: usize, column: usize) -> &AtomicU64 {
        assert!(row < self.rows, "there are {} rows, and none with index {row}", self.rows);
        assert!(column < self.columns, "there are {} columns, and none with index {column}", self.columns);
        &self.cells[row * self.columns + column]
    }

    pub fn get(&self, row: usize, column: usize) -> f64 {
        f64::from_bits(self.cell(row, column).load(Ordering::Acquire))
    }

    pub fn set(&self, row: usize, column: usize, value: f64) {
        self.cell(row, column).store(value.to_bits(), Ordering::Release);
    }

    pub fn sum(
        &self,
        processes: NonZeroUsize,
        threads: NonZeroUsize,
        of: &(dyn Fn(f64) -> f64 + Sync),
    ) -> Result<f64, GridError> {
        let count = processes.get().min(self.cells.len());
        // For each process what became of it, and its sum.
        let results = Region::<[[AtomicU64; 2]]>::new(count).map_err(GridError::Os)?;
        let mut children = Vec::with_capacity(count);
        for (index, [state, sum]) in results.iter().enumerate() {
            let cells = share(0..self.cells.len(), index, count);
            let child = || match self.part(cells, threads.get(), of) {
                Some(part) => {
                    sum.store(part.to_bits(), Ordering::Relaxed);
                    state.store(DONE, Ordering::Release);
                    0
                }
                None => {
                    state.store(REFUSED, Ordering::Release);
                    1
                }
            };
            children.push(Child { pid: fork(child).map_err(GridError::Fork)?, ended: false });
        }
        let mut total = -0.0;
        for (child, [state, sum]) in children.iter_mut().zip(results.iter()) {
            let status = child.wait().map_err(GridError::Os)?;
            match (state.load(Ordering::Acquire), status) {
                (DONE, _) => total += f64::from_bits(sum.load(Ordering::Relaxed)),
                (REFUSED, _) => return Err(GridError::Os(Errno::EAGAIN)),
                (_, WaitStatus::Signaled(_, signal, _)) => {
                    return Err(GridError::WorkerDied { signal: Some(signal as i32), code: None });
                }
                (_, WaitStatus::Exited(_, code)) => {
                    return Err(GridError::WorkerDied { signal: None, code: Some(code) });
                }
                _ => return Err(GridError::Os(Errno::ECHILD)),
            }
        }
        Ok(total)
    }

    /// The sum of some cells, by so many threads; `None` if the system refuses them.
    fn part(&self, cells: Range<usize>, threads: usize, of: &(dyn Fn(f64) -> f64 + Sync)) -> Option<f64> {
        let threads = threads.min(cells.len());
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().ok()?;
        let parts = pool.broadcast(|thread| {
            let mine = share(cells.clone(), thread.index(), threads);
            self.cells[mine].iter().map(|cell| of(f64::from_bits(cell.load(Ordering::Acquire)))).sum::<f64>()
        });
        Some(parts.into_iter().sum())
    }
}
