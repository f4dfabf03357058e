//! Impostor: the list of the thread is borrowed while a handler runs.
//! Loses: q6.context_handler WrongAnswer|Panic
//! Tempting: a handler is called where it lies.

use crate::api::Action;
use std::cell::RefCell;

type Handler = Box<dyn Fn(&str) -> Action>;

thread_local! {
    static LIST: RefCell<Vec<Handler>> = const { RefCell::new(Vec::new()) };
}

struct Pop;

impl Drop for Pop {
    fn drop(&mut self) {
        drop(LIST.with_borrow_mut(Vec::pop));
    }
}

pub fn with_handler<T>(
    handler: impl Fn(&str) -> Action + Send + Sync + 'static,
    body: impl FnOnce() -> T,
) -> T {
    LIST.with_borrow_mut(|list| list.push(Box::new(handler)));
    let _pop = Pop;
    body()
}

pub fn report(error: &str) -> Action {
    LIST.with_borrow(|list| list.last().map_or(Action::Stop, |handler| handler(error)))
}
