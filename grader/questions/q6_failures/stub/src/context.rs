//! Error handlers of a thread of its own (`threading.local`): whoever meets an error asks what to do about it.

use crate::api::Action;

/// Runs `body` with a handler for the errors that this thread reports meanwhile, and returns what `body` returns.
///
/// Calls may be nested: the handler of the inner call comes first, and when its body has ended the outer one is in force
/// again. That also holds if the body ends by a panic, which goes on as it is.
///
/// A handler belongs to the thread that called this function. Other threads do not see it, those started inside `body`
/// neither, and no thread waits while a handler of another one runs.
///
/// The handler is dropped when `body` has ended and the outer one is in force again, before this function returns or lets a
/// panic go on. What the handler holds may have a destructor that calls [`report`].
pub fn with_handler<T>(
    handler: impl Fn(&str) -> Action + Send + Sync + 'static,
    body: impl FnOnce() -> T,
) -> T {
    // TODO 1/2: where does a handler live, and who puts the old one back if `body` panics?
    let _ = (handler, body);
    todo!("run the body with the handler in force")
}

/// Calls the innermost handler of this thread with `error`, and returns what it decides.
///
/// In a thread without a handler the answer is [`Action::Stop`].
///
/// While a handler runs, those outside of it are in force: what it reports itself goes to the next handler further out, and
/// it may call [`with_handler`] for a body of its own: outside of that new handler are those further out, never the one that
/// runs. If a handler panics, its panic goes on as it is, and the handlers are in force as before the call.
pub fn report(error: &str) -> Action {
    // TODO 2/2: the handler is foreign code. What do you hold while it runs?
    todo!("ask the innermost handler about {error}")
}
