//! What is acquired is released, whatever happens in between.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Acquires a resource, lets `use_` work with it, and releases it.
///
/// # Errors
///
/// That of `acquire` or `use_`.
///
/// # Panics
///
/// If one of the three panics; of two panics the first goes on.
pub fn with_resource<R, T, E>(
    acquire: impl FnOnce() -> Result<R, E>,
    use_: impl FnOnce(&mut R) -> Result<T, E>,
    release: impl FnOnce(R),
) -> Result<T, E> {
    let mut resource = acquire()?;
    // No `?` and no panic leaves this function before the release. Nobody but `release` sees the resource after a panic, and
    // it has to cope with whatever `use_` left: that is what it is for.
    match catch_unwind(AssertUnwindSafe(|| use_(&mut resource))) {
        Ok(end) => {
            release(resource);
            end
        }
        Err(panic) => {
            // In a destructor this second panic would end the whole program; here it gives way to the first.
            drop(catch_unwind(AssertUnwindSafe(|| release(resource))));
            resume_unwind(panic)
        }
    }
}
