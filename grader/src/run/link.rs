//! The judge's ends of sockets, and how they get to a respondent.
//!
//! Knows bytes and descriptors, not what they mean.

use crate::error::{GraderError, Result};
use crate::experiment::Numbers;
use crate::sandbox;
use nix::sys::socket::{
    self, AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, sockopt,
};
use std::cell::RefCell;
use std::fs::File;
use std::io::{IoSlice, IoSliceMut, Read};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// A message as it came.
#[derive(Debug)]
pub(crate) struct Parcel {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// The descriptors that came along.
    pub(crate) keys: Vec<File>,
    /// The sender, as the kernel says, if the socket asks for it.
    pub(crate) sender: Option<u32>,
    /// Whether it was longer than the room for it.
    pub(crate) cut: bool,
}

/// A pair of sockets that keep messages apart: ours, and the one for the other side.
pub(crate) fn pair() -> Result<(OwnedFd, OwnedFd)> {
    socket::socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
        .map_err(|error| GraderError::machine(format!("failed to make a socket pair: {error}")))
}

/// From now on the kernel stamps who sent each message.
pub(super) fn ask_for_sender(socket: &OwnedFd) -> Result<()> {
    socket::setsockopt(socket, sockopt::PassCred, &true)
        .map_err(|error| GraderError::machine(format!("the kernel does not name senders: {error}")))
}

/// Sends the respondent sockets over the one that it was started with. The driver receives them
/// close-on-exec and at numbers of the kernel's choice, so that no program that the answer starts
/// inherits a way to talk to the judge.
pub(super) fn hand_over(first: &OwnedFd, sockets: &[&OwnedFd]) -> Result<()> {
    send_with(first, &[0], sockets)
}

/// Sends a message with descriptors.
pub(super) fn send_with(socket: &OwnedFd, bytes: &[u8], others: &[&OwnedFd]) -> Result<()> {
    let fds: Vec<RawFd> = others.iter().map(|fd| fd.as_raw_fd()).collect();
    let rights = [ControlMessage::ScmRights(&fds)];
    socket::sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], &rights, MsgFlags::MSG_NOSIGNAL, None)
        .map(drop)
        .map_err(|error| GraderError::machine(format!("failed to hand a descriptor over: {error}")))
}

std::thread_local! {
    /// For messages as they come. Most looks find none, and new room for each would cost more than the look.
    static ROOM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// One message, without waiting for it. `None` if there is none, or at the end.
pub(crate) fn receive(socket: &OwnedFd, most_bytes: usize) -> Option<Parcel> {
    ROOM.with_borrow_mut(|room| {
        room.resize(room.len().max(most_bytes), 0);
        receive_in(socket, &mut room[..most_bytes])
    })
}

fn receive_in(socket: &OwnedFd, room: &mut [u8]) -> Option<Parcel> {
    let mut space = nix::cmsg_space!([RawFd; 4], nix::sys::socket::UnixCredentials);
    let mut parts = [IoSliceMut::new(room)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC | MsgFlags::MSG_DONTWAIT;
    let message = socket::recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut space), flags).ok()?;
    let (mut keys, mut sender) = (Vec::new(), None);
    for control in message.cmsgs().into_iter().flatten() {
        match control {
            ControlMessageOwned::ScmRights(fds) => keys.extend(fds.into_iter().map(sandbox::own)),
            ControlMessageOwned::ScmCredentials(who) => sender = u32::try_from(who.pid()).ok(),
            _ => {}
        }
    }
    let (count, cut) = (message.bytes, message.flags.contains(MsgFlags::MSG_TRUNC));
    if count == 0 {
        return None;
    }
    Some(Parcel { bytes: room[..count].to_vec(), keys, sender, cut })
}

/// Whether a message could be received now. Leaves it where it is.
pub(super) fn has_message(socket: &OwnedFd) -> bool {
    let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
    socket::recv(socket.as_raw_fd(), &mut [0], flags).is_ok_and(|count| count > 0)
}

/// Bits that nobody can foresee.
pub(super) fn fresh_bits() -> u64 {
    let mut bytes = [0; 8];
    match File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes)) {
        Ok(()) => u64::from_le_bytes(bytes),
        Err(_) => Numbers::new(u64::from(std::process::id()) << 32).bits(),
    }
}
