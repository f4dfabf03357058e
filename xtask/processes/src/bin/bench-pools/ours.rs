//! The course's own pool: question 8, many tiny tasks, and large frames in both directions.

use crate::{TASKS, square};
use bench_processes::{Figures, Result, Trouble, in_a_child, timed_us};
use q2_process_pool::{PoolError, ProcessPool, TaskError};
use std::num::NonZeroUsize;

/// The size of a large input, and of its result.
const LARGE_BYTES: usize = 100_000;

/// How many of them are under way at once, and how often that is done.
const IN_FLIGHT: usize = 8;
const BATCHES: usize = 8;

pub(crate) fn question_8(figures: &mut Figures, workers: usize) -> Result<()> {
    let run = || {
        let mut pool = ProcessPool::new(workers, square)?;
        let (map_us, results) = timed_us(|| pool.map(1..=10));
        pool.join()?;
        Ok::<_, PoolError>((map_us, results))
    };
    let (total_us, done) = timed_us(run);
    let (map_us, results) = done?;
    check(results, (1..=10).map(square))?;
    figures.note("q8_total_us", "pool", workers, total_us);
    figures.note("q8_map_us", "pool", workers, map_us);
    Ok(())
}

/// One by one, and in chunks as CPython makes them when nobody says how large they shall be.
pub(crate) fn tiny(figures: &mut Figures, workers: usize) -> Result<()> {
    let chunk = (TASKS as usize).div_ceil(4 * workers);
    let chunk = NonZeroUsize::new(chunk).unwrap_or(NonZeroUsize::MIN);
    let times = in_a_child(|| {
        let mut pool = ProcessPool::new(workers, square)?;
        check(pool.map(0..workers as u64), (0..workers as u64).map(square))?;
        let (each_us, results) = timed_us(|| pool.map(0..TASKS));
        check(results, (0..TASKS).map(square))?;
        let (chunked_us, results) = timed_us(|| pool.map_chunked(0..TASKS, chunk));
        check(results, (0..TASKS).map(square))?;
        pool.join()?;
        Ok(vec![each_us, chunked_us])
    })?;
    for (measure, us) in ["tiny_each_us", "tiny_chunked_us"].into_iter().zip(times) {
        figures.note(measure, "pool", workers, us);
    }
    Ok(())
}

/// Large frames both ways at once. In a child with an alarm of its own: what is asked here is first
/// of all whether it comes to its end.
pub(crate) fn large(figures: &mut Figures, workers: usize) -> Result<()> {
    let times = in_a_child(|| {
        let mut pool = ProcessPool::new(workers, turned)?;
        let inputs = || (0..IN_FLIGHT).map(|number| vec![number as u8; LARGE_BYTES]);
        let expected: Vec<Vec<u8>> = inputs().map(turned).collect();
        let mut batch = || {
            let tickets: Vec<_> =
                inputs().map(|input| pool.apply_async(input)).collect::<std::result::Result<_, _>>()?;
            check(tickets.into_iter().map(|ticket| pool.get(ticket)).collect(), expected.clone())
        };
        let (async_us, done) = timed_us(|| (0..BATCHES).try_for_each(|_| batch()));
        done?;
        let chunk = NonZeroUsize::new(2).unwrap_or(NonZeroUsize::MIN);
        let (chunked_us, results) = timed_us(|| pool.map_chunked((0..BATCHES).flat_map(|_| inputs()), chunk));
        check(results, (0..BATCHES).flat_map(|_| expected.clone()))?;
        pool.join()?;
        Ok(vec![async_us, chunked_us])
    })?;
    for (measure, us) in ["large_async_us", "large_chunked_us"].into_iter().zip(times) {
        figures.note(measure, "pool", workers, us);
    }
    Ok(())
}

fn turned(bytes: Vec<u8>) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

/// A fast pool with wrong results is no contender.
fn check<T: PartialEq>(
    results: Vec<std::result::Result<T, TaskError>>,
    expected: impl IntoIterator<Item = T>,
) -> Result<()> {
    let results: Vec<T> = results.into_iter().collect::<std::result::Result<_, _>>()?;
    if results.into_iter().eq(expected) { Ok(()) } else { Err(Trouble::from("the pool's results are wrong")) }
}
