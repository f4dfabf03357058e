//! Variant: the cells are dealt out like cards; the first thread of a process is one of its pool; and the sums meet under a lock in
//! shared memory.

use crate::grid_error::GridError;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use toolkit::shm::Region;
use toolkit::sync::RobustMutex;

/// As asked for.
pub struct SharedGrid {
    cells: Region<[AtomicU64]>,
    rows: usize,
    columns: usize,
}

impl SharedGrid {
    /// As asked for.
    pub fn new(rows: usize, columns: usize) -> Result<Self, GridError> {
        let count = rows.checked_mul(columns).ok_or(GridError::Os(Errno::ENOMEM))?;
        Ok(Self { cells: Region::new(count).map_err(GridError::Os)?, rows, columns })
    }

    fn cell(&self, row: usize, column: usize) -> &AtomicU64 {
        let row = self.cells.chunks(self.columns).nth(row.min(self.rows)).expect("a row");
        &row[column]
    }

    /// As asked for.
    pub fn get(&self, row: usize, column: usize) -> f64 {
        f64::from_bits(self.cell(row, column).load(Ordering::SeqCst))
    }

    /// As asked for.
    pub fn set(&self, row: usize, column: usize, value: f64) {
        self.cell(row, column).store(value.to_bits(), Ordering::SeqCst);
    }

    /// As asked for.
    pub fn sum(
        &self,
        processes: NonZeroUsize,
        threads: NonZeroUsize,
        of: &(dyn Fn(f64) -> f64 + Sync),
    ) -> Result<f64, GridError> {
        let total = Region::of(RobustMutex::new(0.0)).map_err(GridError::Os)?;
        let done = Region::of(AtomicUsize::new(0)).map_err(GridError::Os)?;
        let processes = processes.get();
        let work = |which: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads.get()).use_current_thread().build();
            let Ok(pool) = pool else { return 1 };
            let cells = (which..self.cells.len()).into_par_iter().step_by(processes);
            let sum: f64 = pool
                .install(|| cells.map(|at| of(f64::from_bits(self.cells[at].load(Ordering::SeqCst)))).sum());
            match total.lock() {
                Ok(mut total) => {
                    *total += sum;
                    done.fetch_add(1, Ordering::SeqCst);
                    0
                }
                Err(_) => 1,
            }
        };
        let mut children = Vec::new();
        for which in 0..processes {
            match toolkit::fork(|| work(which)) {
                Ok(child) => children.push(child),
                Err(error) => {
                    for child in children {
                        let _ = kill(child, Signal::SIGKILL);
                        let _ = waitpid(child, None);
                    }
                    return Err(GridError::Fork(error));
                }
            }
        }
        let ends: Vec<_> = children.into_iter().map(wait).collect();
        for end in ends {
            match end {
                Ok(WaitStatus::Exited(_, 0)) => {}
                Ok(WaitStatus::Exited(_, code)) => {
                    return Err(GridError::WorkerDied { signal: None, code: Some(code) });
                }
                Ok(WaitStatus::Signaled(_, signal, _)) => {
                    return Err(GridError::WorkerDied { signal: Some(signal as i32), code: None });
                }
                _ => return Err(GridError::Os(Errno::ECHILD)),
            }
        }
        if done.load(Ordering::SeqCst) < processes {
            return Err(GridError::WorkerDied { signal: None, code: Some(0) });
        }
        total.lock().map(|total| *total).map_err(|_| GridError::Os(Errno::EOWNERDEAD))
    }
}

fn wait(child: Pid) -> nix::Result<WaitStatus> {
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            end => return end,
        }
    }
}
