//! The respondent's ends of its three sockets: the driver's, the rendezvous, the message socket.
//!
//! They come over the socket that the process is started with, close-on-exec and at numbers of the
//! kernel's choice. Knows messages as wholes, not what they mean.

use drivers_faults::without;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recv, recvmsg, send, sendmsg};
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;
use wire::{DRIVER_FD, MAX_MESSAGE_BYTES, Reply, Request};

struct Line {
    driver: RawFd,
    rendezvous: RawFd,
    records: RawFd,
}

static LINE: OnceLock<Line> = OnceLock::new();

fn line() -> &'static Line {
    static NONE: Line = Line { driver: -1, rendezvous: -1, records: -1 };
    LINE.get().unwrap_or(&NONE)
}

/// The number of the message socket: each write to it is a record that the judge gets with the
/// writer's name.
pub fn records() -> RawFd {
    line().records
}

/// Receives the sockets and closes the one that brought them. `None` if the judge has gone.
pub(crate) fn connect() -> Option<()> {
    let (mut byte, mut space) = ([0], nix::cmsg_space!([RawFd; 3]));
    let mut parts = [IoSliceMut::new(&mut byte)];
    let message = recvmsg::<()>(DRIVER_FD, &mut parts, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC).ok()?;
    let rights = message.cmsgs().ok()?.find_map(|control| match control {
        ControlMessageOwned::ScmRights(fds) => <[RawFd; 3]>::try_from(fds).ok(),
        _ => None,
    });
    let [driver, rendezvous, records] = rights?;
    LINE.set(Line { driver, rendezvous, records }).ok()?;
    nix::unistd::close(DRIVER_FD).ok()
}

/// Waits for the next request. `None` when the judge has gone or speaks nonsense: time to leave.
pub(crate) fn receive() -> Option<Request> {
    without(|| {
        let mut buffer = vec![0; MAX_MESSAGE_BYTES];
        loop {
            match recv(line().driver, &mut buffer, MsgFlags::empty()) {
                Ok(0) => return None,
                Ok(count) => return Request::from_bytes(&buffer[..count]).ok(),
                Err(nix::Error::EINTR) => {}
                Err(_) => return None,
            }
        }
    })
}

/// Sends a reply. A judge that has gone is noticed at the next [`receive`].
pub(crate) fn reply(reply: &Reply) {
    let bytes = reply.to_bytes();
    without(|| while send(line().driver, &bytes, MsgFlags::MSG_NOSIGNAL) == Err(nix::Error::EINTR) {});
}

/// Sends a message to the rendezvous together with a descriptor.
///
/// # Errors
///
/// If the socket is not there any more.
pub(crate) fn send_key(bytes: &[u8], key: &OwnedFd) -> nix::Result<()> {
    let keys = [key.as_raw_fd()];
    let parts = [IoSlice::new(bytes)];
    let rights = [ControlMessage::ScmRights(&keys)];
    loop {
        match sendmsg::<()>(line().rendezvous, &parts, &rights, MsgFlags::MSG_NOSIGNAL, None) {
            Err(nix::Error::EINTR) => {}
            other => return other.map(drop),
        }
    }
}
