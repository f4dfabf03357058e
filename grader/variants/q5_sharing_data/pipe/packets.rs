//! Variant: a socket that keeps packets apart; a long message goes in several, and the first byte of each says whether more come.

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

const PIECE: usize = 16_000;
const LAST: u8 = 0;
const MORE: u8 = 1;

/// As asked for.
pub fn pair<T>() -> Result<(Connection<T>, Connection<T>), LinkError> {
    let flags = SockFlag::SOCK_CLOEXEC;
    let (one, other) =
        socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags).map_err(LinkError::Os)?;
    Ok((Connection::new(one), Connection::new(other)))
}

/// As asked for.
#[derive(Debug)]
pub struct Connection<T> {
    socket: OwnedFd,
    pieces: Vec<u8>,
    has_begun: bool,
    messages: PhantomData<fn(T) -> T>,
}

impl<T> Connection<T> {
    fn new(socket: OwnedFd) -> Self {
        Connection { socket, pieces: Vec::new(), has_begun: false, messages: PhantomData }
    }
}

impl<T: Serialize + DeserializeOwned> Connection<T> {
    /// As asked for.
    pub fn send(&mut self, message: &T) -> Result<(), LinkError> {
        let body = codec::encode(message).map_err(|error| LinkError::Undecodable(error.message))?;
        let count = body.len().div_ceil(PIECE).max(1);
        for number in 0..count {
            let piece = &body[number * PIECE..body.len().min((number + 1) * PIECE)];
            let mark = if number + 1 == count { LAST } else { MORE };
            let packet = [&[mark], piece].concat();
            again(|| send(self.socket.as_raw_fd(), &packet, MsgFlags::MSG_NOSIGNAL))?;
        }
        Ok(())
    }

    /// As asked for.
    pub fn recv(&mut self) -> Result<T, LinkError> {
        self.until(None)
    }

    /// As asked for.
    pub fn recv_timeout(&mut self, limit: Duration) -> Result<T, LinkError> {
        self.until(Some(Instant::now().checked_add(limit)).flatten())
    }

    fn until(&mut self, until: Option<Instant>) -> Result<T, LinkError> {
        let mut packet = vec![0; PIECE + 1];
        loop {
            while let Some(until) = until {
                let left = until.saturating_duration_since(Instant::now());
                let ms = u16::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(u16::MAX);
                match poll(&mut [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)], PollTimeout::from(ms))
                {
                    Ok(0) if left.is_zero() => return Err(LinkError::TimedOut),
                    Ok(0) | Err(Errno::EINTR) => {}
                    Ok(_) => break,
                    Err(error) => return Err(LinkError::Os(error)),
                }
            }
            let length = match again(|| recv(self.socket.as_raw_fd(), &mut packet, MsgFlags::empty())) {
                // The other side has gone and has not read everything. The system says so once, and before what it has sent.
                Err(LinkError::Disconnected) => continue,
                length => length?,
            };
            if length == 0 {
                let begun = std::mem::take(&mut self.has_begun);
                return Err(if begun { LinkError::Truncated } else { LinkError::Disconnected });
            }
            self.has_begun = true;
            self.pieces.extend(&packet[1..length]);
            if packet[0] == LAST {
                self.has_begun = false;
                let body = std::mem::take(&mut self.pieces);
                return codec::decode(&body).map_err(|error| LinkError::Undecodable(error.message));
            }
        }
    }
}

fn again(mut call: impl FnMut() -> nix::Result<usize>) -> Result<usize, LinkError> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            Err(Errno::EPIPE | Errno::ECONNRESET) => return Err(LinkError::Disconnected),
            other => return other.map_err(LinkError::Os),
        }
    }
}
