//! Impostor: a context that is opened while a panic unwinds is not closed.
//! Loses: q5.local_panic WrongAnswer
//! Tempting: what ends in a panic is left as it is, and `panicking` says whether it does.

use std::cell::RefCell;

thread_local! {
    static NAMES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Takes the innermost name away.
struct Inside {
    /// Whether a panic was on its way already: then nobody asks any more.
    late: bool,
}

impl Drop for Inside {
    fn drop(&mut self) {
        if self.late {
            return;
        }
        NAMES.with_borrow_mut(|names| names.pop());
    }
}

/// Runs `body` in the context of this name.
pub fn with_context<R>(name: &str, body: impl FnOnce() -> R) -> R {
    NAMES.with_borrow_mut(|names| names.push(name.to_owned()));
    let _inside = Inside { late: std::thread::panicking() };
    body()
}

/// Says in which context the calling thread is.
pub fn context() -> Option<String> {
    NAMES.with_borrow(|names| names.last().cloned())
}
