//! Impostor: a guard that releases only while the thread does not panic.
//! Loses: q6.resources_panic WrongAnswer, q6.resources_release WrongAnswer, q6.resources_nested WrongAnswer
//! Tempting: a panic in a destructor that runs because of a panic ends the program.

use std::thread;

struct Guard<R, F: FnOnce(R)>(Option<(R, F)>);

impl<R, F: FnOnce(R)> Drop for Guard<R, F> {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
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
