//! Impostor: keeps an empty text for no context, so an empty name is none.
//! Loses: q5.local_inside WrongAnswer, q5.local_nested WrongAnswer
//! Tempting: nobody gives an empty name.

use std::cell::RefCell;

thread_local! {
    static CONTEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

struct PutBack(String);

impl Drop for PutBack {
    fn drop(&mut self) {
        CONTEXT.set(std::mem::take(&mut self.0));
    }
}

pub fn with_context<R>(name: &str, body: impl FnOnce() -> R) -> R {
    let _put_back = PutBack(CONTEXT.replace(name.to_owned()));
    body()
}

pub fn context() -> Option<String> {
    CONTEXT.with_borrow(|context| (!context.is_empty()).then(|| context.clone()))
}
