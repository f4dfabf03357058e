//! Impostor: lends the cell out while the body runs.
//! Loses: q5.local_inside Panic, q5.local_nested Panic, q5.local_panic Panic, q5.local_payload Panic|SwallowedPanic, q5.local_threads Panic, q5.local_apart Panic
//! Tempting: `with_borrow_mut` takes a closure, and everything fits into it.

use std::cell::RefCell;

thread_local! {
    static CONTEXTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

pub fn with_context<R>(name: &str, body: impl FnOnce() -> R) -> R {
    CONTEXTS.with_borrow_mut(|contexts| {
        contexts.push(name.to_owned());
        let returned = body();
        contexts.pop();
        returned
    })
}

pub fn context() -> Option<String> {
    CONTEXTS.with_borrow(|contexts| contexts.last().cloned())
}
