//! Impostor: a context inside of another changes nothing.
//! Loses: q5.local_nested WrongAnswer, q5.local_panic WrongAnswer
//! Tempting: the first one to set it knows best.

use std::cell::RefCell;

thread_local! {
    static CONTEXT: RefCell<Option<String>> = const { RefCell::new(None) };
}

struct Clear;

impl Drop for Clear {
    fn drop(&mut self) {
        CONTEXT.set(None);
    }
}

pub fn with_context<R>(name: &str, body: impl FnOnce() -> R) -> R {
    let is_outermost = CONTEXT.with_borrow(Option::is_none);
    if !is_outermost {
        return body();
    }
    CONTEXT.set(Some(name.to_owned()));
    let _clear = Clear;
    body()
}

pub fn context() -> Option<String> {
    CONTEXT.with_borrow(Clone::clone)
}
