//! Factorials of many numbers, with a pool of rayon's.

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use crate::api::{Factorial, Overflow, PoolError};

/// Computes the factorials of all `numbers` in a rayon pool of exactly `threads` threads.
pub fn factorials_with_rayon(
    numbers: &[u32],
    threads: usize,
    factorial: Factorial,
) -> Result<Vec<Result<u128, Overflow>>, PoolError> {
    // For rayon 0 means "as many as there are processors".
    if threads == 0 {
        return Err(PoolError::NoThreads);
    }
    let compute = || numbers.par_iter().map(|&n| factorial(n)).collect();
    // A scoped pool waits for its threads; `build` would let them go on for a while.
    let builder = ThreadPoolBuilder::new().num_threads(threads);
    let results = builder.build_scoped(|thread| thread.run(), |pool| pool.install(compute));
    results.map_err(|error| PoolError::Spawn(error.to_string()))
}
