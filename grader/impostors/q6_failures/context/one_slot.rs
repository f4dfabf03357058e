//! Impostor: a slot for one handler, empty again after each body.
//! Loses: q6.context_innermost WrongAnswer, q6.context_thread WrongAnswer|Race, q6.context_panic WrongAnswer, q6.context_handler WrongAnswer, q6.context_dropped WrongAnswer
//! Tempting: set, run, clear.

use crate::api::Action;
use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    static SLOT: RefCell<Option<Rc<dyn Fn(&str) -> Action>>> = const { RefCell::new(None) };
}

struct Clear;

impl Drop for Clear {
    fn drop(&mut self) {
        drop(SLOT.take());
    }
}

pub fn with_handler<T>(
    handler: impl Fn(&str) -> Action + Send + Sync + 'static,
    body: impl FnOnce() -> T,
) -> T {
    drop(SLOT.replace(Some(Rc::new(handler))));
    let _clear = Clear;
    body()
}

pub fn report(error: &str) -> Action {
    let handler = SLOT.with_borrow(Clone::clone);
    handler.map_or(Action::Stop, |handler| handler(error))
}
