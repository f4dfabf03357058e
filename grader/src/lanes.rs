//! Doing several pieces of work at the same time.
//!
//! Knows no piece from another and judges nothing.

use crate::error::{GraderError, Result};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Calls `work` with the numbers from 0 to `count` - 1, `lanes` at the same time and begun in their
/// order, and returns what came of each, in their order too. Blocks until all are done.
///
/// # Errors
///
/// The first error in that order.
pub fn for_each<T: Send>(
    count: usize,
    lanes: usize,
    work: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Result<T>>>> = (0..count).map(|_| Mutex::new(None)).collect();
    thread::scope(|scope| {
        for _ in 0..lanes.clamp(1, count.max(1)) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(place) = results.get(number) else { return };
                    let result = work(number);
                    *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                }
            });
        }
    });
    let done = |result: Mutex<Option<Result<T>>>| {
        let result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
        result.unwrap_or_else(|| Err(GraderError::bug("a piece of work was left out")))
    };
    results.into_iter().map(done).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_the_first_error_wins() {
        let doubled = for_each(100, 7, |number| Ok(2 * number)).unwrap();
        assert_eq!(doubled, (0..100).map(|number| 2 * number).collect::<Vec<_>>());
        let fails = |number: usize| {
            if number % 10 == 3 { Err(GraderError::bug(number.to_string())) } else { Ok(number) }
        };
        assert!(for_each(100, 7, fails).unwrap_err().to_string().ends_with('3'));
        assert!(for_each(0, 7, fails).unwrap().is_empty());
    }
}
