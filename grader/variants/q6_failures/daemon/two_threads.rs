//! Variant: a timer thread sends ticks to the worker and waits for each answer; the worker knows no time.

use crate::api::DaemonPanic;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub struct Daemon {
    gate: Arc<(Mutex<bool>, Condvar)>,
    timer: Option<JoinHandle<()>>,
    worker: Option<JoinHandle<()>>,
}

impl Daemon {
    pub fn start(every: Duration, mut beat: impl FnMut() + Send + 'static) -> Self {
        let gate = Arc::new((Mutex::new(false), Condvar::new()));
        let (tick, ticks) = mpsc::channel::<Sender<()>>();
        let worker = thread::spawn(move || {
            for done in ticks {
                beat();
                let _ = done.send(());
            }
        });
        let shared = Arc::clone(&gate);
        let timer = thread::spawn(move || {
            let (stop, asked) = &*shared;
            while !*stop.lock().unwrap() {
                let (done, wait) = mpsc::channel();
                if tick.send(done).is_err() || wait.recv().is_err() {
                    return; // the worker has panicked
                }
                let guard = stop.lock().unwrap();
                drop(asked.wait_timeout_while(guard, every, |stop| !*stop));
            }
        });
        Self { gate, timer: Some(timer), worker: Some(worker) }
    }

    pub fn stop(mut self) -> Result<(), DaemonPanic> {
        self.end()
    }

    fn end(&mut self) -> Result<(), DaemonPanic> {
        *self.gate.0.lock().unwrap() = true;
        self.gate.1.notify_all();
        if let Some(timer) = self.timer.take() {
            timer.join().expect("a timer does not panic");
        }
        let Some(Err(payload)) = self.worker.take().map(JoinHandle::join) else { return Ok(()) };
        let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Err(DaemonPanic { message: text.unwrap_or_else(|| "panic without a message".into()) })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.end());
    }
}
