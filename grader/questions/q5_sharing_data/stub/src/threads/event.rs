//! An event: a flag that one thread sets and others wait for (`threading.Event`).

use std::time::Duration;

/// Is set or not, and can be waited for. Any number of threads may use it at once, and again and again.
#[derive(Debug, Default)]
pub struct Event {
    // TODO 1/3: `clear` may follow `set` before a waiting thread has woken up. By what will it know that there was a `set`?
}

impl Event {
    /// Makes an event that is not set.
    pub fn new() -> Self {
        todo!("make an event that is not set")
    }

    /// Sets the event, and lets everyone who waits for it go on at once.
    ///
    /// Whoever was already waiting goes on even if `clear` follows immediately. What a thread wrote before `set` is
    /// visible to every thread that finds the event set, by waiting or by `is_set`.
    pub fn set(&self) {
        // TODO 2/3: how many threads may be waiting?
        todo!("set the event and wake whoever waits for it")
    }

    /// Takes the flag down, however often it was set: whoever comes now waits for the next `set`.
    pub fn clear(&self) {
        todo!("take the flag down")
    }

    /// Says whether the event is set; never waits for that.
    pub fn is_set(&self) -> bool {
        todo!("say whether the event is set")
    }

    /// Waits, without using the processor, until the event is set; it stays set. Comes back at once if it is set already.
    pub fn wait(&self) {
        // TODO 3/3: a thread may wake up for no reason at all.
        todo!("wait until the event is set")
    }

    /// Waits as `wait` does, and says that the event was set; gives up with `false` when it has waited for `limit`, not
    /// earlier and not later.
    ///
    /// The limit may be zero, which is a look, or as long as `Duration::MAX`.
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        todo!("wait until the event is set, {limit:?} at most")
    }
}
