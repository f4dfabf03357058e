//! Variant: a guard whose `drop` releases in any case; while it unwinds it keeps a second panic to itself.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

struct Guard<R, F: FnOnce(R)> {
    parts: Option<(R, F)>,
    is_unwinding: bool,
}

impl<R, F: FnOnce(R)> Drop for Guard<R, F> {
    fn drop(&mut self) {
        let Some((resource, release)) = self.parts.take() else { return };
        let end = catch_unwind(AssertUnwindSafe(|| release(resource)));
        match end {
            Err(panic) if !self.is_unwinding => resume_unwind(panic),
            _ => {}
        }
    }
}

pub fn with_resource<R, T, E>(
    acquire: impl FnOnce() -> Result<R, E>,
    use_: impl FnOnce(&mut R) -> Result<T, E>,
    release: impl FnOnce(R),
) -> Result<T, E> {
    let resource = acquire()?;
    let mut guard = Guard { parts: Some((resource, release)), is_unwinding: true };
    let end = guard.parts.as_mut().map(|(resource, _)| use_(resource)).expect("it is there until the drop");
    guard.is_unwinding = false;
    end
}
