//! Factorials of many numbers, with a pool of rayon's.

use crate::api::{Factorial, Overflow, PoolError};

/// Does what `factorials` does with a rayon pool of exactly `threads` threads of its own; the global pool of rayon is not
/// used. All numbers are computed in the pool, also if there is only one. `factorial` decides about each of them, whatever it
/// says about others. On return the pool's threads have ended, or are about to.
///
/// # Errors
///
/// [`PoolError::NoThreads`] if `threads` is 0, even if there are no numbers; [`PoolError::Spawn`] if the system refuses a thread,
/// and then none is left of those that were started before.
///
/// # Panics
///
/// If `factorial` panics.
pub fn factorials_with_rayon(
    numbers: &[u32],
    threads: usize,
    factorial: Factorial,
) -> Result<Vec<Result<u128, Overflow>>, PoolError> {
    drop(factorial);
    todo!("compute the factorials of {numbers:?} with {threads} threads of rayon's")
}
