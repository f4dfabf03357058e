//! Impostor: contexts are kept under the name of the thread.
//! Loses: q5.local_threads Race
//! Tempting: a thread is known by its name.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

type Table = HashMap<String, Vec<String>>;

static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);

/// Who I am: the name of the thread, or its number if it has none.
fn me() -> String {
    let thread = thread::current();
    thread.name().map_or_else(|| format!("{:?}", thread.id()), str::to_owned)
}

/// Takes the innermost name away.
struct Inside(String);

impl Drop for Inside {
    fn drop(&mut self) {
        let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(names) = table.get_mut(&self.0) {
            names.pop();
        }
    }
}

/// Runs `body` in the context of this name.
pub fn with_context<R>(name: &str, body: impl FnOnce() -> R) -> R {
    let me = me();
    TABLE.lock().unwrap_or_else(PoisonError::into_inner).entry(me.clone()).or_default().push(name.to_owned());
    let _inside = Inside(me);
    body()
}

/// Says in which context the calling thread is.
pub fn context() -> Option<String> {
    let table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    table.get(&me())?.last().cloned()
}
