//! Rayon, whose threads share one memory. It runs in a child: the process that forks for the others
//! must have one thread.

use crate::{TASKS, square};
use bench_processes::{Figures, Result, Trouble, in_a_child, timed_us};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

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
