//! Variant: the number itself travels through a channel with room for one; whoever has received it may change it, and
//! sends it back also while it panics.

use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, SyncSender};

#[derive(Debug)]
pub struct Counter {
    give: SyncSender<u64>,
    take: Mutex<Receiver<u64>>,
}

struct Loan<'a>(&'a Counter, u64);

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        self.0.give.send(self.1).expect("the receiver is ours");
    }
}

impl Counter {
    pub fn new() -> Self {
        let (give, take) = mpsc::sync_channel(1);
        give.send(0).expect("there is room for one");
        Self { give, take: Mutex::new(take) }
    }

    pub fn add(&self, amount: u64) -> u64 {
        self.update(&mut |number| number.checked_add(amount).expect("too much"))
    }

    pub fn get(&self) -> u64 {
        self.loan().1
    }

    pub fn update(&self, change: &mut dyn FnMut(u64) -> u64) -> u64 {
        let mut loan = self.loan();
        loan.1 = change(loan.1);
        loan.1
    }

    fn loan(&self) -> Loan<'_> {
        let number = self.take.lock().expect("nobody panics here").recv().expect("the sender is ours");
        Loan(self, number)
    }
}
