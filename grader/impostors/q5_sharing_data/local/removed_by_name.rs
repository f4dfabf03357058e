//! Impostor: at its end a context removes the first entry of its name.
//! Loses: q5.local_nested WrongAnswer
//! Tempting: a name is there once, mostly.

use std::cell::RefCell;

thread_local! {
    static NAMES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Takes the innermost name away.
struct Inside<'a>(&'a str);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        NAMES.with_borrow_mut(|names| {
            if let Some(at) = names.iter().position(|name| name == self.0) {
                names.remove(at);
            }
        });
    }
}

/// Runs `body` in the context of this name.
pub fn with_context<R>(name: &str, body: impl FnOnce() -> R) -> R {
    NAMES.with_borrow_mut(|names| names.push(name.to_owned()));
    let _inside = Inside(name);
    body()
}

/// Says in which context the calling thread is.
pub fn context() -> Option<String> {
    NAMES.with_borrow(|names| names.last().cloned())
}
