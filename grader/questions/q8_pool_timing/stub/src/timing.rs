//! Your part: measure pools of several sizes, and show what you have measured.
//!
//! Durations are read off the monotonic clock, [`std::time::Instant`]: the time of day may be set
//! back while you measure.

use crate::{Timing, TimingError};

/// Returns the square of `number`.
///
/// # Panics
///
/// If the square does not fit into a `u64`, in release builds too.
pub fn square(number: u64) -> u64 {
    todo!("square {number}")
}

/// Applies `job` to all `numbers` in a process pool of its own with exactly `workers` workers, and
/// says how long each phase took.
///
/// The results stand in the order of `numbers`, whatever ends first. The whole of `numbers` goes
/// through one call of `ProcessPool::map`. Each phase is a region of its own, and nothing else is
/// in it:
///
/// - `start`: from just before `ProcessPool::new` is called until it has returned.
/// - `map`: from just before `ProcessPool::map` is called until it has returned.
/// - `stop`: from just before `ProcessPool::close` is called until `ProcessPool::join` has returned.
///
/// Blocks until all is done. On return, also with an error, the pool is gone and no worker is left.
///
/// # Errors
///
/// - [`TimingError::NoWorkers`] if `workers` is zero.
/// - [`TimingError::Pool`] if the pool cannot be made, or cannot be joined.
/// - [`TimingError::Task`] if a number has no result: it names the first such number in the order of
///   `numbers`, and counts for more than a pool that cannot be joined.
pub fn time_pool(workers: usize, numbers: &[u64], job: fn(u64) -> u64) -> Result<Timing, TimingError> {
    // TODO 1/4: which calls belong to which phase?
    let _ = job;
    let count = numbers.len();
    todo!("time a pool of {workers} workers on {count} numbers")
}

/// Measures one pool after the other, one for each of `sizes` and in their order, as [`time_pool`]
/// does.
///
/// Every size has a pool of its own and computes all the results itself. No two pools exist at the
/// same time, and none is left on return. No sizes give no timings.
///
/// # Errors
///
/// The error of the first size that fails; no pool is made for the sizes after it.
pub fn compare(sizes: &[usize], numbers: &[u64], job: fn(u64) -> u64) -> Result<Vec<Timing>, TimingError> {
    let _ = job;
    let count = numbers.len();
    todo!("time pools of {sizes:?} workers on {count} numbers")
}

/// Applies `job` to all `numbers` on exactly `threads` threads of a rayon pool of its own, for
/// comparison, and says how long each phase took.
///
/// The pool is not rayon's global one. Every number is a piece of work of its own: while numbers
/// wait, no thread is idle, so `threads` of them are in work at once. `workers` is `threads`, and
/// the results stand in the order of `numbers`.
///
/// - `start`: from just before the pool is made until it has been made.
/// - `map`: from just before the pool gets the numbers until all results are there.
/// - `stop`: from then on until all threads of the pool have ended.
///
/// Blocks until all is done; on return the pool and its threads are gone (the system may show a
/// thread that has just ended for a moment longer).
///
/// # Errors
///
/// [`TimingError::NoWorkers`] if `threads` is zero, [`TimingError::Threads`] if the pool cannot be
/// made.
///
/// # Panics
///
/// If `job` panics, with the panic of one such job, after all threads of the pool have ended.
pub fn time_threads(threads: usize, numbers: &[u64], job: fn(u64) -> u64) -> Result<Timing, TimingError> {
    // TODO 2/4: what does dropping a `rayon::ThreadPool` wait for?
    let _ = job;
    let count = numbers.len();
    todo!("time {threads} threads on {count} numbers")
}

/// Writes a table: one line for each timing, in order, each ended by a newline.
///
/// A line looks exactly like this one; the time is `map` in seconds, rounded to the microsecond:
///
/// ```text
/// Pool size: 2 -> Results: [1, 4, 9], Time taken: 0.004099 seconds, Speed-up: 1.00
/// ```
///
/// The speed-up says how many times as fast as the first one a timing is: `map` of the first timing
/// divided by `map` of this one, rounded to two decimals (halfway, either way). It is `-` if `map` of this one is zero.
/// No timings give an empty text.
pub fn table(timings: &[Timing]) -> String {
    // TODO 3/4: which of the two is above the line?
    let count = timings.len();
    todo!("write a table of {count} timings")
}

/// Draws the timings as a bar chart and returns it as the text of an SVG file.
///
/// The root is one `<svg` with the namespace `http://www.w3.org/2000/svg`. In it are a `<title>`,
/// two `<line` for the axes, and for each timing, in order, one bar and a `<text` that names its
/// number of workers; more lines and texts do no harm. A bar begins exactly like this, with the whole microseconds of `map` (what is
/// below one is left out) and the speed-up as in [`table`]:
///
/// ```text
/// <rect data-workers="2" data-map-us="4099" data-speedup="1.00"
/// ```
///
/// It goes on with `x`, `y`, `width` and `height`, so that one can see it: the longer `map`, the
/// higher the bar, as far as a picture can show the difference. No other `<rect` is in the file. No timings give a chart without bars.
pub fn chart(timings: &[Timing]) -> String {
    // TODO 4/4: an SVG counts `y` downwards.
    let count = timings.len();
    todo!("draw {count} bars")
}
