//! What is acquired is released, whatever happens in between (`with`, `try … finally`).

/// Acquires a resource, lets `use_` work with it, and releases it: once, and before this function returns or lets a panic
/// go on.
///
/// When `use_` returns a value, the resource is released and the value comes back.
///
/// Calls may be nested: what was acquired last is released first. They work in destructors too, also while the thread
/// unwinds from another panic. Any number of threads may be in such calls at once: none waits for another.
///
/// # Errors
///
/// The error of `use_`, after the resource has been released; or that of `acquire`, and then there is nothing to use or to
/// release.
///
/// # Panics
///
/// If `use_` panics, the resource is released and the panic goes on as it is. If `acquire` panics, there is nothing to
/// release. If `release` panics, its panic goes on, unless `use_` had panicked before: then the panic of `use_` goes on and
/// the program lives.
pub fn with_resource<R, T, E>(
    acquire: impl FnOnce() -> Result<R, E>,
    use_: impl FnOnce(&mut R) -> Result<T, E>,
    release: impl FnOnce(R),
) -> Result<T, E> {
    // TODO: by how many ways does this function end? What happens to a thread that panics while it panics?
    let _ = (acquire, use_, release);
    todo!("acquire, use and release a resource")
}
