//! Variant: a cell with a lock and a condition variable instead of what a `JoinHandle` gives; the hook finds it by a thread-local.

use crate::api::TaskPanic;
use std::cell::{Cell, OnceCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::thread::{Builder, JoinHandle};

pub type Log = Arc<dyn Fn(&TaskPanic) + Send + Sync>;

struct Shared<T> {
    outcome: Mutex<Option<Result<T, TaskPanic>>>,
    there: Condvar,
}

pub struct Task<T> {
    shared: Arc<Shared<T>>,
    handle: JoinHandle<()>,
}

struct Place {
    line: Cell<u32>,
    file: Cell<Option<String>>,
}

thread_local! {
    static MINE: OnceCell<Place> = const { OnceCell::new() };
}

static HOOK: LazyLock<()> = LazyLock::new(|| {
    let next = take_hook();
    set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        MINE.with(|mine| match (mine.get(), info.location()) {
            (Some(place), Some(location)) => {
                place.line.set(location.line());
                place.file.set(Some(location.file().to_owned()));
            }
            (Some(_), None) => {}
            (None, _) => next(info),
        });
    }));
});

pub fn spawn_caught<T: Send + 'static>(
    name: &str,
    log: Log,
    body: impl FnOnce() -> T + Send + 'static,
) -> Task<T> {
    LazyLock::force(&HOOK);
    let shared = Arc::new(Shared { outcome: Mutex::new(None), there: Condvar::new() });
    let own = Arc::clone(&shared);
    let title = name.to_owned();
    let run = move || {
        MINE.with(|mine| mine.get_or_init(|| Place { line: Cell::new(0), file: Cell::new(None) }).line.set(0));
        let outcome = match catch_unwind(AssertUnwindSafe(body)) {
            Ok(value) => Ok(value),
            Err(payload) => {
                let fixed = payload.downcast_ref::<&'static str>().map(|text| (*text).into());
                let made = || payload.downcast_ref::<String>().cloned();
                let message = fixed.or_else(made).unwrap_or_else(|| "panic without a message".into());
                let location = MINE.with(|mine| {
                    let place = mine.get().expect("it was set above");
                    format!("{}:{}", place.file.take().unwrap_or_default(), place.line.get())
                });
                let failure = TaskPanic { thread: title, message, location };
                log(&failure);
                Err(failure)
            }
        };
        *own.outcome.lock().unwrap() = Some(outcome);
        own.there.notify_all();
    };
    Task { shared, handle: Builder::new().name(name.to_owned()).spawn(run).unwrap() }
}

impl<T> Task<T> {
    pub fn join(self) -> Result<T, TaskPanic> {
        let mut outcome = self.shared.outcome.lock().unwrap();
        let found = loop {
            match outcome.take() {
                Some(found) => break found,
                None => outcome = self.shared.there.wait(outcome).unwrap(),
            }
        };
        drop(outcome);
        self.handle.join().unwrap();
        found
    }
}
