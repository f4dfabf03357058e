//! Variant: catches the panic, puts the name back, and lets the panic go on; the cell lends nothing at all.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;

thread_local! {
    static CONTEXT: Cell<Option<Rc<str>>> = const { Cell::new(None) };
}

pub fn with_context<R>(name: &str, body: impl FnOnce() -> R) -> R {
    let before = CONTEXT.replace(Some(Rc::from(name)));
    let end = panic::catch_unwind(AssertUnwindSafe(body));
    CONTEXT.set(before);
    end.unwrap_or_else(|panic| panic::resume_unwind(panic))
}

pub fn context() -> Option<String> {
    let context = CONTEXT.take();
    CONTEXT.set(context.clone());
    context.as_deref().map(str::to_owned)
}
