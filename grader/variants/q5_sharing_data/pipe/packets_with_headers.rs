//! Variant: one SOCK_SEQPACKET socket; a message is a row of packets, each with a byte that says whether more follow.

use crate::link_error::LinkError;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};
use toolkit::codec;

/// The most bytes of a message in one packet.
const PIECE: usize = 32 << 10;
const MORE: u8 = 1;
const LAST: u8 = 0;

/// See the stub.
pub fn pair<T>() -> Result<(Connection<T>, Connection<T>), LinkError> {
    let ends = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC);
    let (one, other) = ends.map_err(LinkError::Os)?;
    let end = |socket| Connection { socket, begun: Vec::new(), within: false, messages: PhantomData };
    Ok((end(one), end(other)))
}

/// One end of a connection.
#[derive(Debug)]
pub struct Connection<T> {
    socket: OwnedFd,
    /// What has come of the next message.
    begun: Vec<u8>,
    /// Whether it has begun.
    within: bool,
    messages: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> Connection<T> {
    pub fn send(&mut self, message: &T) -> Result<(), LinkError> {
        let body = codec::encode(message).map_err(|error| LinkError::Undecodable(error.message))?;
        let mut rest = &body[..];
        loop {
            let (piece, more) = rest.split_at(rest.len().min(PIECE));
            let mark = if more.is_empty() { LAST } else { MORE };
            self.send_packet(&[&[mark], piece].concat())?;
            if more.is_empty() {
                return Ok(());
            }
            rest = more;
        }
    }

    fn send_packet(&self, packet: &[u8]) -> Result<(), LinkError> {
        loop {
            match send(self.socket.as_raw_fd(), packet, MsgFlags::MSG_NOSIGNAL) {
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(Errno::EPIPE | Errno::ECONNRESET) => return Err(LinkError::Disconnected),
                Err(error) => return Err(LinkError::Os(error)),
            }
        }
    }

    pub fn recv(&mut self) -> Result<T, LinkError> {
        self.receive(None)
    }

    pub fn recv_timeout(&mut self, limit: Duration) -> Result<T, LinkError> {
        match Instant::now().checked_add(limit) {
            Some(deadline) => self.receive(Some(deadline)),
            None => self.receive(None),
        }
    }

    fn receive(&mut self, deadline: Option<Instant>) -> Result<T, LinkError> {
        let mut packet = vec![0; PIECE + 1];
        loop {
            if let Some(deadline) = deadline {
                self.wait(deadline)?;
            }
            match recv(self.socket.as_raw_fd(), &mut packet, MsgFlags::empty()) {
                Ok(0) if self.within => return Err(LinkError::Truncated),
                Ok(0) => return Err(LinkError::Disconnected),
                Ok(count) => {
                    self.begun.extend_from_slice(&packet[1..count]);
                    self.within = packet[0] == MORE;
                    if !self.within {
                        let body = std::mem::take(&mut self.begun);
                        return codec::decode(&body).map_err(|error| LinkError::Undecodable(error.message));
                    }
                }
                // The other side left something unread when it went. That is told once, and before what
                // it has sent: look again.
                Err(Errno::EINTR | Errno::ECONNRESET) => {}
                Err(error) => return Err(LinkError::Os(error)),
            }
        }
    }

    /// Waits until there is a packet, or the end.
    fn wait(&self, deadline: Instant) -> Result<(), LinkError> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let millis = i32::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX);
            let timeout = PollTimeout::try_from(millis).unwrap_or(PollTimeout::ZERO);
            match poll(&mut [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)], timeout) {
                Ok(0) if Instant::now() >= deadline => return Err(LinkError::TimedOut),
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(LinkError::Os(error)),
            }
        }
    }
}
