//! Impostor: keeps contexts by the name of the thread; all threads without a name share one.
//! Loses: q5.local_threads Race|WrongAnswer
//! Tempting: a thread is known by its name.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

static CONTEXTS: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());

fn contexts() -> MutexGuard<'static, BTreeMap<String, Vec<String>>> {
    CONTEXTS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn me() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        contexts().entry(me()).or_default().pop();
    }
}

pub fn with_context<R>(name: &str, body: impl FnOnce() -> R) -> R {
    contexts().entry(me()).or_default().push(name.to_owned());
    let _leave = Leave;
    body()
}

pub fn context() -> Option<String> {
    contexts().get(&me())?.last().cloned()
}
