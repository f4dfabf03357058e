//! Has a signal come whenever the time of a wait is up, or stops whoever has waited before it can take what has come, or all of it.
//!
//! A wait that has a limit lasts as long as it may, and then says that a signal has interrupted it (`EINTR`). Whoever begins again
//! with the whole limit waits for ever. Knows not what is waited for.

use crate::{
    LATE, PIECEMEAL, SEES_AND_STOPS, STOPS_AMID, has, has_once, interrupts, is_stream, may_sleep, pieces,
};
use nix::libc::{
    self, c_int, c_long, c_void, epoll_event, fd_set, nfds_t, pollfd, sigset_t, socklen_t, ssize_t, timespec,
    timeval,
};

/// No signal comes within shorter waits: whoever waits for what is left of its time, or at least a little, comes to an end.
pub(crate) const SHORTEST_MS: i64 = 5;

/// Whoever reads so many bytes is in the middle of something long, or at its end.
const PAGE: ssize_t = 4096;

pub(crate) fn set_errno(error: c_int) {
    // SAFETY: the address is that of this thread's own `errno`.
    unsafe { *libc::__errno_location() = error };
}

/// Whether the end of a wait that could last so long shall be an interruption; sets `errno` then.
fn comes(limit_ms: i64) -> bool {
    let comes = has(LATE) && limit_ms >= SHORTEST_MS;
    if comes {
        set_errno(libc::EINTR);
    }
    comes
}

fn stop() {
    // SAFETY: numbers only.
    unsafe { libc::raise(libc::SIGSTOP) };
}

/// So much was read.
pub(crate) fn amid(fd: c_int, bytes: ssize_t) {
    if bytes >= PAGE && has(STOPS_AMID) && is_stream(fd) && has_once(STOPS_AMID) {
        stop();
    }
}

/// What a wait gives that has given this.
fn or_late(result: c_int, limit_ms: i64) -> c_int {
    if result > 0 {
        pieces::comes(limit_ms);
        if has_once(SEES_AND_STOPS) {
            stop();
        }
    }
    if result == 0 && comes(limit_ms) { -1 } else { result }
}

/// What a call gives that reads from this descriptor and has given this: a socket may have a limit of its own.
pub(crate) fn or_late_read(fd: c_int, result: ssize_t) -> ssize_t {
    if result > 0 && has(PIECEMEAL) && may_sleep(fd) && limit_of(fd) > 0 {
        pieces::comes(limit_of(fd));
    }
    // SAFETY: the address is that of this thread's own `errno`.
    if result != -1 || !has(LATE) || unsafe { *libc::__errno_location() } != libc::EAGAIN {
        return result;
    }
    // SAFETY: numbers only.
    let flags = unsafe { libc::syscall(libc::SYS_fcntl, fd, libc::F_GETFL) };
    let is_late = flags & c_long::from(libc::O_NONBLOCK) == 0 && comes(limit_of(fd));
    if !is_late {
        set_errno(libc::EAGAIN); // looking for a limit may have changed it
    }
    result
}

/// How long a call may read from this socket, in milliseconds; 0 without a limit.
fn limit_of(fd: c_int) -> i64 {
    let mut limit = timeval { tv_sec: 0, tv_usec: 0 };
    let mut length = size_of::<timeval>() as socklen_t;
    let to = (&raw mut limit).cast::<c_void>();
    // SAFETY: the kernel writes at most `length` bytes to `limit`, and refuses what is no socket.
    let result = unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_RCVTIMEO, to, &raw mut length) };
    if result == 0 { limit.tv_sec * 1000 + limit.tv_usec / 1000 } else { 0 }
}

/// As poll(2).
///
/// # Safety
///
/// As poll(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn poll(fds: *mut pollfd, count: nfds_t, timeout_ms: c_int) -> c_int {
    if timeout_ms != 0 && interrupts() {
        return -1;
    }
    // SAFETY: as the caller promises.
    let result = unsafe { libc::syscall(libc::SYS_poll, fds, count, timeout_ms) as c_int };
    or_late(result, timeout_ms.into())
}

/// As ppoll(2).
///
/// # Safety
///
/// As ppoll(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ppoll(
    fds: *mut pollfd,
    count: nfds_t,
    timeout: *const timespec,
    signals: *const sigset_t,
) -> c_int {
    // SAFETY: as the caller promises. The kernel writes to the time, and so gets a copy; its sets of signals have 64 bits.
    unsafe {
        let mut left = timeout.as_ref().copied();
        if left.is_none_or(|left| left.tv_sec != 0 || left.tv_nsec != 0) && interrupts() {
            return -1;
        }
        let limit_ms = left.map_or(-1, |left| left.tv_sec.saturating_mul(1000) + left.tv_nsec / 1_000_000);
        let copy = left.as_mut().map_or(std::ptr::null_mut(), |left| &raw mut *left);
        let result = libc::syscall(libc::SYS_ppoll, fds, count, copy, signals, 8_usize) as c_int;
        or_late(result, limit_ms)
    }
}

/// As select(2).
///
/// # Safety
///
/// As select(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn select(
    count: c_int,
    readable: *mut fd_set,
    writable: *mut fd_set,
    exceptional: *mut fd_set,
    timeout: *mut timeval,
) -> c_int {
    // SAFETY: as the caller promises.
    unsafe {
        let limit = timeout.as_ref().copied();
        if limit.is_none_or(|limit| limit.tv_sec != 0 || limit.tv_usec != 0) && interrupts() {
            return -1;
        }
        let limit_ms = limit.map_or(-1, |limit| limit.tv_sec.saturating_mul(1000) + limit.tv_usec / 1000);
        let sets = [readable, writable, exceptional];
        let before = sets.map(|set| set.as_ref().copied());
        let result =
            libc::syscall(libc::SYS_select, count, readable, writable, exceptional, timeout) as c_int;
        let result = or_late(result, limit_ms);
        if result == -1 {
            // A call that is interrupted leaves the sets as they were.
            for (set, before) in sets.into_iter().zip(before) {
                before.into_iter().for_each(|before| *set = before);
            }
        }
        result
    }
}

/// As epoll_wait(2).
///
/// # Safety
///
/// As epoll_wait(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_wait(
    epoll: c_int,
    events: *mut epoll_event,
    most: c_int,
    timeout_ms: c_int,
) -> c_int {
    if timeout_ms != 0 && interrupts() {
        return -1;
    }
    // SAFETY: as the caller promises.
    let result = unsafe { libc::syscall(libc::SYS_epoll_wait, epoll, events, most, timeout_ms) as c_int };
    or_late(result, timeout_ms.into())
}
