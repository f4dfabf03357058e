//! Variant: one place for one item under one condition variable; whoever gives occupies it until its item is gone.

use std::sync::{Condvar, Mutex};

#[derive(Debug)]
enum Slot<T> {
    Free,
    Full(T),
    Taken,
}

#[derive(Debug)]
pub struct Handoff<T> {
    slot: Mutex<Slot<T>>,
    changed: Condvar,
}

impl<T> Handoff<T> {
    pub fn new() -> Self {
        Self { slot: Mutex::new(Slot::Free), changed: Condvar::new() }
    }

    pub fn give(&self, item: T) {
        let slot = self.slot.lock().unwrap();
        let mut slot = self.changed.wait_while(slot, |slot| !matches!(slot, Slot::Free)).unwrap();
        *slot = Slot::Full(item);
        self.changed.notify_all();
        let mut slot = self.changed.wait_while(slot, |slot| !matches!(slot, Slot::Taken)).unwrap();
        *slot = Slot::Free;
        self.changed.notify_all();
    }

    pub fn take(&self) -> T {
        let slot = self.slot.lock().unwrap();
        let mut slot = self.changed.wait_while(slot, |slot| !matches!(slot, Slot::Full(_))).unwrap();
        let Slot::Full(item) = std::mem::replace(&mut *slot, Slot::Taken) else { unreachable!() };
        self.changed.notify_all();
        item
    }
}
