//! A daemon: a worker that waits on a condition variable, so that it can be woken before its time is over.

use crate::api::DaemonPanic;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A worker that does the same again and again until somebody stops it.
#[derive(Debug)]
pub struct Daemon {
    order: Arc<Order>,
    /// None when the worker has been waited for.
    worker: Option<JoinHandle<()>>,
}

/// What the owner says to the worker.
#[derive(Debug, Default)]
struct Order {
    stop: Mutex<bool>,
    given: Condvar,
}

impl Daemon {
    /// Starts a thread that calls `beat` at once, and again whenever `every` has passed since the last call returned.
    pub fn start(every: Duration, mut beat: impl FnMut() + Send + 'static) -> Self {
        let order = Arc::new(Order::default());
        let worker = thread::spawn({
            let order = Arc::clone(&order);
            move || {
                while !order.is_stop() {
                    beat();
                    order.wait(every);
                }
            }
        });
        Self { order, worker: Some(worker) }
    }

    /// Asks the worker to stop and waits until its thread has ended.
    ///
    /// # Errors
    ///
    /// [`DaemonPanic`] if a beat panicked.
    pub fn stop(mut self) -> Result<(), DaemonPanic> {
        self.end()
    }

    fn end(&mut self) -> Result<(), DaemonPanic> {
        let Some(worker) = self.worker.take() else { return Ok(()) };
        *self.order.lock() = true;
        self.order.given.notify_one();
        worker.join().map_err(|payload| {
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            DaemonPanic { message: text.unwrap_or("panic without a message").to_owned() }
        })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // After `stop` there is nobody left to wait for. A panic here, while another one is under way, would end the
        // whole program.
        let _ = self.end();
    }
}

impl Order {
    /// Waits so long, or until the order to stop is given.
    fn wait(&self, every: Duration) {
        let start = Instant::now();
        let mut stop = self.lock();
        // The order may have been given while the worker was at its beat: then nobody will notify again.
        while !*stop {
            // Not a moment at which to wake up: `start + every` may lie beyond what a clock can say.
            let left = every.saturating_sub(start.elapsed());
            if left.is_zero() {
                return;
            }
            stop = self.given.wait_timeout(stop, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn is_stop(&self) -> bool {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
