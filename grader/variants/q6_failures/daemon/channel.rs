//! Variant: the worker waits for a message with a time limit; the end of the channel is the order to stop. The worker catches its own panic.

use crate::api::DaemonPanic;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub struct Daemon {
    parts: Option<(Sender<()>, JoinHandle<Result<(), DaemonPanic>>)>,
}

impl Daemon {
    pub fn start(every: Duration, mut beat: impl FnMut() + Send + 'static) -> Self {
        let (order, orders) = mpsc::channel();
        let worker = thread::Builder::new().name("daemon".into()).spawn(move || {
            loop {
                catch_unwind(AssertUnwindSafe(&mut beat)).map_err(|payload| {
                    let message = match payload.downcast::<String>() {
                        Ok(text) => *text,
                        Err(other) => other.downcast_ref::<&str>().unwrap_or(&"panic without a message").to_string(),
                    };
                    DaemonPanic { message }
                })?;
                match orders.recv_timeout(every) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
                }
            }
        });
        Self { parts: Some((order, worker.expect("a thread"))) }
    }

    pub fn stop(mut self) -> Result<(), DaemonPanic> {
        let Some((order, worker)) = self.parts.take() else { return Ok(()) };
        drop(order);
        worker.join().expect("it catches every panic")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some((order, worker)) = self.parts.take() {
            drop(order);
            drop(worker.join());
        }
    }
}
