//! Doing something for every check, several at a time.
//!
//! Knows no check from another and judges nothing.

use crate::catalogue::Check;
use crate::error::{GraderError, Result};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Calls `work` for each check, `lanes` at the same time, and returns what came of it in the order of
/// the checks. Blocks until all are done.
///
/// # Errors
///
/// The first error in the order of the checks.
pub(crate) fn for_each<T: Send>(
    checks: &[Check],
    lanes: usize,
    progress: &(dyn Fn(&str) + Sync),
    work: impl Fn(&Check) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Result<T>>>> = checks.iter().map(|_| Mutex::new(None)).collect();
    thread::scope(|scope| {
        for _ in 0..lanes.clamp(1, checks.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let (Some(check), Some(place)) = (checks.get(number), results.get(number)) else {
                        return;
                    };
                    progress(&format!("check {} of {}: {}", number + 1, checks.len(), check.id));
                    let result = work(check);
                    *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                }
            });
        }
    });
    let done = |result: Mutex<Option<Result<T>>>| {
        let result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
        result.unwrap_or_else(|| Err(GraderError::bug("a check was left out")))
    };
    results.into_iter().map(done).collect()
}
