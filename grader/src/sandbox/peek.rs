//! A look at a socket of another process.
#![allow(unsafe_code, reason = "neither call has a safe form in nix")]

use nix::libc;
use nix::sys::socket::{getsockopt, sockopt};
use std::os::fd::{FromRawFd, OwnedFd};

/// Whether receiving from and sending to a socket of another process have no time limit. `false` if
/// nobody can tell. Takes a copy of the descriptor for a moment (`pidfd_getfd(2)`).
pub(crate) fn socket_waits_for_ever(pid: u32, fd: u32) -> bool {
    let Some(process) = owned(|| {
        // SAFETY: two numbers go in and a descriptor or an error comes out.
        unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) }
    }) else {
        return false;
    };
    use std::os::fd::AsRawFd;
    let Some(socket) = owned(|| {
        // SAFETY: as above; the first number is a process descriptor that `process` keeps open.
        unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0) }
    }) else {
        return false;
    };
    let receive = getsockopt(&socket, sockopt::ReceiveTimeout);
    let send = getsockopt(&socket, sockopt::SendTimeout);
    let none = |limit: nix::sys::time::TimeVal| limit.tv_sec() == 0 && limit.tv_usec() == 0;
    receive.is_ok_and(none) && send.is_ok_and(none)
}

fn owned(call: impl FnOnce() -> libc::c_long) -> Option<OwnedFd> {
    let fd = i32::try_from(call()).ok().filter(|fd| *fd >= 0)?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows of it.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}
