//! The respondent's end of the socket pair.
//!
//! Knows how to send and receive whole messages; not what they mean. The descriptor has a fixed
//! number and is used by number, so no object that an answer could find stands for it.

use nix::sys::socket::{MsgFlags, recv, send};
use wire::{DRIVER_FD, MAX_MESSAGE_BYTES, Reply, Request};

/// Waits for the next request. `None` when the judge has gone or speaks nonsense: time to leave.
pub(crate) fn receive() -> Option<Request> {
    let mut buffer = vec![0; MAX_MESSAGE_BYTES];
    loop {
        match recv(DRIVER_FD, &mut buffer, MsgFlags::empty()) {
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
    while send(DRIVER_FD, &bytes, MsgFlags::MSG_NOSIGNAL) == Err(nix::Error::EINTR) {}
}
