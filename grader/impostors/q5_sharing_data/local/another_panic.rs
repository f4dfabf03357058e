//! Impostor: catches the panic of the body, puts everything back, and panics with words of its own.
//! Loses: q5.local_payload SwallowedPanic
//! Tempting: it panics all the same, and the message is there.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static CONTEXT: RefCell<Option<String>> = const { RefCell::new(None) };
}

pub fn with_context<R>(name: &str, body: impl FnOnce() -> R) -> R {
    let before = CONTEXT.replace(Some(name.to_owned()));
    let end = catch_unwind(AssertUnwindSafe(body));
    CONTEXT.set(before);
    match end {
        Ok(returned) => returned,
        Err(panic) => {
            let message = panic.downcast_ref::<&str>().copied().unwrap_or("unknown");
            panic!("the body panicked in context {name}: {message}");
        }
    }
}

pub fn context() -> Option<String> {
    CONTEXT.with_borrow(Clone::clone)
}
