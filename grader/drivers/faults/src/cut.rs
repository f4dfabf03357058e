//! Has a process end in the middle of what it writes: so much of it goes through, and then it is killed, or leaves.
//!
//! Knows files, pipes and sockets, and not what is written.

use nix::libc::{self, c_int, c_void, iovec, msghdr, size_t, socklen_t, ssize_t};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How many bytes this process may still write; the largest number stands for all that it likes.
static LEFT: AtomicU64 = AtomicU64::new(u64::MAX);
/// Whether it leaves then, and is not killed.
static LEAVES: AtomicBool = AtomicBool::new(false);

/// What is no longer than this goes through whole or not at all, as the kernel has it for pipes.
const ALWAYS_WHOLE: size_t = libc::PIPE_BUF;

/// Has this process killed as soon as it has written so many bytes more, all its descriptors but those
/// of standard output and error taken together. Packets, and pieces that pipes never cut, are sent whole
/// or not at all. Memory that is shared is written to without a call, and is none of this.
pub fn die_after(bytes: u64) {
    LEFT.store(bytes, Ordering::Relaxed);
}

/// The same, but it leaves with code 0 then, as when another thread of it calls `exit`.
pub fn leave_after(bytes: u64) {
    LEAVES.store(true, Ordering::Relaxed);
    die_after(bytes);
}

/// Writes by `call`, which is told how many bytes it may write, and does not come back when that were too many.
pub(crate) fn counted(fd: c_int, count: size_t, call: impl FnOnce(size_t) -> ssize_t) -> ssize_t {
    let left = LEFT.load(Ordering::Relaxed);
    if left == u64::MAX || fd <= libc::STDERR_FILENO {
        return call(count);
    }
    let left = size_t::try_from(left).unwrap_or(size_t::MAX);
    let fits = count <= left;
    if !fits && (count <= ALWAYS_WHOLE || has_packets(fd)) {
        die();
    }
    let most = count.min(left);
    let written = call(most);
    if let Ok(bytes) = size_t::try_from(written) {
        LEFT.store((left - bytes.min(left)) as u64, Ordering::Relaxed);
        if !fits && bytes == most {
            die();
        }
    }
    written
}

/// Whether this is a socket that keeps messages apart.
pub(crate) fn has_packets(fd: c_int) -> bool {
    let mut kind: c_int = 0;
    let mut length = size_of::<c_int>() as socklen_t;
    // SAFETY: the kernel writes at most `length` bytes to `kind`, and refuses what is no socket.
    let result = unsafe {
        libc::getsockopt(
            fd,
            libc::SOL_SOCKET,
            libc::SO_TYPE,
            (&raw mut kind).cast::<c_void>(),
            &raw mut length,
        )
    };
    result == 0 && kind != libc::SOCK_STREAM
}

fn die() -> ! {
    loop {
        // SAFETY: numbers only.
        unsafe {
            if LEAVES.load(Ordering::Relaxed) {
                libc::syscall(libc::SYS_exit_group, 0);
            }
            libc::syscall(libc::SYS_kill, libc::getpid(), libc::SIGKILL)
        };
    }
}

/// How many bytes these parts have.
fn total(parts: &[iovec]) -> size_t {
    parts.iter().map(|part| part.iov_len).sum()
}

/// So many bytes of them.
fn beginning(parts: &[iovec], mut most: size_t) -> Vec<iovec> {
    let cut = |part: &iovec| {
        let iov_len = part.iov_len.min(most);
        most -= iov_len;
        iovec { iov_len, ..*part }
    };
    parts.iter().map(cut).collect()
}

/// The parts that a caller of `writev` or `sendmsg` has told of.
///
/// # Safety
///
/// There are `count` parts at `first`.
unsafe fn parts<'a>(first: *const iovec, count: size_t) -> &'a [iovec] {
    // SAFETY: as the caller promises; no parts may have no address.
    if count == 0 { &[] } else { unsafe { std::slice::from_raw_parts(first, count) } }
}

/// As writev(2).
///
/// # Safety
///
/// As writev(2).
pub(crate) unsafe fn write_parts(fd: c_int, first: *const iovec, count: c_int) -> ssize_t {
    // SAFETY: as the caller promises.
    let all = unsafe { parts(first, size_t::try_from(count).unwrap_or_default()) };
    counted(fd, total(all), |most| {
        let some = beginning(all, most);
        // SAFETY: `some` are as many parts as before, none of them longer.
        unsafe { libc::syscall(libc::SYS_writev, fd, some.as_ptr(), count) as ssize_t }
    })
}

/// As sendmsg(2).
///
/// # Safety
///
/// As sendmsg(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sendmsg(fd: c_int, message: *const msghdr, flags: c_int) -> ssize_t {
    // SAFETY: as the caller promises; what is sent has as many parts as before, none of them longer.
    unsafe {
        let all = parts((*message).msg_iov, (*message).msg_iovlen);
        counted(fd, total(all), |most| {
            let mut some = beginning(all, most);
            let mut message = *message;
            message.msg_iov = some.as_mut_ptr();
            libc::syscall(libc::SYS_sendmsg, fd, &raw const message, flags) as ssize_t
        })
    }
}
