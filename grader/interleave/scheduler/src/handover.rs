//! How one operating-system thread lets the next one run: a flag each, and `park`.
//!
//! Knows nothing of schedules. The schedule decides whose flag is raised.

use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::thread::Thread;

/// The right to run, waited for by the one thread that it belongs to.
#[derive(Debug, Default)]
pub(crate) struct Baton {
    raised: AtomicBool,
    owner: OnceLock<Thread>,
}

impl Baton {
    /// Names the thread to be woken. Must be called before anybody can pass the baton.
    pub(crate) fn belongs_to(&self, owner: Thread) {
        // A baton has one owner for life.
        let _ = self.owner.set(owner);
    }

    /// Lets the owner run.
    pub(crate) fn pass(&self) {
        self.raised.store(true, Release);
        if let Some(owner) = self.owner.get() {
            owner.unpark();
        }
    }

    /// Waits for its turn.
    pub(crate) fn wait(&self) {
        while !self.raised.swap(false, Acquire) {
            std::thread::park();
        }
    }
}

/// A thread of a schedule that is over: it never runs again and never unwinds.
pub(crate) fn stop_for_ever() -> ! {
    loop {
        std::thread::park();
    }
}
