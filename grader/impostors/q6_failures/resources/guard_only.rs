//! Impostor: a guard whose destructor calls release and lets its panic out.
//! Loses: q6.resources_release EarlyExit|Panic
//! Tempting: the pattern that everybody knows, and it is right as long as release does not panic.

struct Guard<R, F: FnOnce(R)>(Option<(R, F)>);

impl<R, F: FnOnce(R)> Drop for Guard<R, F> {
    fn drop(&mut self) {
        if let Some((resource, release)) = self.0.take() {
            release(resource);
        }
    }
}

pub fn with_resource<R, T, E>(
    acquire: impl FnOnce() -> Result<R, E>,
    use_: impl FnOnce(&mut R) -> Result<T, E>,
    release: impl FnOnce(R),
) -> Result<T, E> {
    let mut guard = Guard(Some((acquire()?, release)));
    match &mut guard.0 {
        Some((resource, _)) => use_(resource),
        None => unreachable!("nobody has taken it"),
    }
}
