//! Variant: the hook looks up the thread's number in a table of all tasks; results come through a channel.

use crate::api::TaskPanic;
use std::any::Any;
use std::collections::HashMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, JoinHandle, ThreadId};

pub type Log = Arc<dyn Fn(&TaskPanic) + Send + Sync>;

pub struct Task<T> {
    result: Receiver<Result<T, TaskPanic>>,
    thread: JoinHandle<()>,
}

type Table = Mutex<HashMap<ThreadId, String>>;

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let old = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let known = match table().lock().unwrap().get_mut(&thread::current().id()) {
                Some(place) => {
                    if let Some(location) = info.location() {
                        *place = format!("{}:{}", location.file(), location.line());
                    }
                    true
                }
                None => false,
            };
            if !known {
                old(info);
            }
        }));
        Table::default()
    })
}

fn text(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<&'static str>() {
            Ok(text) => text.to_string(),
            Err(_) => "panic without a message".to_string(),
        },
    }
}

pub fn spawn_caught<T: Send + 'static>(
    name: &str,
    log: Log,
    body: impl FnOnce() -> T + Send + 'static,
) -> Task<T> {
    let table = table();
    let (sender, result) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name(name.to_string()).spawn(move || {
        let me = thread::current();
        table.lock().unwrap().insert(me.id(), String::new());
        let outcome = panic::catch_unwind(AssertUnwindSafe(body));
        let location = table.lock().unwrap().remove(&me.id()).unwrap_or_default();
        let outcome = outcome.map_err(|payload| {
            let thread = me.name().unwrap_or_default().to_string();
            let failure = TaskPanic { thread, message: text(payload), location };
            log(&failure);
            failure
        });
        let _ = sender.send(outcome);
    });
    Task { result, thread: thread.unwrap() }
}

impl<T> Task<T> {
    pub fn join(self) -> Result<T, TaskPanic> {
        let outcome = self.result.recv().expect("every task sends");
        self.thread.join().expect("a task panics nowhere else");
        outcome
    }
}
