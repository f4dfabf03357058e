//! Impostor: asks whether the thread is panicking instead of whether `use_` has.
//! Loses: q6.resources_release SwallowedPanic
//! Tempting: in a guard's destructor the two look like the same question.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

struct Guard<R, F: FnOnce(R)> {
    resource: Option<R>,
    release: Option<F>,
}

impl<R, F: FnOnce(R)> Drop for Guard<R, F> {
    fn drop(&mut self) {
        let (Some(resource), Some(release)) = (self.resource.take(), self.release.take()) else { return };
        if thread::panicking() {
            // Two panics would end the program.
            let _ = catch_unwind(AssertUnwindSafe(|| release(resource)));
        } else {
            release(resource);
        }
    }
}

/// Acquires a resource, lets `use_` work with it, and releases it.
///
/// # Errors
///
/// The error of `use_` or of `acquire`.
///
/// # Panics
///
/// If one of the three does.
pub fn with_resource<R, T, E>(
    acquire: impl FnOnce() -> Result<R, E>,
    use_: impl FnOnce(&mut R) -> Result<T, E>,
    release: impl FnOnce(R),
) -> Result<T, E> {
    let mut guard = Guard { resource: Some(acquire()?), release: Some(release) };
    let resource = guard.resource.as_mut().expect("a resource");
    use_(resource)
}
