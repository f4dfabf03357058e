//! A queue between processes, with as many producers and consumers as you like (`multiprocessing.Queue`).
//!
//! A process of its own, the broker, holds what was put and not yet got: a channel between processes holds a few hundred messages
//! at most, and then `send` waits.

use crate::link_error::LinkError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::time::Duration;

/// A queue. A process that is forked has a handle to the same queue.
///
/// Dropping the handle of the process that made the queue ends it: on return the broker is gone, and everybody else's calls are
/// [`LinkError::Disconnected`]. Dropping any other handle harms nobody. If the process that made the queue is killed, the broker ends
/// by itself when the last handle is gone.
#[derive(Debug)]
pub struct ProcessQueue<T> {
    // TODO 1/4: what does a handle need to ask the broker, and to know whose it is?
    items: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> ProcessQueue<T> {
    /// Makes an empty queue and starts its broker, one child of this process.
    ///
    /// No thread is started, so that this process may go on forking.
    ///
    /// # Errors
    ///
    /// [`LinkError::Os`] if the system refuses, such as when too many descriptors are open; nothing is left then.
    pub fn new() -> Result<Self, LinkError> {
        // TODO 2/4: which ends must be closed in the broker, and which in this process?
        todo!("start a broker for {}", std::any::type_name::<T>())
    }

    /// Puts an item in; never waits until something is got, however many and however long items are.
    ///
    /// Every item is got once. Those of one process are got in the order in which it put them. An item that was put is got even if
    /// its process is killed right afterwards; if a process is killed while it puts one, the others go on as before.
    ///
    /// # Errors
    ///
    /// [`LinkError::Disconnected`] if there is no broker any more. [`LinkError::Undecodable`] if the item cannot be turned into
    /// bytes: then nothing is put, and the queue is as good as before. [`LinkError::Os`] if the system refuses.
    pub fn put(&mut self, item: &T) -> Result<(), LinkError> {
        let _ = item;
        todo!("hand an item to the broker")
    }

    /// Takes the next item; waits, without using the processor, as long as there is none.
    ///
    /// If a process is killed while it waits here, no item is lost, not even one that was on its way to it: the next one goes to
    /// somebody else. If one is stopped while it waits, nobody waits for it, however long the item on its way is.
    ///
    /// # Errors
    ///
    /// [`LinkError::Disconnected`] if there is no broker any more, also when it ends or is killed while this process waits.
    /// [`LinkError::Undecodable`] if the bytes of an item are no value of this type: it is gone, and the next one is got as always.
    /// [`LinkError::Os`] if the system refuses.
    pub fn get(&mut self) -> Result<T, LinkError> {
        // TODO 3/4: over what does the answer come, and what does the broker do if nobody takes it?
        todo!("ask the broker for an item")
    }

    /// Takes the next item; gives up after `limit`, which may be zero or as long as [`Duration::MAX`], whatever signals come meanwhile.
    ///
    /// An item that comes after that, or just then, is not lost: somebody else gets it.
    ///
    /// # Errors
    ///
    /// [`LinkError::TimedOut`] when it gives up; the others as with [`ProcessQueue::get`].
    pub fn get_timeout(&mut self, limit: Duration) -> Result<T, LinkError> {
        // TODO 4/4: does the broker know that you have given up?
        todo!("ask the broker for an item, and wait {limit:?} at most")
    }
}
