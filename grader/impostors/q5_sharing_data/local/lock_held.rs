//! Impostor: holds the lock of all contexts while the body runs.
//! Loses: q5.local_inside SelfDeadlock|Hang, q5.local_nested SelfDeadlock|Hang, q5.local_panic SelfDeadlock|Hang, q5.local_payload SelfDeadlock|Hang, q5.local_threads SelfDeadlock|Deadlock|Hang, q5.local_apart SelfDeadlock|Deadlock|Hang
//! Tempting: nobody may change the table in between.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::{self, ThreadId};

static CONTEXTS: LazyLock<Mutex<HashMap<ThreadId, Vec<String>>>> = LazyLock::new(Mutex::default);

pub fn with_context<R>(name: &str, body: impl FnOnce() -> R) -> R {
    let mut contexts = CONTEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    contexts.entry(thread::current().id()).or_default().push(name.to_owned());
    let returned = body();
    contexts.entry(thread::current().id()).or_default().pop();
    returned
}

pub fn context() -> Option<String> {
    let contexts = CONTEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    contexts.get(&thread::current().id())?.last().cloned()
}
