//! Impostor: a list for each thread in one map, whose lock is held while a handler runs.
//! Loses: q6.context_thread LockHeld, q6.context_handler SelfDeadlock|Deadlock, q6.context_panic Panic
//! Tempting: the handler is in the map, and the map is under the lock.

use crate::api::Action;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};
use std::thread::{self, ThreadId};

type Handler = Box<dyn Fn(&str) -> Action + Send + Sync>;

static ALL: LazyLock<Mutex<HashMap<ThreadId, Vec<Handler>>>> = LazyLock::new(Mutex::default);

struct Pop;

impl Drop for Pop {
    fn drop(&mut self) {
        if let Ok(mut all) = ALL.lock() {
            let gone = all.get_mut(&thread::current().id()).and_then(Vec::pop);
            drop(all);
            drop(gone);
        }
    }
}

pub fn with_handler<T>(
    handler: impl Fn(&str) -> Action + Send + Sync + 'static,
    body: impl FnOnce() -> T,
) -> T {
    ALL.lock().unwrap().entry(thread::current().id()).or_default().push(Box::new(handler));
    let _pop = Pop;
    body()
}

pub fn report(error: &str) -> Action {
    let all = ALL.lock().unwrap();
    let handler = all.get(&thread::current().id()).and_then(|list| list.last());
    handler.map_or(Action::Stop, |handler| handler(error))
}
