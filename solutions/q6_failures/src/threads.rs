//! Failures of threads: the panic hook leaves the place in a value of the thread's own; `catch_unwind` brings the message.

use crate::api::TaskPanic;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Once};
use std::thread::{self, JoinHandle};

/// Is told of each failure.
pub type Log = Arc<dyn Fn(&TaskPanic) + Send + Sync>;

/// A thread that was started by [`spawn_caught`].
#[derive(Debug)]
pub struct Task<T> {
    thread: JoinHandle<Result<T, TaskPanic>>,
}

thread_local! {
    /// Where this thread has panicked last; None in threads that are not ours.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Sets the hook, once for the whole program: set again for each thread, it would become a chain without end.
fn watch_panics() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let ours = PLACE.with_borrow_mut(|place| match place {
                Some(place) => {
                    *place = info.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
                    true
                }
                None => false,
            });
            if !ours {
                before(info);
            }
        }));
    });
}

/// Starts a thread of this name that runs `body`.
///
/// # Panics
///
/// If the system refuses the thread.
pub fn spawn_caught<T: Send + 'static>(
    name: &str,
    log: Log,
    body: impl FnOnce() -> T + Send + 'static,
) -> Task<T> {
    watch_panics();
    let thread = name.to_owned();
    let work = move || {
        PLACE.set(Some("unknown".to_owned()));
        let result = panic::catch_unwind(AssertUnwindSafe(body)).map_err(|payload| {
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            let message = text.unwrap_or("panic without a message").to_owned();
            TaskPanic { thread, message, location: PLACE.take().unwrap_or_default() }
        });
        // Not in the hook: there nobody knows yet whether `body` will catch the panic itself.
        if let Err(failure) = &result {
            log(failure);
        }
        result
    };
    Task { thread: thread::Builder::new().name(name.to_owned()).spawn(work).expect("a thread") }
}

impl<T> Task<T> {
    /// Waits until the thread has ended and gives what `body` gave.
    ///
    /// # Errors
    ///
    /// [`TaskPanic`] if it panicked.
    pub fn join(self) -> Result<T, TaskPanic> {
        self.thread.join().expect("it catches every panic of `body`")
    }
}
