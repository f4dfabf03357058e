//! Impostor: puts a hook of its own before the others for each task; who panics in between finds none.
//! Loses: q6.threads_location WrongAnswer|Race
//! Tempting: every task has its own place, and a lock keeps others from taking the hook.

use crate::api::TaskPanic;
use std::panic;
use std::sync::{Arc, Mutex, RwLock};
use std::thread::{self, JoinHandle};

pub type Log = Arc<dyn Fn(&TaskPanic) + Send + Sync>;

pub struct Task<T> {
    supervisor: JoinHandle<Result<T, TaskPanic>>,
}

/// One at a time puts a hook on top of the others.
static TURN: RwLock<()> = RwLock::new(());

pub fn spawn_caught<T: Send + 'static>(
    name: &str,
    log: Log,
    body: impl FnOnce() -> T + Send + 'static,
) -> Task<T> {
    let place = Arc::new(Mutex::new(String::from("?")));
    let own = Arc::clone(&place);
    let (ready, go) = std::sync::mpsc::channel();
    let worker = thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _ = go.recv();
        body()
    });
    let worker = worker.expect("a thread");
    let id = worker.thread().id();
    {
        let _turn = TURN.write().unwrap();
        let rest = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if thread::current().id() == id {
                *own.lock().unwrap() = info.location().unwrap().to_string();
            } else {
                rest(info);
            }
        }));
    }
    let _ = ready.send(());
    let name = name.to_owned();
    let supervisor = thread::spawn(move || {
        worker.join().map_err(|payload| {
            let message = if let Some(text) = payload.downcast_ref::<&str>() {
                text.to_string()
            } else if let Some(text) = payload.downcast_ref::<String>() {
                text.clone()
            } else {
                String::from("panic without a message")
            };
            let location = place.lock().unwrap().clone();
            let failure = TaskPanic { thread: name, message, location };
            (*log)(&failure);
            failure
        })
    });
    Task { supervisor }
}

impl<T> Task<T> {
    pub fn join(self) -> Result<T, TaskPanic> {
        self.supervisor.join().unwrap_or_else(|payload| panic::resume_unwind(payload))
    }
}
