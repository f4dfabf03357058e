//! Rayon, whose threads share one memory. It runs in a child: the process that forks for the others
//! must have one thread.

use crate::figures::Figures;
use crate::{Result, STEP_S, TASKS, Trouble, square, timed_us};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{alarm, pipe, write};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::fs::File;
use std::io::Read;
use toolkit::fork;

pub(crate) fn question_8(figures: &mut Figures, workers: usize) -> Result<()> {
    let times = in_a_child(|| {
        let numbers: Vec<u64> = (1..=10).collect();
        let map = |pool: &ThreadPool| {
            timed_us(|| pool.install(|| numbers.par_iter().map(|number| square(*number)).collect::<Vec<_>>()))
        };
        let (total_us, done) = timed_us(|| with_pool(workers, map));
        let (map_us, results) = done?;
        check(&results, &numbers)?;
        Ok(vec![total_us, map_us])
    })?;
    for (measure, us) in ["q8_total_us", "q8_map_us"].into_iter().zip(times) {
        figures.note(measure, "rayon", workers, us);
    }
    Ok(())
}

pub(crate) fn tiny(figures: &mut Figures, workers: usize) -> Result<()> {
    let times = in_a_child(|| {
        let numbers: Vec<u64> = (0..TASKS).collect();
        let maps = |pool: &ThreadPool| {
            let squared = |number: &u64| square(*number);
            let each = timed_us(|| {
                pool.install(|| numbers.par_iter().with_max_len(1).map(squared).collect::<Vec<_>>())
            });
            let chunked = timed_us(|| pool.install(|| numbers.par_iter().map(squared).collect::<Vec<_>>()));
            (each, chunked)
        };
        let ((each_us, each), (chunked_us, chunked)) = with_pool(workers, maps)?;
        check(&each, &numbers)?;
        check(&chunked, &numbers)?;
        Ok(vec![each_us, chunked_us])
    })?;
    for (measure, us) in ["tiny_each_us", "tiny_chunked_us"].into_iter().zip(times) {
        figures.note(measure, "rayon", workers, us);
    }
    Ok(())
}

/// Starts a pool, lends it to `work` and waits until its threads have ended.
fn with_pool<T>(
    threads: usize,
    work: impl FnOnce(&ThreadPool) -> T,
) -> std::result::Result<T, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().num_threads(threads).build_scoped(|thread| thread.run(), work)
}

fn check(results: &[u64], numbers: &[u64]) -> Result<()> {
    let right = results.iter().copied().eq(numbers.iter().map(|number| square(*number)));
    if right { Ok(()) } else { Err(Trouble::from("rayon's results are wrong")) }
}

/// Runs `work` in a child that an alarm ends, and returns the figures that it sends.
pub(crate) fn in_a_child(work: impl FnOnce() -> Result<Vec<f64>>) -> Result<Vec<f64>> {
    let (read_end, write_end) = pipe()?;
    let child = fork(|| {
        let write_end = write_end; // moved into the child
        alarm::set(STEP_S / 2);
        match work() {
            Ok(times) => {
                let bytes: Vec<u8> = times.iter().flat_map(|us| us.to_le_bytes()).collect();
                i32::from(write(&write_end, &bytes) != Ok(bytes.len()))
            }
            Err(error) => {
                let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("error: {error}\n"));
                1
            }
        }
    })?;
    let mut bytes = Vec::new();
    File::from(read_end).read_to_end(&mut bytes)?;
    match waitpid(child, None)? {
        WaitStatus::Exited(_, 0) => {}
        ending => return Err(Trouble::from(format!("a contender did not come to its end: {ending:?}"))),
    }
    let times = bytes.as_chunks::<8>().0.iter();
    Ok(times.map(|bytes| f64::from_le_bytes(*bytes)).collect())
}
