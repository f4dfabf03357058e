//! Factorials of many numbers, with your own pool.

use crate::api::{Factorial, Overflow, PoolError};

/// Computes n!, exactly. 0! is 1; 34! is the last that fits into 128 bits.
///
/// # Errors
///
/// [`Overflow`] with the number if the factorial does not fit, however large the number is.
pub fn factorial(n: u32) -> Result<u128, Overflow> {
    todo!("compute {n}!")
}

/// Computes the factorials of all `numbers` with `factorial`, in a pool of exactly `threads` workers, also if there are
/// fewer numbers. The results stand in the order of the numbers. On return no thread of the pool is left.
///
/// # Errors
///
/// [`PoolError::NoThreads`] if `threads` is 0.
///
/// # Panics
///
/// If `factorial` panics, after the other numbers have been computed and every thread has ended.
pub fn factorials(
    numbers: &[u32],
    threads: usize,
    factorial: Factorial,
) -> Result<Vec<Result<u128, Overflow>>, PoolError> {
    drop(factorial);
    todo!("compute the factorials of {numbers:?} with {threads} threads")
}
