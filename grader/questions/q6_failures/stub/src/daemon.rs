//! A daemon: a worker beside the program, which is asked to stop and has stopped (`threading.Thread(daemon=True)`).

use crate::api::DaemonPanic;
use std::time::Duration;

/// A worker that does the same again and again until somebody stops it.
#[derive(Debug)]
pub struct Daemon {
    // TODO 1/3: how does the worker hear that it shall stop? How does one learn that it has?
}

impl Daemon {
    /// Starts a thread that calls `beat` at once, and again whenever `every` has passed since the last call returned.
    ///
    /// `every` is more than zero and may be as long as `Duration::MAX`. Between two beats the worker waits, without using
    /// the processor and without looking again from time to time.
    ///
    /// A beat that panics is the last one: the worker ends, and nobody else is harmed.
    pub fn start(every: Duration, beat: impl FnMut() + Send + 'static) -> Self {
        // TODO 2/3: how does one wait for two things at once: for time to pass, and for somebody to ask?
        let _ = beat;
        todo!("call the beat every {every:?}")
    }

    /// Asks the worker to stop and waits until its thread has ended: no beat comes after that, and `beat` has been dropped
    /// with all that it holds.
    ///
    /// A worker that waits for its next beat is woken at once and ends without one. A beat that is under way is finished
    /// first.
    ///
    /// # Errors
    ///
    /// [`DaemonPanic`] if a beat panicked, with the panic's text; `panic without a message` if it was none.
    pub fn stop(self) -> Result<(), DaemonPanic> {
        todo!("ask the worker to stop, and wait for it")
    }
}

impl Drop for Daemon {
    /// Stops the worker as `stop` does; that a beat panicked is no reason to panic here.
    fn drop(&mut self) {
        // TODO 3/3: `stop` ends with this, too. What is left to do then?
        todo!("stop the worker, if that has not been done")
    }
}
