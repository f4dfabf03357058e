//! Impostor: there is no broker: everybody sends into one channel and receives from it.
//! Loses: q5.process_queue_buffer Blocks, q5.process_queue_waits WrongAnswer, q5.process_queue_deaths WrongAnswer|HungOnCrash|Hang|LostTask, q5.process_queue_end Hang|Orphan, q5.process_queue_clean TooManyWorkers|Hang
//! Tempting: its documentation says that `send` never blocks.

use crate::link_error::LinkError;
use ipc_channel::ipc::{IpcReceiver, IpcSender, channel};
use ipc_channel::{IpcError, TryRecvError};
use nix::errno::Errno;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::time::Duration;
use toolkit::codec;

#[derive(Debug)]
pub struct ProcessQueue<T> {
    to: IpcSender<Vec<u8>>,
    from: IpcReceiver<Vec<u8>>,
    items: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> ProcessQueue<T> {
    pub fn new() -> Result<Self, LinkError> {
        let (to, from) = channel().map_err(os)?;
        Ok(ProcessQueue { to, from, items: PhantomData })
    }

    pub fn put(&mut self, item: &T) -> Result<(), LinkError> {
        let bytes = codec::encode(item).map_err(|error| LinkError::Undecodable(error.message))?;
        self.to.send(bytes).map_err(told)
    }

    pub fn get(&mut self) -> Result<T, LinkError> {
        decode(&self.from.recv().map_err(told)?)
    }

    pub fn get_timeout(&mut self, limit: Duration) -> Result<T, LinkError> {
        match self.from.try_recv_timeout(limit) {
            Ok(bytes) => decode(&bytes),
            Err(TryRecvError::Empty) => Err(LinkError::TimedOut),
            Err(TryRecvError::IpcError(error)) => Err(told(error)),
        }
    }
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, LinkError> {
    codec::decode(bytes).map_err(|error| LinkError::Undecodable(error.message))
}

fn told(error: IpcError) -> LinkError {
    match error {
        IpcError::Disconnected => LinkError::Disconnected,
        IpcError::SerializationError(error) => LinkError::Undecodable(error.to_string()),
        IpcError::Io(error) => os(error),
    }
}

fn os(error: std::io::Error) -> LinkError {
    LinkError::Os(Errno::from_raw(error.raw_os_error().unwrap_or(0)))
}
