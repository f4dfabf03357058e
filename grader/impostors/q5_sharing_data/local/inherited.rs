//! Impostor: a thread without a context has the newest of all threads.
//! Loses: q5.local_threads Race|WrongAnswer
//! Tempting: a thread works for whoever started it.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

static NEWEST: Mutex<Vec<String>> = Mutex::new(Vec::new());

thread_local! {
    static CONTEXT: RefCell<Option<String>> = const { RefCell::new(None) };
}

struct PutBack(Option<String>);

impl Drop for PutBack {
    fn drop(&mut self) {
        CONTEXT.set(self.0.take());
        NEWEST.lock().unwrap_or_else(PoisonError::into_inner).pop();
    }
}

pub fn with_context<R>(name: &str, body: impl FnOnce() -> R) -> R {
    NEWEST.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
    let _put_back = PutBack(CONTEXT.replace(Some(name.to_owned())));
    body()
}

pub fn context() -> Option<String> {
    let own = CONTEXT.with_borrow(Clone::clone);
    own.or_else(|| NEWEST.lock().unwrap_or_else(PoisonError::into_inner).last().cloned())
}
