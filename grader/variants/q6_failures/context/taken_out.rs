//! Variant: whoever calls a handler takes it out of the thread's list, and a guard puts it back on the way out.

use crate::api::Action;
use std::cell::RefCell;

type Handler = Box<dyn Fn(&str) -> Action>;

thread_local! {
    static LIST: RefCell<Vec<Handler>> = const { RefCell::new(Vec::new()) };
}

struct PutBack(Option<Handler>);

impl Drop for PutBack {
    fn drop(&mut self) {
        let handler = self.0.take();
        LIST.with(|list| list.borrow_mut().extend(handler));
    }
}

struct TakeOut;

impl Drop for TakeOut {
    fn drop(&mut self) {
        let handler = LIST.with(|list| list.borrow_mut().pop());
        drop(handler);
    }
}

pub fn with_handler<T>(
    handler: impl Fn(&str) -> Action + Send + Sync + 'static,
    body: impl FnOnce() -> T,
) -> T {
    LIST.with(|list| list.borrow_mut().push(Box::new(handler)));
    let _take_out = TakeOut;
    body()
}

pub fn report(error: &str) -> Action {
    let borrowed = PutBack(LIST.with(|list| list.borrow_mut().pop()));
    match &borrowed.0 {
        Some(handler) => handler(error),
        None => Action::Stop,
    }
}
