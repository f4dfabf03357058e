//! Variant: releases by hand on the ordinary ways out; a guard, which is disarmed there, releases when `use_` panics.

use std::panic::{AssertUnwindSafe, catch_unwind};

struct OnPanic<R, F: FnOnce(R)>(Option<R>, Option<F>);

impl<R, F: FnOnce(R)> OnPanic<R, F> {
    fn disarm(mut self) -> Option<(R, F)> {
        self.0.take().zip(self.1.take())
    }
}

impl<R, F: FnOnce(R)> Drop for OnPanic<R, F> {
    fn drop(&mut self) {
        if let (Some(resource), Some(release)) = (self.0.take(), self.1.take()) {
            drop(catch_unwind(AssertUnwindSafe(move || release(resource))));
        }
    }
}

pub fn with_resource<R, T, E>(
    acquire: impl FnOnce() -> Result<R, E>,
    use_: impl FnOnce(&mut R) -> Result<T, E>,
    release: impl FnOnce(R),
) -> Result<T, E> {
    let mut armed = OnPanic(Some(acquire()?), Some(release));
    let end = match &mut armed.0 {
        Some(resource) => use_(resource),
        None => unreachable!("nobody has taken it"),
    };
    if let Some((resource, release)) = armed.disarm() {
        release(resource);
    }
    end
}
