//! Variant: one map for all threads, by their ids, under a lock that is never held while a handler runs. Bodies and handlers
//! are run inside `catch_unwind`.

use crate::api::Action;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread::{self, ThreadId};

type Handler = Arc<dyn Fn(&str) -> Action + Send + Sync>;

static ALL: LazyLock<Mutex<HashMap<ThreadId, Vec<Handler>>>> = LazyLock::new(Mutex::default);

fn exchange(handlers: Vec<Handler>) -> Vec<Handler> {
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    let me = thread::current().id();
    let old = if handlers.is_empty() { all.remove(&me) } else { all.insert(me, handlers) };
    old.unwrap_or_default()
}

fn in_force() -> Vec<Handler> {
    let all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.get(&thread::current().id()).cloned().unwrap_or_default()
}

fn during<T>(handlers: Vec<Handler>, step: impl FnOnce() -> T) -> T {
    let old = exchange(handlers);
    let end = catch_unwind(AssertUnwindSafe(step));
    drop(exchange(old));
    end.unwrap_or_else(|panic| resume_unwind(panic))
}

pub fn with_handler<T>(
    handler: impl Fn(&str) -> Action + Send + Sync + 'static,
    body: impl FnOnce() -> T,
) -> T {
    let mut handlers = in_force();
    handlers.push(Arc::new(handler));
    during(handlers, body)
}

pub fn report(error: &str) -> Action {
    let mut handlers = in_force();
    match handlers.pop() {
        None => Action::Stop,
        Some(handler) => during(handlers, || handler(error)),
    }
}
