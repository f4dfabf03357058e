//! What has no safe form: bare system calls, a fork, memory that processes share, and what the C library
//! keeps in it.
//!
//! The only module of this program with `unsafe`. Knows no attack and no need.
#![allow(unsafe_code, reason = "attacks make the very calls that safe libraries do not offer")]

use nix::errno::Errno;
use nix::libc;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, mmap_anonymous};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid};
use std::ffi::CStr;
use std::fs::File;
use std::num::NonZeroUsize;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

/// An argument of a system call.
#[derive(Debug)]
pub(crate) enum Arg<'a> {
    /// A number, a descriptor, or an address that nothing is read from.
    Number(i64),
    /// Bytes that the kernel reads.
    In(&'a [u8]),
    /// Bytes that the kernel writes.
    Out(&'a mut [u8]),
    /// A text that ends with a zero.
    Text(&'a CStr),
}

/// Makes a system call. The caller answers for its being one that changes no memory of this process but
/// the bytes lent as [`Arg::Out`].
pub(crate) fn call(number: libc::c_long, args: &mut [Arg<'_>]) -> Result<i64, Errno> {
    let mut words = [0; 6];
    for (word, arg) in words.iter_mut().zip(args) {
        *word = match arg {
            Arg::Number(number) => *number,
            Arg::In(bytes) => bytes.as_ptr() as i64,
            Arg::Out(bytes) => bytes.as_mut_ptr() as i64,
            Arg::Text(text) => text.as_ptr() as i64,
        };
    }
    let [a, b, c, d, e, f] = words;
    // SAFETY: pointers come from slices that are borrowed until the call has returned, and which calls
    // are made with which lengths stands beside them in the attacks: none writes beyond what is lent.
    let result = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if result == -1 { Err(Errno::last()) } else { Ok(result) }
}

/// Takes charge of a descriptor that a call has just returned.
pub(crate) fn own(fd: i64) -> Result<OwnedFd, Errno> {
    let fd = RawFd::try_from(fd).map_err(|_| Errno::EBADF)?;
    // SAFETY: the caller has it straight from the kernel, so it is open and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Starts a copy of this process that ends with what `child` returns.
pub(crate) fn fork(child: impl FnOnce() -> i32) -> Result<Pid, Errno> {
    // SAFETY: whoever forks here has one thread, so no lock is held by a thread that the copy lacks.
    match unsafe { nix::unistd::fork()? } {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let code = child();
            // SAFETY: `_exit` takes any code and does not return.
            unsafe { libc::_exit(code) }
        }
    }
}

/// Words that this process shares with the copies that it forks later: of a file, or of no file.
pub(crate) fn shared(file: Option<&File>, words: usize) -> Result<&'static [AtomicU32], Errno> {
    let bytes = NonZeroUsize::new(words * size_of::<AtomicU32>()).ok_or(Errno::EINVAL)?;
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: no address is asked for, so nothing that is in use is replaced; the file is as long as
    // the caller says, and nobody cuts it.
    let start = unsafe {
        match file {
            Some(file) => mmap(None, bytes, access, MapFlags::MAP_SHARED, file, 0)?,
            None => mmap_anonymous(None, bytes, access, MapFlags::MAP_SHARED)?,
        }
    };
    // SAFETY: the mapping begins at a page, is as long as asked for, holds zeros or what atomics have
    // stored, and stays until this process ends.
    Ok(unsafe { std::slice::from_raw_parts(start.as_ptr().cast(), words) })
}

static SIGNALS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count(_: libc::c_int) {
    SIGNALS.fetch_add(1, Ordering::Relaxed);
}

/// Counts a signal from now on, instead of ending by it.
pub(crate) fn count_signal(signal: Signal) -> Result<(), Errno> {
    let action = SigAction::new(SigHandler::Handler(count), SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler adds to an atomic, which may be done at any moment.
    unsafe { sigaction(signal, &action) }.map(drop)
}

/// How many counted signals have come.
pub(crate) fn counted_signals() -> u32 {
    SIGNALS.load(Ordering::Relaxed)
}

/// Takes a lock whose last holder has died with it, in another process. Returns whether the lock says so.
pub(crate) fn lock_of_the_dead() -> Result<bool, Errno> {
    let words = size_of::<libc::pthread_mutex_t>().div_ceil(size_of::<AtomicU32>());
    let mutex: *mut libc::pthread_mutex_t = shared(None, words)?.as_ptr().cast_mut().cast();
    let check = |code: i32| if code == 0 { Ok(()) } else { Err(Errno::from_raw(code)) };
    // SAFETY: the memory is large enough, aligned to a page, shared with the child and never moved; it is
    // initialised before the fork, and the attributes live until then.
    unsafe {
        let mut attributes: libc::pthread_mutexattr_t = std::mem::zeroed();
        check(libc::pthread_mutexattr_init(&mut attributes))?;
        check(libc::pthread_mutexattr_setpshared(&mut attributes, libc::PTHREAD_PROCESS_SHARED))?;
        check(libc::pthread_mutexattr_setrobust(&mut attributes, libc::PTHREAD_MUTEX_ROBUST))?;
        check(libc::pthread_mutex_init(mutex, &attributes))?;
    }
    // SAFETY: as above; the child dies with the lock in its hands, which is what is tried.
    let child = fork(|| unsafe { libc::pthread_mutex_lock(mutex) })?;
    waitpid(child, None)?;
    // SAFETY: as above.
    Ok(unsafe { libc::pthread_mutex_lock(mutex) } == libc::EOWNERDEAD)
}

/// Waits at a semaphore with a name until a child has posted it.
pub(crate) fn post_over_fork(name: &CStr) -> Result<(), Errno> {
    // SAFETY: the name ends with a zero, and the semaphore is closed by nobody before the last use.
    let semaphore = unsafe { libc::sem_open(name.as_ptr(), libc::O_CREAT | libc::O_EXCL, 0o600, 0) };
    if ptr::eq(semaphore, libc::SEM_FAILED) {
        return Err(Errno::last());
    }
    // SAFETY: the child has the semaphore at the same address.
    let child = fork(|| unsafe { libc::sem_post(semaphore) })?;
    // SAFETY: as above; the name is removed by whoever made it.
    let waited = unsafe { (libc::sem_wait(semaphore), libc::sem_unlink(name.as_ptr())) };
    let ended = waitpid(child, None)?;
    if waited == (0, 0) && ended == WaitStatus::Exited(child, 0) { Ok(()) } else { Err(Errno::last()) }
}

/// Asks for the number of this process by the 32-bit entrance, where the call has the number 20.
#[cfg(target_arch = "x86_64")]
pub(crate) fn number_by_old_entrance() -> i64 {
    let result: i64;
    // SAFETY: the call takes no argument and touches no memory; registers that the entrance does not
    // keep are named.
    unsafe {
        std::arch::asm!("int 0x80", inlateout("rax") 20_i64 => result,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _);
    }
    result
}
