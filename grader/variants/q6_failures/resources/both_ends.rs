//! Variant: catches both, compares the two ends afterwards, and has the resource in a box.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

type End<A> = Result<A, Box<dyn Any + Send>>;

fn end_of<A>(step: impl FnOnce() -> A) -> End<A> {
    panic::catch_unwind(AssertUnwindSafe(step))
}

pub fn with_resource<R, T, E>(
    acquire: impl FnOnce() -> Result<R, E>,
    use_: impl FnOnce(&mut R) -> Result<T, E>,
    release: impl FnOnce(R),
) -> Result<T, E> {
    acquire().map(Box::new).and_then(|mut resource| {
        let used: End<Result<T, E>> = end_of(|| use_(&mut *resource));
        let released: End<()> = end_of(move || release(*resource));
        match (used, released) {
            (Err(panic), _) | (Ok(_), Err(panic)) => panic::resume_unwind(panic),
            (Ok(end), Ok(())) => end,
        }
    })
}
