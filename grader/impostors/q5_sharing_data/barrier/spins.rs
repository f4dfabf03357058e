//! Impostor: lets others go first until the group is complete.
//! Loses: q5.barrier_together BusyWait, q5.barrier_again BusyWait, q5.barrier_idle BusyWait
//! Tempting: it yields, so it is no spinning.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

#[derive(Debug)]
pub struct Barrier {
    size: usize,
    tickets: AtomicUsize,
}

impl Barrier {
    pub fn new(size: usize) -> Self {
        assert!(size > 0, "a group has at least one thread");
        Self { size, tickets: AtomicUsize::new(0) }
    }

    pub fn wait(&self) -> bool {
        let ticket = self.tickets.fetch_add(1, Ordering::SeqCst);
        let end = (ticket / self.size + 1) * self.size;
        while self.tickets.load(Ordering::SeqCst) < end {
            thread::yield_now();
        }
        ticket + 1 == end
    }
}
