//! A server process that holds lists, dictionaries and queues, and proxies through which others use them
//! (`multiprocessing.Manager`).

use crate::link_error::LinkError;
use std::time::Duration;

/// The server of some objects, one child of the process that made it.
///
/// Dropping it in that process ends the server: on return it is gone, and every call of a proxy is [`LinkError::Disconnected`], also one
/// that is waiting. Dropping a copy that a fork has made harms nobody. If the process that made it is killed, the server ends by itself
/// when the last manager and the last proxy are gone.
///
/// As many processes may use it, one after the other, as there come: of one that has ended the server keeps nothing but its values.
#[derive(Debug)]
pub struct Manager {
    // TODO 1/4: what do manager and proxies share?
}

impl Manager {
    /// Starts a server without objects. No thread is started, so that this process may go on forking.
    ///
    /// # Errors
    ///
    /// [`LinkError::Os`] if the system refuses, such as when too many descriptors are open; nothing is left then.
    pub fn new() -> Result<Self, LinkError> {
        todo!("start a server")
    }

    /// Makes an empty list in the server.
    ///
    /// # Errors
    ///
    /// [`LinkError::Disconnected`] if there is no server any more, [`LinkError::Os`] if the system refuses; so with every other call.
    pub fn list(&mut self) -> Result<ListProxy, LinkError> {
        todo!("make a list")
    }

    /// Makes an empty dictionary in the server.
    ///
    /// # Errors
    ///
    /// As with [`Manager::list`].
    pub fn dict(&mut self) -> Result<DictProxy, LinkError> {
        todo!("make a dictionary")
    }

    /// Makes an empty queue in the server.
    ///
    /// # Errors
    ///
    /// As with [`Manager::list`].
    pub fn queue(&mut self) -> Result<QueueProxy, LinkError> {
        todo!("make a queue")
    }
}

/// A list in the server. Any process that has a copy, made by a fork, uses the same list.
///
/// Each call is one step, whoever else is at work: it is done when it returns, and what it did stays, even if its process is killed
/// right afterwards. Of a process that is killed during a call, the call is done or it is not, and nobody else is disturbed.
#[derive(Debug)]
pub struct ListProxy {
    // TODO 2/4: which of the server's objects is it?
}

impl ListProxy {
    /// Adds a value at the end. Values may be long.
    ///
    /// # Errors
    ///
    /// As with [`Manager::list`].
    pub fn push(&mut self, value: &str) -> Result<(), LinkError> {
        todo!("add a value of {} bytes", value.len())
    }

    /// The value at `index`, or `None` if the list is not so long.
    ///
    /// # Errors
    ///
    /// As with [`Manager::list`].
    pub fn get(&mut self, index: usize) -> Result<Option<String>, LinkError> {
        todo!("look at value {index}")
    }

    /// Replaces the value at `index`; `false`, and nothing is changed, if the list is not so long.
    ///
    /// # Errors
    ///
    /// As with [`Manager::list`].
    pub fn set(&mut self, index: usize, value: &str) -> Result<bool, LinkError> {
        todo!("replace value {index} by {} bytes", value.len())
    }

    /// How many values there are.
    ///
    /// # Errors
    ///
    /// As with [`Manager::list`].
    pub fn count(&mut self) -> Result<usize, LinkError> {
        todo!("count the values")
    }

    /// All values as they are at one moment.
    ///
    /// # Errors
    ///
    /// As with [`Manager::list`].
    pub fn to_vec(&mut self) -> Result<Vec<String>, LinkError> {
        todo!("copy the list")
    }
}

/// A dictionary in the server; otherwise as [`ListProxy`].
#[derive(Debug)]
pub struct DictProxy {
    // TODO 2/4 again
}

impl DictProxy {
    /// Puts a value under a key, and gives the one that was there before.
    ///
    /// # Errors
    ///
    /// As with [`Manager::list`].
    pub fn insert(&mut self, key: &str, value: &str) -> Result<Option<String>, LinkError> {
        todo!("put {} bytes under {key}", value.len())
    }

    /// The value under a key.
    ///
    /// # Errors
    ///
    /// As with [`Manager::list`].
    pub fn get(&mut self, key: &str) -> Result<Option<String>, LinkError> {
        todo!("look under {key}")
    }

    /// Takes away a key, and gives its value.
    ///
    /// # Errors
    ///
    /// As with [`Manager::list`].
    pub fn remove(&mut self, key: &str) -> Result<Option<String>, LinkError> {
        todo!("take away {key}")
    }

    /// All keys in ascending order.
    ///
    /// # Errors
    ///
    /// As with [`Manager::list`].
    pub fn keys(&mut self) -> Result<Vec<String>, LinkError> {
        todo!("list the keys")
    }
}

/// A queue in the server, first in first out; otherwise as [`ListProxy`].
#[derive(Debug)]
pub struct QueueProxy {
    // TODO 2/4 once more
}

impl QueueProxy {
    /// Puts a value in; never waits until somebody gets one.
    ///
    /// # Errors
    ///
    /// As with [`Manager::list`].
    pub fn put(&mut self, value: &str) -> Result<(), LinkError> {
        todo!("put a value of {} bytes", value.len())
    }

    /// Takes the next value; waits, without using the processor, as long as there is none. Meanwhile all others are served as always,
    /// also if the process is stopped while it waits and reads nothing of what it is sent. If it is killed then, the next value goes to
    /// somebody else, even if it was on its way already.
    ///
    /// # Errors
    ///
    /// As with [`Manager::list`].
    pub fn get(&mut self) -> Result<String, LinkError> {
        // TODO 3/4: what does the server do with a question that it cannot answer yet?
        todo!("take a value")
    }

    /// Takes the next value; gives up after `limit`, which may be zero or as long as [`Duration::MAX`], whatever signals come meanwhile. No
    /// value is lost by that.
    ///
    /// # Errors
    ///
    /// [`LinkError::TimedOut`] when it gives up; the others as with [`Manager::list`].
    pub fn get_timeout(&mut self, limit: Duration) -> Result<String, LinkError> {
        // TODO 4/4: does the server know that nobody waits any more?
        todo!("take a value within {limit:?}")
    }
}
