//! Impostor: one context for all threads, under a lock.
//! Loses: q5.local_threads Race|WrongAnswer
//! Tempting: it is a static, and the lock makes it safe.

use std::mem;
use std::sync::{Mutex, PoisonError};

static CONTEXT: Mutex<Option<String>> = Mutex::new(None);

fn put(name: Option<String>) -> Option<String> {
    mem::replace(&mut *CONTEXT.lock().unwrap_or_else(PoisonError::into_inner), name)
}

struct PutBack(Option<String>);

impl Drop for PutBack {
    fn drop(&mut self) {
        put(self.0.take());
    }
}

pub fn with_context<R>(name: &str, body: impl FnOnce() -> R) -> R {
    let _put_back = PutBack(put(Some(name.to_owned())));
    body()
}

pub fn context() -> Option<String> {
    CONTEXT.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
