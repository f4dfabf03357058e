//! What the judge says to the reaper, with the descriptors that come along.
//!
//! Knows words and descriptors, not what is done with them.

#![allow(unsafe_code, reason = "nix hands received descriptors over as numbers")]

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
use std::ffi::OsString;
use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use wire::Wish;

/// What the judge wants.
#[derive(Debug)]
pub(crate) enum Order {
    /// A respondent is to be started with these arguments.
    LetIn(Vec<OsString>, Belongings),
    /// Everything below the reaper is to be ended.
    Clear,
    /// Nothing yet.
    Wait,
    /// The judge has gone, or speaks nonsense: the end.
    Leave,
}

/// What a respondent is given.
#[derive(Debug)]
pub(crate) struct Belongings {
    pub(crate) driver: OwnedFd,
    pub(crate) stdout: OwnedFd,
    pub(crate) stderr: OwnedFd,
}

/// The next order, without waiting for it.
pub(crate) fn receive(socket: &impl AsRawFd) -> Order {
    let (mut bytes, mut space) = (vec![0; Wish::MAX_BYTES], nix::cmsg_space!([RawFd; 3]));
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
    let message = match recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut space), flags) {
        Ok(message) => message,
        Err(nix::Error::EAGAIN | nix::Error::EINTR) => return Order::Wait,
        Err(_) => return Order::Leave,
    };
    let mut fds = Vec::new();
    for control in message.cmsgs().into_iter().flatten() {
        if let ControlMessageOwned::ScmRights(numbers) = control {
            // SAFETY: the kernel has just made these numbers for us, so they are open and nobody else owns them.
            fds.extend(numbers.into_iter().map(|number| unsafe { OwnedFd::from_raw_fd(number) }));
        }
    }
    let count = message.bytes;
    match (Wish::from_bytes(&bytes[..count]), <[OwnedFd; 3]>::try_from(fds)) {
        (Ok(Wish::LetIn { args }), Ok([driver, stdout, stderr])) => {
            Order::LetIn(args, Belongings { driver, stdout, stderr })
        }
        (Ok(Wish::Clear), _) => Order::Clear,
        _ => Order::Leave,
    }
}
