//! Variant: a macro that times; one broadcast whose threads take number after number; a chart in
//! percent, with a style sheet.

use crate::{Timing, TimingError};
use q2_process_pool::{ProcessPool, TaskError};
use rayon::ThreadPoolBuilder;
use std::any::Any;
use std::fmt;
use std::panic::{catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Instant;

/// Evaluates an expression and gives its value with the time that took.
macro_rules! clocked {
    ($phase:expr) => {{
        let from = Instant::now();
        let value = $phase;
        (value, from.elapsed())
    }};
}

/// Returns the square of `number`.
///
/// # Panics
///
/// If the square does not fit into a `u64`, in release builds too.
pub fn square(number: u64) -> u64 {
    assert!(number <= u64::from(u32::MAX), "the square of {number} has more than 64 bits");
    number * number
}

/// Times one process pool.
///
/// # Errors
///
/// No workers, a pool that fails, or the first input without a result.
pub fn time_pool(workers: usize, numbers: &[u64], job: fn(u64) -> u64) -> Result<Timing, TimingError> {
    let workers = std::num::NonZeroUsize::new(workers).ok_or(TimingError::NoWorkers)?.get();
    let (made, start) = clocked!(ProcessPool::<u64, u64>::new(workers, job));
    let mut pool = made.map_err(TimingError::Pool)?;
    let (answers, map) = clocked!(pool.map(numbers.iter().cloned()));
    let (ended, stop) = clocked!({
        pool.close();
        pool.join()
    });

    // From here on nothing is measured.
    if let Some(index) = answers.iter().position(Result::is_err) {
        let error = answers.into_iter().nth(index).and_then(Result::err);
        return Err(error.map_or(TimingError::NoWorkers, |error: TaskError| TimingError::Task { index, error }));
    }
    ended.map_err(TimingError::Pool)?;
    let results = answers.into_iter().flatten().collect();
    Ok(Timing { workers, results, start, map, stop })
}

/// Times one pool after the other.
///
/// # Errors
///
/// The error of the first size that fails.
pub fn compare(sizes: &[usize], numbers: &[u64], job: fn(u64) -> u64) -> Result<Vec<Timing>, TimingError> {
    sizes.iter().try_fold(vec![], |mut timings, &size| {
        timings.push(time_pool(size, numbers, job)?);
        Ok(timings)
    })
}

/// Times a pool of threads: each takes the next number that nobody has, until there is none.
///
/// # Errors
///
/// No threads, or a pool that cannot be made.
///
/// # Panics
///
/// If `job` panics.
pub fn time_threads(threads: usize, numbers: &[u64], job: fn(u64) -> u64) -> Result<Timing, TimingError> {
    match threads {
        0 => return Err(TimingError::NoWorkers),
        _ if threads > rayon::max_num_threads() => return Err(TimingError::Threads("too many".to_owned())),
        _ => (),
    }
    let places: Vec<OnceLock<u64>> = numbers.iter().map(|_| OnceLock::new()).collect();
    let panicked: Mutex<Option<Box<dyn Any + Send>>> = Mutex::new(None);
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((place, &number)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            places.get(index).zip(numbers.get(index))
        } {
            match catch_unwind(|| job(number)) {
                Ok(result) => _ = place.set(result),
                Err(payload) => {
                    let mut panicked = panicked.lock().expect("nobody panics with the lock");
                    panicked.get_or_insert(payload);
                }
            }
        }
    };

    let t0 = Instant::now();
    let built = ThreadPoolBuilder::new().num_threads(threads).build_scoped(
        |thread| thread.run(),
        |pool| {
            let t1 = Instant::now();
            pool.broadcast(|_| work());
            (t1, Instant::now())
        },
    );
    let t3 = Instant::now();

    let (t1, t2) = built.map_err(|error| TimingError::Threads(error.to_string()))?;
    if let Some(payload) = panicked.into_inner().expect("nobody panics with the lock") {
        resume_unwind(payload);
    }
    let results = places.iter().filter_map(OnceLock::get).copied().collect();
    Ok(Timing { workers: threads, results, start: t1 - t0, map: t2 - t1, stop: t3 - t2 })
}

/// `first / this`, to be shown with two decimals.
struct SpeedUp<'a>(&'a Timing, &'a Timing);

impl fmt::Display for SpeedUp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1.map.is_zero() { f.write_str("-") } else { write!(f, "{:.2}", self.0.map.div_duration_f64(self.1.map)) }
    }
}

/// Writes a table.
pub fn table(timings: &[Timing]) -> String {
    let lines = timings.iter().map(|timing| {
        let Timing { workers, results, map, .. } = timing;
        let seconds = map.as_secs_f64();
        let speed_up = SpeedUp(&timings[0], timing);
        format!("Pool size: {workers} -> Results: {results:?}, Time taken: {seconds:.6} seconds, Speed-up: {speed_up}\n")
    });
    lines.collect::<Vec<_>>().concat()
}

/// Draws a bar chart that is as wide as the window that shows it.
pub fn chart(timings: &[Timing]) -> String {
    let max = timings.iter().map(|timing| timing.map.as_secs_f64()).fold(0.0, f64::max);
    let step = 90.0 / timings.len().max(1) as f64;
    let bars = timings.iter().zip(0_u32..).map(|(timing, at)| {
        let left = 8.0 + step * f64::from(at);
        let height = if max == 0.0 { 0.0 } else { 80.0 * (timing.map.as_secs_f64() / max) };
        format!(
            "<text class=\"name\" x=\"{middle}%\" y=\"96%\">{workers}</text>\n<rect data-workers=\"{workers}\" \
             data-map-us=\"{micros}\" data-speedup=\"{speed_up}\" x=\"{left}%\" y=\"{top}%\" width=\"{width}%\" \
             height=\"{height}%\" class=\"bar\"/>\n",
            workers = timing.workers,
            micros = timing.map.as_micros(),
            speed_up = SpeedUp(&timings[0], timing),
            top = 90.0 - height,
            width = step * 0.6,
            middle = left + step * 0.3,
        )
    });
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- The bars show the time of map only. -->\n\
        <svg version=\"1.1\" width=\"100%\" height=\"100%\" xmlns=\"http://www.w3.org/2000/svg\">\n\
        <style>.bar { fill: teal } .axis { stroke: black } .name { text-anchor: middle; font: 14px sans-serif }</style>\n\
        <title>Process pools of several sizes</title>\n<desc>Time of map; the longer, the higher.</desc>\n\
        <line class=\"axis\" x1=\"5%\" y1=\"5%\" x2=\"5%\" y2=\"90%\"/>\n\
        <line class=\"axis\" x1=\"5%\" y1=\"90%\" x2=\"99%\" y2=\"90%\"/>\n";
    [head.to_owned(), bars.collect(), "</svg>".to_owned()].concat()
}
