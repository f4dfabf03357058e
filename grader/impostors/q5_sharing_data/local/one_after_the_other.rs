//! Impostor: lets only one thread into its outermost context at a time.
//! Loses: q5.local_apart Deadlock|SelfDeadlock|Hang
//! Tempting: contexts of different threads must not mix.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

static TURN: Mutex<()> = Mutex::new(());

thread_local! {
    static CONTEXT: RefCell<Option<String>> = const { RefCell::new(None) };
}

struct PutBack(Option<String>);

impl Drop for PutBack {
    fn drop(&mut self) {
        CONTEXT.set(self.0.take());
    }
}

pub fn with_context<R>(name: &str, body: impl FnOnce() -> R) -> R {
    let is_outermost = CONTEXT.with_borrow(Option::is_none);
    let _turn = is_outermost.then(|| TURN.lock().unwrap_or_else(PoisonError::into_inner));
    let _put_back = PutBack(CONTEXT.replace(Some(name.to_owned())));
    body()
}

pub fn context() -> Option<String> {
    CONTEXT.with_borrow(Clone::clone)
}
