//! Failures of threads: caught, told once with name, message and place, and handed to whoever joins.

use crate::api::TaskPanic;
use std::marker::PhantomData;
use std::sync::Arc;

/// Is told of each failure; any number of threads may call it at once. It does not panic.
pub type Log = Arc<dyn Fn(&TaskPanic) + Send + Sync>;

/// A thread that was started by [`spawn_caught`]. Dropping it leaves the thread to itself.
#[derive(Debug)]
pub struct Task<T> {
    // TODO 1/3: what does the thread hand over, and how does one wait for it?
    result: PhantomData<T>,
}

/// Starts a thread of this name that runs `body`. Other threads may have the same name.
///
/// If `body` panics, `log` is called once with the thread's name, the message (`panic without a message` if the panic is no
/// text) and the place of the panic: also if nobody joins, and before `join` returns. What `body` catches itself is no
/// failure. (A program would give a function that calls `log::error!`.) If, while the panic unwinds, a destructor panics too
/// and catches that, the place may be that of either: the hook cannot tell.
///
/// The place of a panic is known to the panic hook alone, which is one for the whole program: `std::panic::set_hook`. This
/// function sets one, which keeps the place of panics of these threads and hands on all others to the hook that was there
/// before; that one hears nothing of a failure that goes to `log`. Nobody sets another hook after the first call.
///
/// # Panics
///
/// If the system refuses the thread.
pub fn spawn_caught<T: Send + 'static>(
    name: &str,
    log: Log,
    body: impl FnOnce() -> T + Send + 'static,
) -> Task<T> {
    // TODO 2/3: the hook runs on the thread that panics, before it unwinds. Where can it leave the place?
    let _ = (log, body);
    todo!("start a thread called {name:?}")
}

impl<T> Task<T> {
    /// Waits until the thread has ended and gives what `body` gave.
    ///
    /// # Errors
    ///
    /// [`TaskPanic`] if it panicked: the same that `log` was told.
    pub fn join(self) -> Result<T, TaskPanic> {
        // TODO 3/3: who has the name, who the message, who the place?
        let _ = self.result;
        todo!("wait for the thread")
    }
}
