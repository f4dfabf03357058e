//! Variant: each thread of each process has a first cell of its own and takes the others from a cursor that all processes share; sums come over one pipe.

use crate::grid_error::GridError;
use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, pipe, read, write};
use rayon::ThreadPoolBuilder;
use std::iter;
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use toolkit::fork;
use toolkit::shm::Region;

/// Numbers in rows and columns that processes share.
pub struct SharedGrid {
    rows: Vec<usize>,
    columns: usize,
    cells: Region<[AtomicU64]>,
}

fn wait(child: Pid) -> Result<WaitStatus, Errno> {
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

impl SharedGrid {
    pub fn new(rows: usize, columns: usize) -> Result<Self, GridError> {
        let count = rows.checked_mul(columns).ok_or(GridError::Os(Errno::ENOMEM))?;
        let cells = Region::<[AtomicU64]>::new(count).map_err(GridError::Os)?;
        Ok(Self { rows: vec![rows], columns, cells })
    }

    fn index(&self, row: usize, column: usize) -> usize {
        assert!(row < self.rows[0] && column < self.columns, "there is no column {column} in row {row}");
        row * self.columns + column
    }

    pub fn get(&self, row: usize, column: usize) -> f64 {
        f64::from_bits(self.cells[self.index(row, column)].load(Ordering::SeqCst))
    }

    pub fn set(&self, row: usize, column: usize, value: f64) {
        self.cells[self.index(row, column)].store(value.to_bits(), Ordering::SeqCst);
    }

    pub fn sum(
        &self,
        processes: NonZeroUsize,
        threads: NonZeroUsize,
        of: &(dyn Fn(f64) -> f64 + Sync),
    ) -> Result<f64, GridError> {
        let cells = self.cells.len();
        let processes = processes.get().min(cells);
        // Process p has the threads t = 0, 1, ... whose first cell, t * processes + p, there is.
        let threads_of = |process: usize| threads.get().min((cells - process).div_ceil(processes));
        let firsts = (0..processes).map(threads_of).sum::<usize>();
        let cursor = Region::of(AtomicUsize::new(firsts)).map_err(GridError::Os)?;
        let (from, to) = pipe().map_err(GridError::Os)?;
        let mut children = Vec::new();
        let mut failed = None;
        for process in 0..processes {
            let work = || {
                let Ok(pool) = ThreadPoolBuilder::new().num_threads(threads_of(process)).build() else {
                    return i32::from(send(&to, process, f64::NAN, 1).is_err());
                };
                let total = Mutex::new(0.0);
                pool.scope(|scope| {
                    for thread in 0..threads_of(process) {
                        let (total, cursor) = (&total, &cursor);
                        scope.spawn(move |_| {
                            let next = || Some(cursor.fetch_add(1, Ordering::Relaxed)).filter(|cell| *cell < cells);
                            let mine = iter::once(thread * processes + process).chain(iter::from_fn(next));
                            let load = |cell: usize| f64::from_bits(self.cells[cell].load(Ordering::SeqCst));
                            let sum: f64 = mine.map(|cell| of(load(cell))).sum();
                            if let Ok(mut total) = total.lock() {
                                *total += sum;
                            }
                        });
                    }
                });
                let sum = total.lock().map_or(f64::NAN, |total| *total);
                i32::from(send(&to, process, sum, 0).is_err())
            };
            match fork(work) {
                Ok(child) => children.push(child),
                Err(error) => {
                    failed = Some(GridError::Fork(error));
                    // What was started finds no cells any more, and ends.
                    cursor.store(cells, Ordering::Relaxed);
                    break;
                }
            }
        }
        drop(to);
        let mut sums = vec![None; processes];
        let heard = listen(&from, &mut sums);
        for (index, child) in children.iter().enumerate() {
            let error = match (wait(*child), sums[index]) {
                (Err(error), _) => GridError::Os(error),
                (Ok(_), Some((_, 0))) => continue,
                (Ok(_), Some(_)) => GridError::Os(Errno::EAGAIN),
                (Ok(WaitStatus::Signaled(_, signal, _)), None) => {
                    GridError::WorkerDied { signal: Some(signal as i32), code: None }
                }
                (Ok(status), None) => {
                    let code = if let WaitStatus::Exited(_, code) = status { Some(code) } else { None };
                    GridError::WorkerDied { signal: None, code }
                }
            };
            failed.get_or_insert(error);
        }
        heard.map_err(GridError::Os)?;
        match failed {
            Some(error) => Err(error),
            None => Ok(sums.iter().flatten().map(|(sum, _)| sum).sum()),
        }
    }
}

/// One message, in one write: it is shorter than what a pipe takes whole.
fn send(to: &OwnedFd, process: usize, sum: f64, refused: u64) -> Result<(), Errno> {
    let message = [process as u64, sum.to_bits(), refused].map(u64::to_ne_bytes).concat();
    loop {
        match write(to, &message) {
            Err(Errno::EINTR) => {}
            result => return result.map(drop),
        }
    }
}

/// Notes all sums until nobody is left who could send one.
fn listen(from: &OwnedFd, sums: &mut [Option<(f64, u64)>]) -> Result<(), Errno> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match read(from, &mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(error),
        }
        while let Some((message, rest)) = bytes.split_first_chunk::<24>() {
            let number = |at: usize| message[at..].first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes));
            sums[number(0) as usize] = Some((f64::from_bits(number(8)), number(16)));
            bytes = rest.to_vec();
        }
    }
}
