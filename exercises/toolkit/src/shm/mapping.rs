//! Pages that are shared: mapped, used as values of a type, unmapped. The lowest layer; it knows
//! neither why they are shared nor what lies in them.

use super::safe::{Settle, SharedSafe};
use crate::held;
use nix::errno::Errno;
use nix::libc::c_void;
use nix::sys::mman::{MapFlags, MsFlags, ProtFlags, mmap, mmap_anonymous, msync, munmap};
use std::fs::File;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

/// The smallest page there is: every mapping begins at a multiple of it.
const PAGE: usize = 4096;

/// Pages that are mapped until this is dropped, readable and writable, and shared with others.
#[derive(Debug)]
pub(super) struct Mapping {
    start: NonNull<c_void>,
    bytes: NonZeroUsize,
}

const ACCESS: ProtFlags = ProtFlags::PROT_READ.union(ProtFlags::PROT_WRITE);

impl Mapping {
    /// Zeros that all processes share that are forked from now on.
    pub(super) fn anonymous(bytes: usize) -> Result<Mapping, nix::Error> {
        let bytes = countable(bytes)?;
        // SAFETY: mapping is unsafe because a fixed address could replace memory that is in use. None
        // is asked for, so the kernel takes addresses that nobody uses.
        let start = unsafe { mmap_anonymous(None, bytes, ACCESS, MapFlags::MAP_SHARED)? };
        Ok(Mapping { start, bytes })
    }

    /// The first `bytes` bytes of a file.
    pub(super) fn of_file(file: &File, bytes: usize) -> Result<Mapping, nix::Error> {
        let bytes = countable(bytes)?;
        // SAFETY: no fixed address is asked for, as above. That others change the file meanwhile is
        // what sharing means: nothing but atomics is ever used there.
        let start = unsafe { mmap(None, bytes, ACCESS, MapFlags::MAP_SHARED, file, 0)? };
        Ok(Mapping { start, bytes })
    }

    /// Waits until the file behind it has all that was stored before.
    pub(super) fn sync(&self) -> Result<(), nix::Error> {
        // SAFETY: exactly these pages are mapped; they are neither moved nor invalidated.
        unsafe { msync(self.start, self.bytes.get(), MsFlags::MS_SYNC) }
    }
}

/// A length that memory can have.
fn countable(bytes: usize) -> Result<NonZeroUsize, nix::Error> {
    // No value is longer than `isize::MAX`, so its end is an address too.
    isize::try_from(bytes).map_err(|_| Errno::ENOMEM)?;
    NonZeroUsize::new(bytes).ok_or(Errno::EINVAL)
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let start = self.start.addr().get();
        if held::any_within(start..start + self.bytes.get()) {
            return; // the C library will still write to a lock whose guard was forgotten
        }
        // SAFETY: exactly this was mapped and is unmapped nowhere else; every reference into it has
        // borrowed `self` and is gone. The other processes keep their mappings.
        let _ = unsafe { munmap(self.start, self.bytes.get()) };
    }
}

// SAFETY: it is the only owner of its pages, and pages belong to no thread in particular.
unsafe impl Send for Mapping {}
// SAFETY: a shared one gives access to nothing; what lies there is the business of `Placed`.
unsafe impl Sync for Mapping {}

/// A value, or several in a row, at home in a mapping.
#[derive(Debug)]
pub(super) struct Placed<T: ?Sized> {
    at: NonNull<T>,
    mapping: Mapping,
}

impl<T: SharedSafe> Placed<T> {
    /// Takes what lies `offset` bytes behind the mapping's beginning for a `T`, after it has put
    /// `value` there, if there is one.
    ///
    /// # Safety
    ///
    /// Without a `value`, what lies there must be a `T`. Nobody may use these bytes as anything else,
    /// except as what follows the contract of `SharedSafe` too.
    pub(super) unsafe fn new(
        mapping: Mapping,
        offset: usize,
        value: Option<T>,
    ) -> Result<Placed<T>, nix::Error> {
        const { assert!(!std::mem::needs_drop::<T>(), "shared memory drops nothing") };
        // SAFETY: the caller's promise, for one value.
        let row = unsafe { Placed::<[T]>::new(mapping, offset, 1, value)? };
        Ok(Placed { at: row.at.cast(), mapping: row.mapping })
    }
}

impl<T: SharedSafe> Placed<[T]> {
    /// Takes what lies `offset` bytes behind the mapping's beginning for `len` values of type `T`,
    /// after it has put `first` in the first place, if there is one, and settles them.
    ///
    /// # Safety
    ///
    /// As for a single value.
    pub(super) unsafe fn new(
        mapping: Mapping,
        offset: usize,
        len: usize,
        first: Option<T>,
    ) -> Result<Placed<[T]>, nix::Error> {
        const { assert!(align_of::<T>() <= PAGE, "no more than the beginning of a page") };
        let end = len.checked_mul(size_of::<T>()).and_then(|bytes| bytes.checked_add(offset));
        assert!(end.is_some_and(|end| end <= mapping.bytes.get()), "it is in the mapping");
        assert!(offset.is_multiple_of(align_of::<T>()), "it is aligned");
        // SAFETY: `offset` is within the mapping, or its end.
        let at = unsafe { mapping.start.cast::<u8>().add(offset) }.cast::<T>();
        if let Some(value) = first {
            assert!(len > 0, "there is a first place");
            // SAFETY: `at` is aligned, as the page is and the offset; it is writable and has room, as
            // was just asserted; nobody else knows of a value there yet.
            unsafe { at.write(value) };
        }
        let placed = Placed { at: NonNull::slice_from_raw_parts(at, len), mapping };
        if T::SETTLES {
            placed.get().iter().try_for_each(|item| item.settle(&Settle::new()))?;
        }
        Ok(placed)
    }
}

impl<T: ?Sized> Placed<T> {
    pub(super) fn get(&self) -> &T {
        // SAFETY: `at` is aligned and mapped, readable and writable, until `self` is dropped, which
        // the lifetime of the result does not outlast; what lies there is a `T`, by the promise that
        // was made to `new`. Others may change it meanwhile, in this process and elsewhere: `T` is
        // `SharedSafe`, so it is used by atomics and under locks only, and lock-free atomics do not
        // care whether it is a thread or a process.
        unsafe { self.at.as_ref() }
    }

    pub(super) fn mapping(&self) -> &Mapping {
        &self.mapping
    }
}

// SAFETY: it owns its mapping. What lives in it may be used by several threads at once: the bound
// says so.
unsafe impl<T: ?Sized + Sync> Send for Placed<T> {}
// SAFETY: a shared one gives out nothing but `&T`, and `T` may be shared.
unsafe impl<T: ?Sized + Sync> Sync for Placed<T> {}
