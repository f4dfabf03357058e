//! Variant: no shares, but a counter in shared memory from which every thread of every process takes the next cells; threads of std; the
//! sums come home over pipes.

use crate::grid_error::GridError;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::io::{PipeReader, Read, Write, pipe};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use toolkit::shm::Region;

/// As asked for.
pub struct SharedGrid {
    cells: Region<[AtomicU64]>,
    size: (usize, usize),
}

fn number(cell: &AtomicU64) -> f64 {
    f64::from_bits(cell.load(Ordering::Relaxed))
}

impl SharedGrid {
    /// As asked for.
    pub fn new(rows: usize, columns: usize) -> Result<Self, GridError> {
        let cells = Region::new(rows.saturating_mul(columns)).map_err(GridError::Os)?;
        Ok(Self { cells, size: (rows, columns) })
    }

    fn at(&self, row: usize, column: usize) -> usize {
        assert!(row < self.size.0 && column < self.size.1, "no cell {row}, {column}");
        row * self.size.1 + column
    }

    /// As asked for.
    pub fn get(&self, row: usize, column: usize) -> f64 {
        number(&self.cells[self.at(row, column)])
    }

    /// As asked for.
    pub fn set(&self, row: usize, column: usize, value: f64) {
        self.cells[self.at(row, column)].store(value.to_bits(), Ordering::Relaxed);
    }

    /// As asked for.
    pub fn sum(
        &self,
        processes: NonZeroUsize,
        threads: NonZeroUsize,
        of: &(dyn Fn(f64) -> f64 + Sync),
    ) -> Result<f64, GridError> {
        let next = Region::of(AtomicUsize::new(0)).map_err(GridError::Os)?;
        // A few at a time; one at a time where there are few.
        let step = (self.cells.len() / processes.get() / threads.get() / 8).clamp(1, 4096);
        let work = || {
            let mut sum = 0.0;
            loop {
                let from = next.fetch_add(step, Ordering::Relaxed);
                let Some(rest) = self.cells.get(from..).filter(|rest| !rest.is_empty()) else { break sum };
                sum += rest.iter().take(step).map(|cell| of(number(cell))).sum::<f64>();
            }
        };
        let mut children: Vec<(Pid, PipeReader)> = Vec::new();
        let mut failed = None;
        for _ in 0..processes.get() {
            match start(threads.get(), &work) {
                Ok(child) => children.push(child),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        let mut sum = 0.0;
        for (id, mut from) in children {
            if failed.is_some() {
                let _ = kill(id, Signal::SIGKILL);
            }
            let mut bytes = [0; 8];
            let whole = from.read_exact(&mut bytes).is_ok();
            let end = loop {
                match waitpid(id, None) {
                    Err(Errno::EINTR) => {}
                    end => break end,
                }
            };
            let died = |signal, code| Some(GridError::WorkerDied { signal, code });
            let error = match end {
                Ok(WaitStatus::Exited(_, 0)) if whole => None,
                Ok(WaitStatus::Exited(_, code)) => died(None, Some(code)),
                Ok(WaitStatus::Signaled(_, signal, _)) => died(Some(signal as i32), None),
                _ => Some(GridError::Os(Errno::ECHILD)),
            };
            failed = failed.or(error);
            sum += f64::from_le_bytes(bytes);
        }
        failed.map_or(Ok(sum), Err)
    }
}

fn start(threads: usize, work: &(dyn Fn() -> f64 + Sync)) -> Result<(Pid, PipeReader), GridError> {
    let (from, to) =
        pipe().map_err(|error| GridError::Os(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)))?;
    let child = || {
        let mut to = to;
        let sum: f64 = thread::scope(|scope| {
            let all: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let own = work();
            own + all.into_iter().map(|one| one.join().expect("it panicked")).sum::<f64>()
        });
        i32::from(to.write_all(&sum.to_le_bytes()).is_err())
    };
    toolkit::fork(child).map(|id| (id, from)).map_err(GridError::Fork)
}
