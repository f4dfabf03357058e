//! Variant: a channel without any room is a handoff already; whoever takes next waits for the receiving end.

use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, SyncSender};

#[derive(Debug)]
pub struct Handoff<T> {
    give: SyncSender<T>,
    take: Mutex<Receiver<T>>,
}

impl<T> Handoff<T> {
    pub fn new() -> Self {
        let (give, take) = mpsc::sync_channel(0);
        Self { give, take: Mutex::new(take) }
    }

    pub fn give(&self, item: T) {
        self.give.send(item).expect("the receiver is ours");
    }

    pub fn take(&self) -> T {
        self.take.lock().expect("nobody panics").recv().expect("the sender is ours")
    }
}
