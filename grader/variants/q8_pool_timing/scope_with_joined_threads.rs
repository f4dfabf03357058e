//! Variant: the pool of rayon lives on threads of a `std::thread::scope` that are joined one by
//! one; results go into atomics; the caller hands out the numbers itself.

use crate::{Timing, TimingError};
use q2_process_pool::{PoolError, ProcessPool};
use rayon::{ThreadBuilder, ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::cell::RefCell;
use std::fmt::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Returns the square of `number`.
///
/// # Panics
///
/// If the square does not fit into a `u64`, in release builds too.
pub fn square(number: u64) -> u64 {
    number.checked_pow(2).unwrap_or_else(|| panic!("no u64 is the square of {number}"))
}

impl From<PoolError> for TimingError {
    fn from(error: PoolError) -> Self {
        TimingError::Pool(error)
    }
}

impl From<ThreadPoolBuildError> for TimingError {
    fn from(error: ThreadPoolBuildError) -> Self {
        TimingError::Threads(error.to_string())
    }
}

/// Times one process pool.
///
/// # Errors
///
/// No workers, a pool that fails, or the first input without a result.
pub fn time_pool(workers: usize, numbers: &[u64], job: fn(u64) -> u64) -> Result<Timing, TimingError> {
    let (before_new, mut pool, after_new) = match workers {
        0 => return Err(TimingError::NoWorkers),
        _ => (Instant::now(), ProcessPool::new(workers, job)?, Instant::now()),
    };
    // A tuple is evaluated from the left to the right.
    let (before_map, answers, after_map) = (Instant::now(), pool.map(numbers.iter().copied()), Instant::now());
    let (before_close, (), joined, after_join) = (Instant::now(), pool.close(), pool.join(), Instant::now());

    let (good, bad): (Vec<_>, Vec<_>) = answers.into_iter().enumerate().partition(|(_, answer)| answer.is_ok());
    for (index, answer) in bad {
        answer.map_err(|error| TimingError::Task { index, error })?;
    }
    joined?;
    Ok(Timing {
        workers,
        results: good.into_iter().filter_map(|(_, answer)| answer.ok()).collect(),
        start: after_new - before_new,
        map: after_map - before_map,
        stop: after_join - before_close,
    })
}

/// Times one pool after the other.
///
/// # Errors
///
/// The error of the first size that fails.
pub fn compare(sizes: &[usize], numbers: &[u64], job: fn(u64) -> u64) -> Result<Vec<Timing>, TimingError> {
    let mut timings: Vec<Option<Timing>> = vec![None; sizes.len()];
    for (place, workers) in timings.iter_mut().zip(sizes) {
        *place = Some(time_pool(*workers, numbers, job)?);
    }
    Ok(timings.into_iter().flatten().collect())
}

/// Times a pool of threads.
///
/// # Errors
///
/// No threads, or a pool that cannot be made.
///
/// # Panics
///
/// If `job` panics.
pub fn time_threads(threads: usize, numbers: &[u64], job: fn(u64) -> u64) -> Result<Timing, TimingError> {
    if threads == 0 {
        return Err(TimingError::NoWorkers);
    }
    if threads > rayon::max_num_threads() {
        return Err(TimingError::Threads(format!("{threads} threads are more than rayon knows")));
    }
    let places: Vec<AtomicU64> = numbers.iter().map(|_| AtomicU64::new(0)).collect();

    let (worked, times) = thread::scope(|scope| {
        let handles = RefCell::new(Vec::with_capacity(threads));
        let spawn = |thread: ThreadBuilder| {
            let handle = thread::Builder::new().spawn_scoped(scope, || thread.run())?;
            handles.borrow_mut().push(handle);
            Ok(())
        };
        let t0 = Instant::now();
        // With an error here, the scope waits for the threads that have been started already.
        let pool: ThreadPool = ThreadPoolBuilder::new().num_threads(threads).spawn_handler(spawn).build()?;
        let t1 = Instant::now();
        let worked = panic::catch_unwind(AssertUnwindSafe(|| {
            pool.in_place_scope_fifo(|scope| {
                for (place, &number) in places.iter().zip(numbers) {
                    scope.spawn_fifo(move |_| place.store(job(number), Ordering::Relaxed));
                }
            });
        }));
        let t2 = Instant::now();
        drop(pool);
        for handle in handles.take() {
            let _ = handle.join();
        }
        let t3 = Instant::now();
        Ok::<_, TimingError>((worked, [t1 - t0, t2 - t1, t3 - t2]))
    })?;

    worked.unwrap_or_else(|payload| panic::resume_unwind(payload));
    let [start, map, stop] = times;
    let results = places.into_iter().map(AtomicU64::into_inner).collect();
    Ok(Timing { workers: threads, results, start, map, stop })
}

/// Writes how many times as fast as the first one a timing is.
fn write_speed_up(to: &mut dyn Write, timings: &[Timing], at: usize) -> fmt::Result {
    let nanos = |at: usize| timings[at].map.as_nanos();
    let this = nanos(at);
    if this == 0 {
        return to.write_char('-');
    }
    // Hundredths, halves upwards.
    let hundredths = (nanos(0) * 200 + this) / (2 * this);
    write!(to, "{}.{}{}", hundredths / 100, hundredths / 10 % 10, hundredths % 10)
}

fn write_table(to: &mut dyn Write, timings: &[Timing]) -> fmt::Result {
    for (at, timing) in timings.iter().enumerate() {
        write!(to, "Pool size: {} -> Results: [", timing.workers)?;
        let mut comma = "";
        for result in &timing.results {
            write!(to, "{comma}{result}")?;
            comma = ", ";
        }
        write!(to, "], Time taken: {:.6} seconds, Speed-up: ", timing.map.as_secs_f64())?;
        write_speed_up(to, timings, at)?;
        to.write_char('\n')?;
    }
    Ok(())
}

/// Writes a table.
pub fn table(timings: &[Timing]) -> String {
    let mut table = String::new();
    write_table(&mut table, timings).expect("a string takes everything");
    table
}

fn write_chart(to: &mut dyn Write, timings: &[Timing]) -> fmt::Result {
    let longest = timings.iter().map(|timing| timing.map).max().unwrap_or(Duration::ZERO);
    let right = 70 + 80 * timings.len();
    write!(to, "<svg width=\"{right}\" height=\"250\" ")?;
    writeln!(to, "xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\">")?;
    writeln!(to, "<line x1=\"50\" y1=\"10\" x2=\"50\" y2=\"210\" stroke=\"#000\"></line>")?;
    writeln!(to, "<line x1=\"50\" y1=\"210\" x2=\"{right}\" y2=\"210\" stroke=\"#000\"></line>")?;
    // Lines of a grid, which are no axes.
    writeln!(to, "<path d=\"M50 10H{right}M50 60H{right}M50 110H{right}M50 160H{right}\" stroke=\"#ccc\"/>")?;
    writeln!(to, "<text x=\"4\" y=\"14\" font-size=\"10\">{longest:?}</text>")?;
    for (at, timing) in timings.iter().enumerate() {
        let height = if longest.is_zero() { 0.0 } else { timing.map.as_secs_f64() / longest.as_secs_f64() * 200.0 };
        let left = 70 + 80 * at;
        write!(to, "<rect data-workers=\"{}\" data-map-us=\"{}\" data-speedup=\"", timing.workers, timing.map.as_micros())?;
        write_speed_up(to, timings, at)?;
        write!(to, "\" x=\"{left}.5\" y=\"{:e}\" width=\"5e1\" height=\"{height:e}\"", 210.0 - height)?;
        writeln!(to, " fill-opacity=\".6\" rx=\"2\"><!-- rounded --></rect>")?;
        writeln!(to, "<text x=\"{left}\" y=\"230\">on <tspan font-weight=\"bold\">{}</tspan></text>", timing.workers)?;
    }
    writeln!(to, "<title>Map, by workers</title>\n</svg>")
}

/// Draws a bar chart.
pub fn chart(timings: &[Timing]) -> String {
    let mut chart = String::new();
    write_chart(&mut chart, timings).expect("a string takes everything");
    chart
}
