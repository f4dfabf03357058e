//! What a sleeping thread waits for, if only another thread or process can end it.
//!
//! An allow-list: a wait that is not on it, or cannot be seen, proves nothing. Timers that the
//! process has set itself (`alarm`, `setitimer`) leave no trace here and are for the sandbox to
//! forbid.

use crate::sandbox::socket_waits_for_ever;
use nix::libc;
use procs::{OpenFile, Task};

/// A wait that does not end by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wait {
    /// It has ended.
    Ended,
    /// It was stopped by a signal.
    Stopped,
    /// For a lock, a condvar, or a thread's end.
    Futex,
    /// For a child's end.
    Child,
    /// For a signal.
    Signal,
    /// To read from this.
    Read(String),
    /// To write to this.
    Write(String),
    /// For one of several descriptors to become ready.
    Ready,
}

/// What a thread waits for; `None` if that may end by itself, or nobody can tell.
pub(crate) fn explain(pid: u32, task: &Task) -> Option<Wait> {
    match task.state {
        'Z' | 'X' => return Some(Wait::Ended),
        'T' | 't' => return Some(Wait::Stopped),
        'S' => {}
        _ => return None,
    }
    let (number, args) = procs::system_call(pid, task.id)?;
    let arg = |place: usize| args.get(place).copied();
    let no_limit = |place: usize| Some(arg(place)? == 0); // a null pointer
    let minus_one = |place: usize| Some((arg(place)? as i32) < 0);
    match number {
        libc::SYS_futex => no_limit(3)?.then_some(Wait::Futex),
        libc::SYS_wait4 | libc::SYS_waitid => Some(Wait::Child),
        libc::SYS_rt_sigtimedwait => (no_limit(2)? && no_timer(pid)).then_some(Wait::Signal),
        libc::SYS_rt_sigsuspend => no_timer(pid).then_some(Wait::Signal),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_pause => no_timer(pid).then_some(Wait::Signal),
        libc::SYS_read | libc::SYS_readv => on_file(pid, arg(0)?).map(Wait::Read),
        libc::SYS_write | libc::SYS_writev => on_file(pid, arg(0)?).map(Wait::Write),
        libc::SYS_recvfrom | libc::SYS_recvmsg => on_file(pid, arg(0)?).map(Wait::Read),
        libc::SYS_sendto | libc::SYS_sendmsg => on_file(pid, arg(0)?).map(Wait::Write),
        libc::SYS_poll => (minus_one(2)? && no_timer(pid)).then_some(Wait::Ready),
        libc::SYS_ppoll => (no_limit(2)? && no_timer(pid)).then_some(Wait::Ready),
        libc::SYS_select | libc::SYS_pselect6 => (no_limit(4)? && no_timer(pid)).then_some(Wait::Ready),
        libc::SYS_epoll_wait | libc::SYS_epoll_pwait => {
            (minus_one(3)? && no_timer(pid)).then_some(Wait::Ready)
        }
        libc::SYS_epoll_pwait2 => (no_limit(3)? && no_timer(pid)).then_some(Wait::Ready),
        _ => None,
    }
}

/// What a read or write waits on: a pipe, an event counter, a signal's descriptor, or a socket
/// without a time limit.
fn on_file(pid: u32, fd: u64) -> Option<String> {
    let number = u32::try_from(fd).ok()?;
    let target = std::fs::read_link(format!("/proc/{pid}/fd/{number}")).ok()?;
    let target = target.to_string_lossy().into_owned();
    let endless = target.starts_with("pipe:")
        || target == "anon_inode:[eventfd]"
        || target == "anon_inode:[signalfd]"
        || (target.starts_with("socket:") && socket_waits_for_ever(pid, number));
    endless.then_some(target)
}

fn no_timer(pid: u32) -> bool {
    !procs::open_files(pid).iter().any(|file: &OpenFile| file.target.contains("timerfd"))
}
