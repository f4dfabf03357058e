//! Variant: a scope with a task for each number, every one of which writes its own place of the list; some numbers go first.
//! Replaces: src/with_rayon.rs
//! Factorials of many numbers: a scope of rayon's, whose tasks fill a list of places.

use crate::api::{Factorial, Overflow, PoolError};
use rayon::ThreadPoolBuilder;
use std::sync::mpsc;

/// Computes the factorials of all `numbers` with `factorial`, in a rayon pool of exactly `threads` workers.
///
/// # Errors
///
/// [`PoolError::NoThreads`] if `threads` is 0.
///
/// # Panics
///
/// If `factorial` panics.
pub fn factorials_with_rayon(
    numbers: &[u32],
    threads: usize,
    factorial: Factorial,
) -> Result<Vec<Result<u128, Overflow>>, PoolError> {
    if threads == 0 {
        return Err(PoolError::NoThreads);
    }
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| PoolError::Spawn(error.to_string()))?;
    let mut results = vec![Ok(0); numbers.len()];
    let (done, finished) = mpsc::channel();
    // The largest first: they take longest.
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by_key(|&place| std::cmp::Reverse(numbers[place]));
    pool.scope(|scope| {
        for place in order {
            let (done, factorial) = (done.clone(), &factorial);
            scope.spawn(move |_| {
                let result = factorial(numbers[place]);
                let _ = done.send((place, result));
            });
        }
    });
    drop(done);
    for (place, result) in finished {
        results[place] = result;
    }
    Ok(results)
}
