//! Variant: a plain channel carries each item together with a way to say that it was taken.

use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};

#[derive(Debug)]
pub struct Handoff<T> {
    items: Sender<(T, Sender<()>)>,
    take: Mutex<Receiver<(T, Sender<()>)>>,
}

impl<T> Handoff<T> {
    pub fn new() -> Self {
        let (items, take) = mpsc::channel();
        Self { items, take: Mutex::new(take) }
    }

    pub fn give(&self, item: T) {
        let (receipt, taken) = mpsc::channel();
        self.items.send((item, receipt)).expect("the receiver is ours");
        taken.recv().expect("whoever takes says so");
    }

    pub fn take(&self) -> T {
        let (item, receipt) = self.take.lock().expect("nobody panics").recv().expect("the sender is ours");
        receipt.send(()).expect("it waits");
        item
    }
}
