//! Impostor: one stack of handlers for the whole program.
//! Loses: q6.context_thread Race|WrongAnswer
//! Tempting: a static is easy to reach, and with one thread nobody sees a difference.

use crate::api::Action;
use std::sync::{Arc, Mutex, PoisonError};

type Handler = Arc<dyn Fn(&str) -> Action + Send + Sync>;

static STACK: Mutex<Vec<Handler>> = Mutex::new(Vec::new());

struct Restore(Vec<Handler>);

impl Restore {
    fn after(handlers: Vec<Handler>) -> Self {
        Self(exchange(handlers))
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        drop(exchange(std::mem::take(&mut self.0)));
    }
}

fn exchange(handlers: Vec<Handler>) -> Vec<Handler> {
    std::mem::replace(&mut STACK.lock().unwrap_or_else(PoisonError::into_inner), handlers)
}

fn in_force() -> Vec<Handler> {
    STACK.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

pub fn with_handler<T>(
    handler: impl Fn(&str) -> Action + Send + Sync + 'static,
    body: impl FnOnce() -> T,
) -> T {
    let mut handlers = in_force();
    handlers.push(Arc::new(handler));
    let _restore = Restore::after(handlers);
    body()
}

pub fn report(error: &str) -> Action {
    let mut handlers = in_force();
    let Some(handler) = handlers.pop() else { return Action::Stop };
    let _restore = Restore::after(handlers);
    handler(error)
}
