//! The context of a thread: a thread-local cell, and a guard that puts back what was in it.

use std::cell::RefCell;

thread_local! {
    /// The innermost context. No other thread can reach it, so it needs no lock.
    static CONTEXT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Puts a context back when it is dropped: at the end of a body, and also when a panic unwinds through it.
struct PutBack {
    before: Option<String>,
}

impl Drop for PutBack {
    fn drop(&mut self) {
        // A thread that ends has no cell any more, and nothing to put back.
        let _ = CONTEXT.try_with(|context| context.replace(self.before.take()));
    }
}

/// Runs `body` in the context of this name.
pub fn with_context<R>(name: &str, body: impl FnOnce() -> R) -> R {
    // The borrow ends here: `body` may borrow the cell again.
    let before = CONTEXT.replace(Some(name.to_owned()));
    // A name: what is bound to `_` is dropped at once, before `body` runs.
    let _put_back = PutBack { before };
    body()
}

/// Says in which context the calling thread is.
pub fn context() -> Option<String> {
    CONTEXT.with_borrow(Clone::clone)
}
