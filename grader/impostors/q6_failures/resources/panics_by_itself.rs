//! Impostor: takes the state of the thread for that of use_: whoever unwinds already is not released by hand.
//! Loses: q6.resources_nested WrongAnswer, q6.resources_release WrongAnswer
//! Tempting: panicking says whether this thread panics.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

pub fn with_resource<R, T, E>(
    acquire: impl FnOnce() -> Result<R, E>,
    use_: impl FnOnce(&mut R) -> Result<T, E>,
    release: impl FnOnce(R),
) -> Result<T, E> {
    let mut resource = acquire()?;
    match catch_unwind(AssertUnwindSafe(|| use_(&mut resource))) {
        Ok(end) if !thread::panicking() => {
            release(resource);
            end
        }
        Ok(end) => end,
        Err(panic) => {
            let _ = catch_unwind(AssertUnwindSafe(|| release(resource)));
            resume_unwind(panic)
        }
    }
}
