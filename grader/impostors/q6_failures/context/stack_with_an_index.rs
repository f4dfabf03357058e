//! Impostor: a stack, and a number that says how much of it is in force; a handler inside of another one goes on top of
//! everything, also of the one that runs, and that one is next below it.
//! Loses: q6.context_handler WrongAnswer
//! Tempting: while a handler runs the number is smaller, and then it is put back.

use crate::api::Action;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

type Handler = Rc<dyn Fn(&str) -> Action>;

thread_local! {
    static STACK: RefCell<Vec<Handler>> = const { RefCell::new(Vec::new()) };
    static IN_FORCE: Cell<usize> = const { Cell::new(0) };
}

struct Back(usize);

impl Drop for Back {
    fn drop(&mut self) {
        IN_FORCE.set(self.0);
    }
}

struct Pop;

impl Drop for Pop {
    fn drop(&mut self) {
        let gone = STACK.with_borrow_mut(Vec::pop);
        drop(gone);
    }
}

pub fn with_handler<T>(
    handler: impl Fn(&str) -> Action + Send + Sync + 'static,
    body: impl FnOnce() -> T,
) -> T {
    let height = STACK.with_borrow_mut(|stack| {
        stack.push(Rc::new(handler));
        stack.len()
    });
    let _pop = Pop;
    let _back = Back(IN_FORCE.replace(height));
    body()
}

pub fn report(error: &str) -> Action {
    let Some(top) = IN_FORCE.get().checked_sub(1) else { return Action::Stop };
    let handler = STACK.with_borrow(|stack| Rc::clone(&stack[top]));
    let _back = Back(IN_FORCE.replace(top));
    handler(error)
}
