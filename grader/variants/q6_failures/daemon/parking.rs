//! Variant: an atomic flag, and a worker that parks for what is left of its time.

use crate::api::DaemonPanic;
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub struct Daemon {
    run: Arc<AtomicBool>,
    worker: Option<JoinHandle<()>>,
}

impl Daemon {
    pub fn start(every: Duration, beat: impl FnMut() + Send + 'static) -> Self {
        let run = Arc::new(AtomicBool::new(true));
        let flag = run.clone();
        Self { run, worker: Some(thread::spawn(move || work(every, beat, &flag))) }
    }

    pub fn stop(mut self) -> Result<(), DaemonPanic> {
        match self.finish() {
            None => Ok(()),
            Some(payload) => Err(DaemonPanic { message: told(&*payload) }),
        }
    }

    fn finish(&mut self) -> Option<Box<dyn Any + Send>> {
        let worker = self.worker.take()?;
        self.run.store(false, Ordering::Release);
        worker.thread().unpark();
        worker.join().err()
    }
}

fn work(every: Duration, mut beat: impl FnMut(), run: &AtomicBool) {
    while run.load(Ordering::Acquire) {
        beat();
        let end = Instant::now().checked_add(every);
        while run.load(Ordering::Acquire) {
            match end {
                None => thread::park(),
                Some(end) => {
                    let now = Instant::now();
                    if now >= end {
                        break;
                    }
                    thread::park_timeout(end - now);
                }
            }
        }
    }
}

fn told(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else {
        "panic without a message".to_owned()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.finish();
    }
}
