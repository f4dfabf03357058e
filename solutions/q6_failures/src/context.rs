//! Error handlers of a thread of its own: a chain from the inside to the outside, whose head is thread-local.

use crate::api::Action;
use std::cell::RefCell;
use std::rc::Rc;

/// A handler, and those outside of it.
struct Link {
    handler: Box<dyn Fn(&str) -> Action>,
    outer: Chain,
}

type Chain = Option<Rc<Link>>;

std::thread_local! {
    /// What is in force in this thread.
    static IN_FORCE: RefCell<Chain> = const { RefCell::new(None) };
}

/// Puts back what was in force before, also when the thread unwinds.
struct Restore(Chain);

impl Restore {
    fn after(chain: Chain) -> Self {
        Self(IN_FORCE.replace(chain))
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        // The old chain is dropped here, after the cell has been let go: a handler's destructor is foreign code too.
        drop(IN_FORCE.replace(self.0.take()));
    }
}

/// Runs `body` with a handler for the errors that this thread reports meanwhile.
pub fn with_handler<T>(
    handler: impl Fn(&str) -> Action + Send + Sync + 'static,
    body: impl FnOnce() -> T,
) -> T {
    let link = Link { handler: Box::new(handler), outer: in_force() };
    let _restore = Restore::after(Some(Rc::new(link)));
    body()
}

/// Calls the innermost handler of this thread with `error`, and returns what it decides.
pub fn report(error: &str) -> Action {
    let Some(link) = in_force() else { return Action::Stop };
    // While it runs the cell is free, and what is in force is what lies outside of it: it cannot call itself.
    let _restore = Restore::after(link.outer.clone());
    (link.handler)(error)
}

fn in_force() -> Chain {
    IN_FORCE.with_borrow(Chain::clone)
}
