//! Factorials of many numbers, with the pool.

use crate::api::{Factorial, Overflow, PoolError};
use crate::pool::ThreadPool;

/// Computes n!, exactly.
pub fn factorial(n: u32) -> Result<u128, Overflow> {
    // Ends at the first product that does not fit, long before n if n is large.
    (1..=u128::from(n)).try_fold(1_u128, u128::checked_mul).ok_or(Overflow { n })
}

/// Computes the factorials of all `numbers` in a pool of exactly `threads` workers.
pub fn factorials(
    numbers: &[u32],
    threads: usize,
    factorial: Factorial,
) -> Result<Vec<Result<u128, Overflow>>, PoolError> {
    let pool = ThreadPool::new(threads)?;
    let results = pool.map(numbers.to_vec(), move |n| factorial(n));
    // Before anything panics: every thread has ended then.
    pool.join();
    Ok(results.into_iter().map(|result| result.unwrap_or_else(|panic| panic!("{panic}"))).collect())
}
