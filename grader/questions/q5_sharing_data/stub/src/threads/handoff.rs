//! A handoff: one thread gives an item, another takes it, and they meet (`threading.Condition`).

use std::marker::PhantomData;
use std::sync::Mutex;

/// Passes items of any type that can be sent, from hand to hand. Any number of threads may give and take at once.
#[derive(Debug)]
pub struct Handoff<T> {
    // TODO 1/3: what has to be remembered of an item: only where it lies, or also whose it is and whether it was taken?
    item: PhantomData<Mutex<T>>,
}

impl<T> Default for Handoff<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Handoff<T> {
    /// Makes a handoff at which nobody waits.
    pub fn new() -> Self {
        todo!("make a handoff")
    }

    /// Gives an item to some thread that takes; waits, without using the processor, until a thread has taken this very
    /// item.
    ///
    /// Every item goes to exactly one thread that takes, and if someone waits for an item, both go on at once. Whatever
    /// either of the two wrote before they met is visible to the other after it.
    pub fn give(&self, item: T) {
        // TODO 2/3: there may be several who give. How does each know that it was its own item that was taken?
        let _ = (&self.item, item);
        todo!("give the item and wait until it is taken")
    }

    /// Takes an item; waits, without using the processor, until there is one.
    pub fn take(&self) -> T {
        // TODO 3/3: who must be woken when an item is gone?
        todo!("wait for an item and take it")
    }
}
