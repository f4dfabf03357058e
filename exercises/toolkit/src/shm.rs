//! Memory that several processes see at once. It knows nothing of what is kept there, and of locks:
//! only atomics may live in it.
//!
//! After a fork each process has a copy of its parent's memory, so what one writes the other never
//! sees. A [`Region`] is the exception: its pages are shared by everyone who was forked after it was
//! made, and they outlive a process that dies. So they are the place for what must not die with it.
//!
//! ```no_run
//! use nix::sys::wait::waitpid;
//! use std::sync::atomic::{AtomicU64, Ordering};
//! use toolkit::{fork, shm::Region};
//!
//! let numbers = Region::<[AtomicU64]>::new(2)?; // both are 0
//! let child = fork(|| {
//!     numbers[1].store(7, Ordering::Relaxed);
//!     0
//! })?;
//! waitpid(child, None)?; // whoever has ended has stored everything before
//! assert_eq!(numbers[1].load(Ordering::Relaxed), 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! While the other process still runs, nothing says *when* its stores are seen, except that a
//! [`Release`](std::sync::atomic::Ordering::Release) store makes everything before it visible to
//! whoever reads it with [`Acquire`](std::sync::atomic::Ordering::Acquire), as between threads. So:
//! write the data with relaxed stores, then publish its length with a release store.

use nix::errno::Errno;
use nix::libc::c_void;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32,
    AtomicU64, AtomicUsize,
};

mod sealed {
    /// Keeps the list below closed: a safe trait that anybody could implement would be no promise.
    pub trait Sealed {}
}

/// What may live in memory that another process changes at any time: an atomic number or flag.
///
/// Anything else is out. A plain `u64` could change while we hold a `&u64`, which Rust forbids. A
/// pointer, a `Box` or a `String` would point to memory that the other process does not have. And the
/// memory begins as zeros, which has to be a value of the type.
pub trait SharedSafe: sealed::Sealed {}

macro_rules! shared_safe {
    ($($atomic:ty),*) => { $(
        impl sealed::Sealed for $atomic {}
        impl SharedSafe for $atomic {}
    )* };
}
shared_safe!(AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize);
shared_safe!(AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize);

/// Memory that this process shares with all that it forks from now on.
///
/// It belongs to no file and has no name: it is gone when the last process that has it unmaps it or
/// ends, however it ends. Dropping a region unmaps it in this process only.
pub struct Region<T: ?Sized> {
    start: NonNull<T>,
    bytes: NonZeroUsize,
}

impl<T: SharedSafe> Region<[T]> {
    /// Maps `len` atomics that are all 0, or `false`. Pages take up memory once they are written to.
    ///
    /// # Errors
    ///
    /// `EINVAL` for none, `ENOMEM` for more than there can be, and whatever else mmap(2) says.
    pub fn new(len: usize) -> Result<Self, nix::Error> {
        let bytes = len.checked_mul(size_of::<T>()).ok_or(Errno::ENOMEM)?;
        if isize::try_from(bytes).is_err() {
            return Err(Errno::ENOMEM); // no slice may be longer
        }
        let bytes = NonZeroUsize::new(bytes).ok_or(Errno::EINVAL)?;
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: mapping is unsafe because a fixed address could replace memory that is in use. None
        // is asked for, so the kernel takes addresses that nobody uses.
        let start = unsafe { mmap_anonymous(None, bytes, access, MapFlags::MAP_SHARED)? };
        Ok(Region { start: NonNull::slice_from_raw_parts(start.cast::<T>(), len), bytes })
    }
}

impl<T: SharedSafe> Deref for Region<[T]> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `start` is the beginning of a page, so it is aligned for any atomic; from there on
        // `len` values of `T` are mapped, readable and writable, until `self` is dropped, which the
        // lifetime of the result does not outlast. They began as zeros, a value of every `SharedSafe`
        // type, and every later value was stored by an atomic. Others may store meanwhile, in this
        // process and elsewhere: atomics are made for that, and lock-free ones do not care whether it
        // is a thread or a process.
        unsafe { self.start.as_ref() }
    }
}

impl<T: ?Sized> Drop for Region<T> {
    fn drop(&mut self) {
        // SAFETY: exactly this was mapped in `new` and is unmapped nowhere else; every reference into
        // it has borrowed `self` and is gone. The other processes keep their mappings.
        let _ = unsafe { munmap(self.start.cast::<c_void>(), self.bytes.get()) };
    }
}

// SAFETY: a region is the only owner of its mapping, and a mapping belongs to no thread in
// particular. What lives in it may be used by several threads at once: the bound says so.
unsafe impl<T: ?Sized + Sync> Send for Region<T> {}
// SAFETY: a shared region gives out nothing but `&T`, and `T` may be shared.
unsafe impl<T: ?Sized + Sync> Sync for Region<T> {}

impl<T: ?Sized> fmt::Debug for Region<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
