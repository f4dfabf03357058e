//! Variant: one stream socket for both directions, with a buffer and a length of its own; waits by `poll`.

use crate::link_error::LinkError;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use toolkit::codec;

/// As asked for.
pub fn pair<T>() -> Result<(Connection<T>, Connection<T>), LinkError> {
    let (one, other) = UnixStream::pair().map_err(told)?;
    let end = |socket| Connection { socket, came: Vec::new(), messages: PhantomData };
    Ok((end(one), end(other)))
}

/// As asked for.
#[derive(Debug)]
pub struct Connection<T> {
    socket: UnixStream,
    /// What has come and was not received yet.
    came: Vec<u8>,
    messages: PhantomData<fn(T) -> T>,
}

impl<T: Serialize + DeserializeOwned> Connection<T> {
    /// As asked for.
    pub fn send(&mut self, message: &T) -> Result<(), LinkError> {
        let mut bytes = vec![0; 8];
        codec::encode_into(message, &mut bytes).map_err(|error| LinkError::Undecodable(error.message))?;
        let length = (bytes.len() - 8) as u64;
        bytes[..8].copy_from_slice(&length.to_be_bytes());
        self.socket.write_all(&bytes).map_err(told)
    }

    /// As asked for.
    pub fn recv(&mut self) -> Result<T, LinkError> {
        self.recv_timeout(Duration::MAX)
    }

    /// As asked for.
    pub fn recv_timeout(&mut self, limit: Duration) -> Result<T, LinkError> {
        let until = Instant::now().checked_add(limit);
        loop {
            if let Some(body) = self.next() {
                return codec::decode(&body).map_err(|error| LinkError::Undecodable(error.message));
            }
            self.wait(until)?;
            let mut piece = [0; 40_000];
            match self.socket.read(&mut piece) {
                Ok(0) => return Err(self.end()),
                Ok(length) => self.came.extend(&piece[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The other side has gone and has not read everything.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Err(self.end()),
                Err(error) => return Err(told(error)),
            }
        }
    }

    /// The next message, if all of it has come.
    fn next(&mut self) -> Option<Vec<u8>> {
        let length = u64::from_be_bytes(*self.came.first_chunk::<8>()?) as usize;
        let body = self.came.get(8..8 + length)?.to_vec();
        self.came.drain(..8 + length);
        Some(body)
    }

    fn end(&self) -> LinkError {
        if self.came.is_empty() { LinkError::Disconnected } else { LinkError::Truncated }
    }

    fn wait(&self, until: Option<Instant>) -> Result<(), LinkError> {
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let timeout = match left {
                None => PollTimeout::NONE,
                Some(left) => {
                    let ms = left.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128) as i32;
                    PollTimeout::try_from(ms).unwrap_or(PollTimeout::NONE)
                }
            };
            match poll(&mut [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)], timeout) {
                Ok(0) if left.is_some_and(|left| left.is_zero()) => return Err(LinkError::TimedOut),
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(LinkError::Os(error)),
            }
        }
    }
}

fn told(error: io::Error) -> LinkError {
    match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => LinkError::Disconnected,
        _ => LinkError::Os(Errno::from_raw(error.raw_os_error().unwrap_or(0))),
    }
}
