//! Variant: a thread-local stack, of which a number says how much is in force; while a handler runs, less of it is.

use crate::api::Action;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

type Handler = Rc<dyn Fn(&str) -> Action>;

thread_local! {
    static STACK: RefCell<Vec<Handler>> = RefCell::default();
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Cuts the stack back to a height, and puts on top what was hidden before.
struct Back {
    height: usize,
    hidden: Vec<Handler>,
}

impl Drop for Back {
    fn drop(&mut self) {
        let gone = STACK.with_borrow_mut(|stack| {
            let gone = stack.split_off(self.height);
            stack.append(&mut self.hidden);
            DEPTH.set(stack.len());
            gone
        });
        drop(gone);
    }
}

pub fn with_handler<T>(
    handler: impl Fn(&str) -> Action + Send + Sync + 'static,
    body: impl FnOnce() -> T,
) -> T {
    let _back = Back { height: DEPTH.get(), hidden: Vec::new() };
    STACK.with_borrow_mut(|stack| stack.push(Rc::new(handler)));
    DEPTH.set(DEPTH.get() + 1);
    body()
}

pub fn report(error: &str) -> Action {
    let Some(top) = DEPTH.get().checked_sub(1) else { return Action::Stop };
    let hidden = STACK.with_borrow_mut(|stack| stack.split_off(top));
    DEPTH.set(top);
    let handler = Rc::clone(&hidden[0]);
    let _back = Back { height: top, hidden };
    handler(error)
}
