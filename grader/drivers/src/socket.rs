//! The respondent's end of the talk with the judge.
//!
//! Knows how to send and receive whole messages; not what they mean. The process is started with a
//! socket at a fixed number. Over it comes the real one, close-on-exec and at a number that only
//! this module knows, so that no program that an answer starts inherits it.

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recv, recvmsg, send};
use std::io::IoSliceMut;
use std::os::fd::RawFd;
use std::sync::OnceLock;
use wire::{DRIVER_FD, MAX_MESSAGE_BYTES, Reply, Request};

/// The number of the real socket.
static SOCKET: OnceLock<RawFd> = OnceLock::new();

/// The real socket, for messages with more than bytes.
pub(crate) fn number() -> RawFd {
    SOCKET.get().copied().unwrap_or(-1)
}

/// Receives the real socket and closes the one that brought it. `None` if the judge has gone.
pub(crate) fn connect() -> Option<()> {
    let (mut byte, mut space) = ([0], nix::cmsg_space!([RawFd; 1]));
    let mut parts = [IoSliceMut::new(&mut byte)];
    let message = recvmsg::<()>(DRIVER_FD, &mut parts, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC).ok()?;
    let rights = message.cmsgs().ok()?.find_map(|control| match control {
        ControlMessageOwned::ScmRights(fds) => fds.first().copied(),
        _ => None,
    });
    SOCKET.set(rights?).ok()?;
    nix::unistd::close(DRIVER_FD).ok()
}

/// Waits for the next request. `None` when the judge has gone or speaks nonsense: time to leave.
pub(crate) fn receive() -> Option<Request> {
    let mut buffer = vec![0; MAX_MESSAGE_BYTES];
    loop {
        match recv(number(), &mut buffer, MsgFlags::empty()) {
            Ok(0) => return None,
            Ok(count) => return Request::from_bytes(&buffer[..count]).ok(),
            Err(nix::Error::EINTR) => {}
            Err(_) => return None,
        }
    }
}

/// Sends a reply. A judge that has gone is noticed at the next [`receive`].
pub(crate) fn reply(reply: &Reply) {
    let bytes = reply.to_bytes();
    while send(number(), &bytes, MsgFlags::MSG_NOSIGNAL) == Err(nix::Error::EINTR) {}
}
