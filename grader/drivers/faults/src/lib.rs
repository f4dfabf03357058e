//! Stands between a program and the kernel: short reads and writes, interrupted calls, a death in the
//! middle of a write, and a clock of the day that jumps.
//!
//! The C functions of the same names that a program is linked with are replaced by those below, for
//! std and nix alike, since a program's own symbols come before those of a shared library. Without a
//! mode they only pass on. They are there to see whether correct code is correct: a program that
//! makes raw system calls goes past them. Knows nothing of questions.
//!
//! A call is interrupted only where the kernel could do it: on pipes and sockets that are not
//! `O_NONBLOCK`, and in waits that are not told to return at once.

#![allow(unsafe_code, reason = "functions of C have no safe form")]

pub mod creation;
pub mod cut;
pub mod groups;
pub mod late;
pub mod loiter;
pub mod pieces;
pub mod room;
pub mod threads;

pub use creation::before_creation;
pub use cut::{die_after, leave_after};
pub use groups::before_group;
pub use pieces::overstayed;
pub use room::around_room;
pub use threads::{before_thread, threads_left};

use nix::libc::{
    self, c_int, c_long, c_void, clockid_t, id_t, idtype_t, iovec, pid_t, siginfo_t, size_t, sockaddr,
    socklen_t, ssize_t, timespec,
};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

/// Reads and writes on pipes move fewer bytes than asked for.
pub const SHORT: u32 = 1;
/// Every third call that could sleep is interrupted by a signal (`EINTR`) first.
pub const INTERRUPTED: u32 = 2;
/// `CLOCK_REALTIME` loses an hour at every look.
pub const DAY_JUMPS: u32 = 4;

/// Signals are refused as forbidden.
pub const NO_SIGNALS: u32 = 8;
/// Whenever the time of a wait is up, a signal comes (`EINTR`).
pub const LATE: u32 = 16;
/// Once this process has killed somebody (`SIGKILL`), a `SIGTERM` comes to it whenever it begins to wait for a child.
pub const TERM_AT_WAIT: u32 = 32;
/// What is read from pipes and sockets comes in pieces, each of them late; see [`pieces`].
pub const PIECEMEAL: u32 = 64;
/// Whoever next learns from a wait that something has come is stopped (`SIGSTOP`), once, before it can take that.
pub const SEES_AND_STOPS: u32 = 128;
/// Whoever next reads a page or more of a pipe or a socket at once is stopped (`SIGSTOP`), once, before it can read on.
pub const STOPS_AMID: u32 = 256;

static MODE: AtomicU32 = AtomicU32::new(0);
static CALLS: AtomicU64 = AtomicU64::new(0);
/// Who has killed somebody.
static KILLER: AtomicI32 = AtomicI32::new(0);

/// Signals that this process has sent to numbers that no process had.
static LOST_SIGNALS: AtomicU64 = AtomicU64::new(0);
static SOFT_SIGNALS: AtomicU64 = AtomicU64::new(0);

/// How many signals other than `SIGKILL` this process has tried to send.
pub fn soft_signals() -> u64 {
    SOFT_SIGNALS.load(Ordering::Relaxed)
}

/// How many signals this process has sent to numbers that no process had at that moment. Each of
/// them reaches a stranger as soon as the number is given away again.
pub fn lost_signals() -> u64 {
    LOST_SIGNALS.load(Ordering::Relaxed)
}

/// A descriptor of the caller's own for what the descriptor `number` refers to, close-on-exec.
///
/// # Errors
///
/// As fcntl(2): there is no such descriptor, or too many are open.
pub fn duplicate(number: RawFd) -> nix::Result<OwnedFd> {
    // SAFETY: numbers only; the kernel refuses a number that is no descriptor.
    let own = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) };
    // SAFETY: the kernel has just given this descriptor to us, and nobody else knows of it.
    nix::Error::result(own).map(|own| unsafe { OwnedFd::from_raw_fd(own) })
}

/// Sets what goes wrong from now on, in this process and in those that it will fork; returns what
/// was set before.
pub fn set(mode: u32) -> u32 {
    MODE.swap(mode, Ordering::Relaxed)
}

/// Runs `work` with no call cut short or interrupted. The day goes on jumping: what looks at it may
/// be another thread, to which this is no business.
pub fn without<T>(work: impl FnOnce() -> T) -> T {
    let before = MODE.fetch_and(DAY_JUMPS, Ordering::Relaxed);
    let result = work();
    MODE.fetch_or(before & !DAY_JUMPS, Ordering::Relaxed);
    result
}

/// Whether this is set; from now on it is not.
fn has_once(mode: u32) -> bool {
    MODE.fetch_and(!mode, Ordering::Relaxed) & mode != 0
}

fn has(mode: u32) -> bool {
    MODE.load(Ordering::Relaxed) & mode != 0
}

/// Numbers that look like chance and are the same in every run of one process.
fn next() -> u64 {
    let mut bits = CALLS.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits ^ (bits >> 31)
}

/// Whether this call shall be interrupted; sets `errno` then.
fn interrupts() -> bool {
    if !has(INTERRUPTED) || !next().is_multiple_of(3) {
        return false;
    }
    // SAFETY: the address is that of this thread's own `errno`.
    unsafe { *libc::__errno_location() = libc::EINTR };
    true
}

/// Whether a call on this descriptor may sleep, so that a signal could interrupt it.
fn may_sleep(fd: c_int) -> bool {
    is_stream(fd) && {
        // SAFETY: numbers only.
        let flags = unsafe { libc::syscall(libc::SYS_fcntl, fd, libc::F_GETFL) };
        flags >= 0 && flags & c_long::from(libc::O_NONBLOCK) == 0
    }
}

/// Whether a descriptor is a pipe or a socket.
fn is_stream(fd: c_int) -> bool {
    // SAFETY: `fstat` fills the structure whose address it gets; all-zero bytes are a valid one.
    let (result, about) = unsafe {
        let mut about: libc::stat = std::mem::zeroed();
        (libc::fstat(fd, &raw mut about), about)
    };
    result == 0 && matches!(about.st_mode & libc::S_IFMT, libc::S_IFIFO | libc::S_IFSOCK)
}

fn is_pipe(fd: c_int) -> bool {
    // SAFETY: as above.
    let (result, about) = unsafe {
        let mut about: libc::stat = std::mem::zeroed();
        (libc::fstat(fd, &raw mut about), about)
    };
    result == 0 && about.st_mode & libc::S_IFMT == libc::S_IFIFO
}

/// How many bytes a call shall move that was asked for `count`.
fn shortened(fd: c_int, count: size_t) -> size_t {
    if count <= 1 || !has(SHORT) || !is_pipe(fd) {
        return count;
    }
    match next() % 4 {
        0 => 1,
        1 => count.div_ceil(2),
        _ => 1 + usize::try_from(next()).unwrap_or_default() % (count - 1),
    }
}

// SAFETY (for every function below): each has the signature of the function of C that it replaces,
// and hands its arguments on to the system call of the same meaning, at most with a smaller count.
// Whatever the caller of the C function has to promise, it promises to the kernel here.

/// As read(2).
///
/// # Safety
///
/// As read(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn read(fd: c_int, buffer: *mut c_void, count: size_t) -> ssize_t {
    if has(INTERRUPTED) && may_sleep(fd) && interrupts() {
        return -1;
    }
    let waits = !has(PIECEMEAL) || may_sleep(fd);
    let result = pieces::read(fd, shortened(fd, count), waits, |count| {
        // SAFETY: see above.
        unsafe { libc::syscall(libc::SYS_read, fd, buffer, count) as ssize_t }
    });
    late::amid(fd, result);
    late::or_late_read(fd, result)
}

/// As write(2).
///
/// # Safety
///
/// As write(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, buffer: *const c_void, count: size_t) -> ssize_t {
    if has(INTERRUPTED) && may_sleep(fd) && interrupts() {
        return -1;
    }
    cut::counted(fd, shortened(fd, count), |count| {
        // SAFETY: see above.
        unsafe { libc::syscall(libc::SYS_write, fd, buffer, count) as ssize_t }
    })
}

/// As readv(2); never cut short.
///
/// # Safety
///
/// As readv(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn readv(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    if has(INTERRUPTED) && may_sleep(fd) && interrupts() {
        return -1;
    }
    // SAFETY: see above; with SHORT only the first part is filled, which the kernel may do as well.
    unsafe {
        let count = if has(SHORT) && is_pipe(fd) { count.min(1) } else { count };
        libc::syscall(libc::SYS_readv, fd, parts, count) as ssize_t
    }
}

/// As writev(2).
///
/// # Safety
///
/// As writev(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    if has(INTERRUPTED) && may_sleep(fd) && interrupts() {
        return -1;
    }
    // SAFETY: see above; with SHORT only the first part is written, which the kernel may do as well.
    unsafe {
        let count = if has(SHORT) && is_pipe(fd) { count.min(1) } else { count };
        cut::write_parts(fd, parts, count)
    }
}

/// As recv(2).
///
/// # Safety
///
/// As recv(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recv(fd: c_int, buffer: *mut c_void, count: size_t, flags: c_int) -> ssize_t {
    if flags & libc::MSG_DONTWAIT == 0 && has(INTERRUPTED) && may_sleep(fd) && interrupts() {
        return -1;
    }
    let nobody = std::ptr::null_mut::<sockaddr>();
    let no_length = std::ptr::null_mut::<socklen_t>();
    let call = |count: size_t| {
        // SAFETY: see above; recvfrom(2) may be told no address.
        unsafe { libc::syscall(libc::SYS_recvfrom, fd, buffer, count, flags, nobody, no_length) as ssize_t }
    };
    // Whoever looks without taking, or takes no less than all, has asked for something that pieces would spoil.
    let result = if flags & (libc::MSG_PEEK | libc::MSG_WAITALL) == 0 {
        let waits = !has(PIECEMEAL) || flags & libc::MSG_DONTWAIT == 0 && may_sleep(fd);
        pieces::read(fd, count, waits, call)
    } else {
        call(count)
    };
    late::amid(fd, result);
    if flags & libc::MSG_DONTWAIT == 0 { late::or_late_read(fd, result) } else { result }
}

/// As send(2).
///
/// # Safety
///
/// As send(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn send(fd: c_int, buffer: *const c_void, count: size_t, flags: c_int) -> ssize_t {
    if flags & libc::MSG_DONTWAIT == 0 && has(INTERRUPTED) && may_sleep(fd) && interrupts() {
        return -1;
    }
    let nobody = std::ptr::null::<sockaddr>();
    let no_length: socklen_t = 0;
    cut::counted(fd, count, |count| {
        // SAFETY: see above; sendto(2) may be told no address.
        unsafe { libc::syscall(libc::SYS_sendto, fd, buffer, count, flags, nobody, no_length) as ssize_t }
    })
}

/// A wait for a child begins.
fn wait_begins() {
    if !has(TERM_AT_WAIT) {
        return;
    }
    // SAFETY: numbers only.
    unsafe {
        let own = libc::getpid();
        if KILLER.load(Ordering::Relaxed) == own {
            libc::syscall(libc::SYS_kill, own, libc::SIGTERM);
        }
    }
}

/// As waitpid(2).
///
/// # Safety
///
/// As waitpid(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waitpid(pid: pid_t, status: *mut c_int, options: c_int) -> pid_t {
    if options & libc::WNOHANG == 0 && interrupts() {
        return -1;
    }
    wait_begins();
    let no_usage = std::ptr::null_mut::<libc::rusage>();
    // SAFETY: see above; wait4(2) may be told to keep no account.
    unsafe { libc::syscall(libc::SYS_wait4, pid, status, options, no_usage) as pid_t }
}

/// As waitid(2).
///
/// # Safety
///
/// As waitid(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waitid(kind: idtype_t, id: id_t, info: *mut siginfo_t, options: c_int) -> c_int {
    if options & libc::WNOHANG == 0 && interrupts() {
        return -1;
    }
    wait_begins();
    let no_usage = std::ptr::null_mut::<libc::rusage>();
    // SAFETY: see above.
    unsafe { libc::syscall(libc::SYS_waitid, kind, id, info, options, no_usage) as c_int }
}

/// As kill(2); counts the signals that reach nobody, and sends none under [`NO_SIGNALS`].
///
/// # Safety
///
/// As kill(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kill(pid: pid_t, signal: c_int) -> c_int {
    if signal != 0 && has(NO_SIGNALS) {
        // SAFETY: the address is that of this thread's own `errno`.
        unsafe { *libc::__errno_location() = libc::EPERM };
        return -1;
    }
    if signal == libc::SIGKILL {
        // SAFETY: nothing is asked for.
        KILLER.store(unsafe { libc::getpid() }, Ordering::Relaxed);
    } else if signal != 0 {
        SOFT_SIGNALS.fetch_add(1, Ordering::Relaxed);
    }
    // SAFETY: numbers only.
    let result = unsafe { libc::syscall(libc::SYS_kill, pid, signal) as c_int };
    // SAFETY: the address is that of this thread's own `errno`.
    if result == -1 && signal != 0 && unsafe { *libc::__errno_location() } == libc::ESRCH {
        LOST_SIGNALS.fetch_add(1, Ordering::Relaxed);
    }
    result
}

/// As killpg(3), by way of [`kill`].
///
/// # Safety
///
/// As killpg(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn killpg(group: pid_t, signal: c_int) -> c_int {
    if group < 0 {
        // SAFETY: the address is that of this thread's own `errno`.
        unsafe { *libc::__errno_location() = libc::EINVAL };
        return -1;
    }
    // SAFETY: as the caller promises.
    unsafe { kill(-group, signal) }
}

/// As clock_gettime(2).
///
/// # Safety
///
/// As clock_gettime(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, now: *mut timespec) -> c_int {
    // SAFETY: see above.
    let result = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, now) as c_int };
    if result == 0 && clock == libc::CLOCK_REALTIME && has(DAY_JUMPS) {
        let hours = CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the call has just succeeded, so `now` points to a timespec of the caller's.
        unsafe { (*now).tv_sec -= 3600 * i64::try_from(hours % 100_000).unwrap_or_default() };
    }
    result
}
