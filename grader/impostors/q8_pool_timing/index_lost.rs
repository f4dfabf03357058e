//! Impostor: names the failing number by its place among the failures.
//! Loses: q8.errors WrongAnswer
//! Tempting: counting after filtering looks the same as before.

use crate::{Timing, TimingError};
use q2_process_pool::ProcessPool;
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Returns the square of `number`.
///
/// # Panics
///
/// If the square does not fit into a `u64`, in every profile.
pub fn square(number: u64) -> u64 {
    number.checked_mul(number).expect("the square does not fit into a `u64`")
}

/// Applies `job` to all `numbers` in a pool of `workers` processes and times its phases.
///
/// # Errors
///
/// No workers, a pool that fails, or the first number without a result.
pub fn time_pool(workers: usize, numbers: &[u64], job: fn(u64) -> u64) -> Result<Timing, TimingError> {
    if workers == 0 {
        return Err(TimingError::NoWorkers);
    }
    let (pool, start) = timed(|| ProcessPool::new(workers, job));
    let mut pool = pool.map_err(TimingError::Pool)?;
    let (answers, map) = timed(|| pool.map(numbers.iter().copied()));
    let (joined, stop) = timed(|| {
        pool.close();
        pool.join()
    });
    // An early return for a bad answer would have skipped the join; now the workers are gone.
    let answers = answers.into_iter().enumerate();
    let answers: Vec<_> = answers.map(|(_, answer)| answer).collect();
    let failure = answers.iter().filter_map(|answer| answer.as_ref().err()).enumerate().next();
    if let Some((index, error)) = failure {
        return Err(TimingError::Task { index, error: error.clone() });
    }
    let results = answers.into_iter().flatten().collect();
    joined.map_err(TimingError::Pool)?;
    Ok(Timing { workers, results, start, map, stop })
}

/// Measures one pool after the other, in the order of `sizes`.
///
/// # Errors
///
/// The error of the first size that fails; the sizes after it are not tried.
pub fn compare(sizes: &[usize], numbers: &[u64], job: fn(u64) -> u64) -> Result<Vec<Timing>, TimingError> {
    // Lazy, so one at a time: two pools at once would take each other's processors.
    sizes.iter().map(|&workers| time_pool(workers, numbers, job)).collect()
}

/// Applies `job` to all `numbers` on `threads` threads of a rayon pool and times its phases.
///
/// # Errors
///
/// No threads, or threads that the system does not give.
///
/// # Panics
///
/// If `job` panics, after all threads have ended.
pub fn time_threads(threads: usize, numbers: &[u64], job: fn(u64) -> u64) -> Result<Timing, TimingError> {
    if threads == 0 {
        return Err(TimingError::NoWorkers); // rayon would take it for "as many as processors"
    }
    let starting = Instant::now();
    // Scoped, since dropping a `ThreadPool` only tells its threads to end and waits for none: they
    // would still run while the next pool is being measured, and `stop` would mean nothing.
    let scope = ThreadPoolBuilder::new().num_threads(threads).build_scoped(
        |thread| thread.run(),
        |pool| {
            let start = starting.elapsed();
            // At most one number a piece: with larger ones a thread may be idle while numbers wait.
            let work = || numbers.par_iter().with_max_len(1).map(|&number| job(number)).collect();
            let (results, map) = timed(|| pool.install(work));
            (results, start, map, Instant::now())
        },
    );
    let (results, start, map, stopping) = scope.map_err(|error| TimingError::Threads(error.to_string()))?;
    Ok(Timing { workers: threads, results, start, map, stop: stopping.elapsed() })
}

/// Calls `phase` and says how long it took, on a clock that nobody sets.
fn timed<T>(phase: impl FnOnce() -> T) -> (T, Duration) {
    let before = Instant::now();
    let result = phase();
    (result, before.elapsed())
}

/// Writes a line for each timing.
pub fn table(timings: &[Timing]) -> String {
    let mut table = String::new();
    for timing in timings {
        let Timing { workers, results, map, .. } = timing;
        let (seconds, speed_up) = (map.as_secs_f64(), speed_up(timings, timing));
        let _ = writeln!(
            table,
            "Pool size: {workers} -> Results: {results:?}, Time taken: {seconds:.6} seconds, \
             Speed-up: {speed_up}"
        );
    }
    table
}

/// Draws a bar for each timing, as the text of an SVG file.
pub fn chart(timings: &[Timing]) -> String {
    let width = 60 + 70 * timings.len();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} 220\" font-size=\"12\">\n\
         <title>Time taken by pool size</title>\n\
         <line x1=\"40\" y1=\"20\" x2=\"40\" y2=\"180\" stroke=\"black\"/>\n\
         <line x1=\"40\" y1=\"180\" x2=\"{width}\" y2=\"180\" stroke=\"black\"/>\n"
    );
    let longest = timings.iter().map(|timing| timing.map).max().unwrap_or_default().as_secs_f64();
    for (place, timing) in timings.iter().enumerate() {
        let (workers, micros) = (timing.workers, timing.map.as_micros());
        let (x, middle) = (60 + 70 * place, 80 + 70 * place);
        // The longest is 150 high, and none so low that it cannot be seen.
        let height = (150.0 * timing.map.as_secs_f64() / longest).max(1.0);
        let y = 180.0 - height;
        let speed_up = speed_up(timings, timing);
        let _ = write!(
            svg,
            "<rect data-workers=\"{workers}\" data-map-us=\"{micros}\" data-speedup=\"{speed_up}\" \
             x=\"{x}\" y=\"{y:.1}\" width=\"40\" height=\"{height:.1}\"/>\n\
             <text x=\"{middle}\" y=\"{:.1}\" text-anchor=\"middle\">{micros} us</text>\n\
             <text x=\"{middle}\" y=\"200\" text-anchor=\"middle\">{workers} workers</text>\n",
            y - 5.0
        );
    }
    svg + "</svg>\n"
}

/// How many times as fast as the first timing this one is.
fn speed_up(timings: &[Timing], timing: &Timing) -> String {
    match timings.first() {
        Some(first) if !timing.map.is_zero() => {
            format!("{:.2}", first.map.as_secs_f64() / timing.map.as_secs_f64())
        }
        _ => "-".to_owned(),
    }
}
