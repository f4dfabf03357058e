//! A connection between two processes, over which typed messages go in both directions (`multiprocessing.Pipe`).

use crate::link_error::LinkError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::time::Duration;

/// Makes the two ends of a connection.
///
/// What one end sends the other receives, in both directions, and neither direction ever waits for the other. Both ends are made
/// in one process: after a fork each process drops the end that it does not use.
///
/// # Errors
///
/// [`LinkError::Os`] if the system refuses, such as when too many descriptors are open; none is left open then.
pub fn pair<T>() -> Result<(Connection<T>, Connection<T>), LinkError> {
    // TODO 1/4: what carries bytes from process to process, and in which directions?
    let _ = PhantomData::<T>;
    todo!("make two ends")
}

/// One end of a connection. Dropping it closes it in this process; it keeps no descriptor open afterwards.
#[derive(Debug)]
pub struct Connection<T> {
    // TODO 2/4: what must be kept from one `recv_timeout` to the next?
    messages: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> Connection<T> {
    /// Sends a message; waits, without using the processor, as long as it does not fit into what the system holds.
    ///
    /// Messages arrive whole, each once, and in the order in which they were sent, however long they are, also those that take no
    /// byte at all. Calls that a signal interrupts, or that take only a part, are gone on with.
    ///
    /// # Errors
    ///
    /// [`LinkError::Disconnected`] if no process holds the other end any more, also when that comes about while this one
    /// waits. [`LinkError::Undecodable`] if the message cannot be turned into bytes: then nothing is sent, and the connection is as
    /// good as before. [`LinkError::Os`] if the system refuses.
    pub fn send(&mut self, message: &T) -> Result<(), LinkError> {
        // TODO 3/4: how does the other side know where the message ends?
        let _ = message;
        todo!("send a message")
    }

    /// Receives the next message; waits for it without using the processor.
    ///
    /// # Errors
    ///
    /// [`LinkError::Disconnected`] if no process holds the other end any more, after everything that was sent has been
    /// received. [`LinkError::Truncated`] if the other side ended in the middle of a message. [`LinkError::Undecodable`] if the bytes
    /// of a message are no value of this type: that message is gone, and the next one is received as always. [`LinkError::Os`] if
    /// the system refuses.
    pub fn recv(&mut self) -> Result<T, LinkError> {
        todo!("receive a message")
    }

    /// Receives the next message; gives up after `limit`, which may be zero or as long as [`Duration::MAX`].
    ///
    /// A message that has come, and the end, are told without a wait. If half a message has come when the time is up, nothing is
    /// lost: a later call receives it whole.
    ///
    /// # Errors
    ///
    /// [`LinkError::TimedOut`] when it gives up; the others as with [`Connection::recv`].
    pub fn recv_timeout(&mut self, limit: Duration) -> Result<T, LinkError> {
        // TODO 4/4: for which of its waits does the limit count?
        todo!("receive a message within {limit:?}")
    }
}
