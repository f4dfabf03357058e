//! Impostor: releases after a value and after an error; a panic passes by.
//! Loses: q6.resources_panic WrongAnswer, q6.resources_release WrongAnswer
//! Tempting: every way out that one can see in the text is taken care of.

pub fn with_resource<R, T, E>(
    acquire: impl FnOnce() -> Result<R, E>,
    use_: impl FnOnce(&mut R) -> Result<T, E>,
    release: impl FnOnce(R),
) -> Result<T, E> {
    let mut resource = acquire()?;
    let end = use_(&mut resource);
    release(resource);
    end
}
