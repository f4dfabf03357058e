//! Variant: one socket that is never waited for but by `poll`; the length of a message is a line of text in front of it.

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

/// One end of a connection.
#[derive(Debug)]
pub struct Connection<T> {
    socket: UnixStream,
    /// How long the next message is, once that is known.
    length: Option<usize>,
    /// The length's digits, or what has come of the message.
    begun: Vec<u8>,
    messages: PhantomData<T>,
}

fn os(error: &io::Error) -> LinkError {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EPIPE | Errno::ECONNRESET) => LinkError::Disconnected,
        error => LinkError::Os(error.unwrap_or(Errno::EIO)),
    }
}

/// See the stub.
pub fn pair<T>() -> Result<(Connection<T>, Connection<T>), LinkError> {
    let (one, other) = UnixStream::pair().map_err(|error| os(&error))?;
    one.set_nonblocking(true).map_err(|error| os(&error))?;
    other.set_nonblocking(true).map_err(|error| os(&error))?;
    let end = |socket| Connection { socket, length: None, begun: Vec::new(), messages: PhantomData };
    Ok((end(one), end(other)))
}

impl<T: Serialize + DeserializeOwned> Connection<T> {
    pub fn send(&mut self, message: &T) -> Result<(), LinkError> {
        let body = codec::encode(message).map_err(|error| LinkError::Undecodable(error.message))?;
        let all = [format!("{}\n", body.len()).into_bytes(), body].concat();
        let mut rest = &all[..];
        while !rest.is_empty() {
            match (&self.socket).write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait(PollFlags::POLLOUT, None)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(os(&error)),
            }
        }
        Ok(())
    }

    pub fn recv(&mut self) -> Result<T, LinkError> {
        self.receive(None)
    }

    pub fn recv_timeout(&mut self, limit: Duration) -> Result<T, LinkError> {
        self.receive(Instant::now().checked_add(limit))
    }

    fn receive(&mut self, deadline: Option<Instant>) -> Result<T, LinkError> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let wanted = match self.length {
                None => 1,
                Some(length) if length == self.begun.len() => {
                    self.length = None;
                    let body = std::mem::take(&mut self.begun);
                    return codec::decode(&body).map_err(|error| LinkError::Undecodable(error.message));
                }
                Some(length) => (length - self.begun.len()).min(buffer.len()),
            };
            match (&self.socket).read(&mut buffer[..wanted]) {
                Ok(0) => return Err(self.end()),
                Ok(count) if self.length.is_some() => self.begun.extend_from_slice(&buffer[..count]),
                Ok(_) if buffer[0] == b'\n' => {
                    let digits = String::from_utf8(std::mem::take(&mut self.begun)).ok();
                    self.length = digits.and_then(|digits| digits.parse().ok());
                }
                Ok(_) => self.begun.push(buffer[0]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait(PollFlags::POLLIN, deadline)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // It went and had not read everything: all that it sent has been read before this is told.
                Err(error) if os(&error) == LinkError::Disconnected => return Err(self.end()),
                Err(error) => return Err(os(&error)),
            }
        }
    }

    fn end(&self) -> LinkError {
        let within = self.length.is_some() || !self.begun.is_empty();
        if within { LinkError::Truncated } else { LinkError::Disconnected }
    }

    fn wait(&self, what: PollFlags, deadline: Option<Instant>) -> Result<(), LinkError> {
        loop {
            let timeout = match deadline {
                None => PollTimeout::NONE,
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    let millis = i32::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX);
                    PollTimeout::try_from(millis).unwrap_or(PollTimeout::ZERO)
                }
            };
            match poll(&mut [PollFd::new(self.socket.as_fd(), what)], timeout) {
                Ok(0) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => return Err(LinkError::TimedOut),
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(LinkError::Os(error)),
            }
        }
    }
}
