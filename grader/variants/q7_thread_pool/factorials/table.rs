//! Variant: a table of all factorials that fit, and a pool that is closed before the results are read.
//! Replaces: src/factorials.rs
//! Factorials of many numbers: looked up in a table that the compiler has made, or computed in the pool.

use crate::api::{Factorial, Overflow, PoolError};
use crate::pool::{Pending, ThreadPool};

const COUNT: usize = 35;

/// 0! to 34!.
const TABLE: [u128; COUNT] = {
    let mut table = [1_u128; COUNT];
    let mut n = 1;
    while n < COUNT {
        table[n] = table[n - 1] * n as u128;
        n += 1;
    }
    table
};

/// Says what n! is.
///
/// # Errors
///
/// [`Overflow`].
pub fn factorial(n: u32) -> Result<u128, Overflow> {
    usize::try_from(n).ok().and_then(|at| TABLE.get(at)).copied().ok_or(Overflow { n })
}

/// Computes the factorials of all `numbers` with `factorial`, in a pool of exactly `threads` workers.
///
/// # Errors
///
/// [`PoolError::NoThreads`] if `threads` is 0.
///
/// # Panics
///
/// If `factorial` panics.
pub fn factorials(
    numbers: &[u32],
    threads: usize,
    factorial: Factorial,
) -> Result<Vec<Result<u128, Overflow>>, PoolError> {
    let pool = ThreadPool::new(threads)?;
    let pending: Vec<Pending<_>> = numbers
        .iter()
        .map(|&n| {
            let factorial = Factorial::clone(&factorial);
            pool.submit(move || factorial(n))
        })
        .collect();
    // The pool ends first: it finishes all of them, and their results stay where they are.
    pool.join();
    let finished = pending.into_iter().map(Pending::result).collect::<Result<Vec<_>, _>>();
    match finished {
        Ok(results) => Ok(results),
        Err(failure) => std::panic::panic_any(failure.message),
    }
}
