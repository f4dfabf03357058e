//! A connection between two processes, over which typed messages go in both directions (`multiprocessing.Pipe`).
//!
//! Two pipes, one for each direction, so that neither waits for the other. A pipe carries bytes: each message is a frame, its length
//! first. The reader keeps what it has of a frame, so a limit that comes in the middle of it loses nothing.

use crate::link_error::LinkError;
use nix::errno::Errno;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, PipeReader, PipeWriter};
use std::marker::PhantomData;
use std::time::Duration;
use toolkit::codec;
use toolkit::frame::{FrameError, FrameReader, write_frame};

/// Makes the two ends of a connection.
///
/// # Errors
///
/// If the system refuses; no descriptor is left open then.
pub fn pair<T>() -> Result<(Connection<T>, Connection<T>), LinkError> {
    let (here, from_there) = io::pipe().map_err(os)?;
    let (there, from_here) = io::pipe().map_err(os)?;
    Ok((Connection::new(here, from_here), Connection::new(there, from_there)))
}

/// One end of a connection.
#[derive(Debug)]
pub struct Connection<T> {
    frames: FrameReader<PipeReader>,
    to: PipeWriter,
    messages: PhantomData<T>,
}

impl<T> Connection<T> {
    fn new(from: PipeReader, to: PipeWriter) -> Self {
        Self { frames: FrameReader::new(from), to, messages: PhantomData }
    }
}

impl<T: Serialize + DeserializeOwned> Connection<T> {
    /// Sends a message; waits as long as it does not fit into the pipe.
    ///
    /// # Errors
    ///
    /// If nobody is at the other end, the message cannot be encoded, or the system refuses.
    pub fn send(&mut self, message: &T) -> Result<(), LinkError> {
        // All of it first: of a message that cannot be encoded no byte may be in the pipe.
        let body = codec::encode(message).map_err(|error| LinkError::Undecodable(error.message))?;
        write_frame(&self.to, &body).map_err(link_error)
    }

    /// Receives the next message; waits for it.
    ///
    /// # Errors
    ///
    /// If nobody is at the other end, or was not to the end of a message; if the bytes are no `T`, or the system refuses.
    pub fn recv(&mut self) -> Result<T, LinkError> {
        let body = self.frames.read_frame();
        message(body)
    }

    /// Receives the next message; gives up after `limit`.
    ///
    /// # Errors
    ///
    /// If the time is up, and as with [`Connection::recv`].
    pub fn recv_timeout(&mut self, limit: Duration) -> Result<T, LinkError> {
        let body = self.frames.read_frame_timeout(limit);
        message(body)
    }
}

/// A frame is taken whole before it is looked into, so a bad one does not spoil the next.
fn message<T: DeserializeOwned>(body: Result<Option<Vec<u8>>, FrameError>) -> Result<T, LinkError> {
    let body = body.map_err(link_error)?.ok_or(LinkError::Disconnected)?;
    codec::decode(&body).map_err(|error| LinkError::Undecodable(error.message))
}

fn link_error(error: FrameError) -> LinkError {
    match error {
        FrameError::Truncated => LinkError::Truncated,
        FrameError::TooLong { .. } => LinkError::Os(Errno::EMSGSIZE),
        FrameError::TimedOut => LinkError::TimedOut,
        // Rust's programs ignore `SIGPIPE`, so a write that nobody can read any more is an error like others.
        FrameError::Os(Errno::EPIPE) => LinkError::Disconnected,
        FrameError::Os(error) => LinkError::Os(error),
    }
}

fn os(error: io::Error) -> LinkError {
    LinkError::Os(Errno::from_raw(error.raw_os_error().unwrap_or(nix::libc::EIO)))
}
