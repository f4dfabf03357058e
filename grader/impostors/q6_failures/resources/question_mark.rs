//! Impostor: leaves by a question mark before it has released.
//! Loses: q6.resources_error WrongAnswer, q6.resources_panic WrongAnswer, q6.resources_release WrongAnswer|SwallowedPanic, q6.resources_nested WrongAnswer
//! Tempting: one line after the other, each says what it does.

pub fn with_resource<R, T, E>(
    acquire: impl FnOnce() -> Result<R, E>,
    use_: impl FnOnce(&mut R) -> Result<T, E>,
    release: impl FnOnce(R),
) -> Result<T, E> {
    let mut resource = acquire()?;
    let value = use_(&mut resource)?;
    release(resource);
    Ok(value)
}
