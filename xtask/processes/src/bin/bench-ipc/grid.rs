//! The sum of 1 GiB of numbers: by two processes over the course's own grid, and by as many threads of one process.

use bench_processes::{Result, Trouble, timed_us};
use q5_sharing_data::processes::grid::SharedGrid;
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use std::num::NonZeroUsize;

const ROWS: usize = 1 << 13;
const COLUMNS: usize = 1 << 14;

/// How many processes, or threads, share the work.
pub(crate) const WORKERS: usize = 2;

pub(crate) fn ours() -> Result<f64> {
    let grid = SharedGrid::new(ROWS, COLUMNS).map_err(|error| format!("{error:?}"))?;
    for row in 0..ROWS {
        (0..COLUMNS).for_each(|column| grid.set(row, column, 1.0));
    }
    let workers = NonZeroUsize::new(WORKERS).ok_or("no workers")?;
    let (us, sum) = timed_us(|| grid.sum(workers, NonZeroUsize::MIN, |number| number));
    checked(us, sum.map_err(|error| format!("{error:?}"))?)
}

pub(crate) fn in_one_process() -> Result<f64> {
    let cells = vec![1.0_f64; ROWS * COLUMNS];
    let pool = ThreadPoolBuilder::new().num_threads(WORKERS).build()?;
    let (us, sum) =
        timed_us(|| pool.install(|| cells.par_iter().map(|number| std::hint::black_box(*number)).sum()));
    checked(us, sum)
}

fn checked(us: f64, sum: f64) -> Result<f64> {
    let right = (ROWS * COLUMNS) as f64;
    if (sum - right).abs() < 0.5 {
        Ok(us)
    } else {
        Err(Trouble::from(format!("a sum is {sum}, not {right}")))
    }
}
