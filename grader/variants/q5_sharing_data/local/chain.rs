//! Variant: a chain of names; each context holds the one around it.

use std::cell::RefCell;

struct Link {
    name: String,
    around: Option<Box<Link>>,
}

thread_local! {
    static INNERMOST: RefCell<Option<Box<Link>>> = const { RefCell::new(None) };
}

struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        INNERMOST.with_borrow_mut(|innermost| *innermost = innermost.take().and_then(|link| link.around));
    }
}

pub fn with_context<R>(name: &str, body: impl FnOnce() -> R) -> R {
    INNERMOST.with_borrow_mut(|innermost| {
        let around = innermost.take();
        *innermost = Some(Box::new(Link { name: String::from(name), around }));
    });
    let _leave = Leave;
    body()
}

pub fn context() -> Option<String> {
    INNERMOST.with_borrow(|innermost| Some(innermost.as_ref()?.name.clone()))
}
