//! Memory of a family of processes, without a name. It knows nothing of files.

use super::mapping::{Mapping, Placed};
use super::safe::SharedSafe;
use nix::errno::Errno;
use std::fmt;
use std::ops::Deref;

/// Memory that this process shares with all that it forks from now on.
///
/// It belongs to no file and has no name: it is gone when the last process that has it unmaps it or
/// ends, however it ends. Dropping a region unmaps it in this process only.
pub struct Region<T: ?Sized> {
    memory: Placed<T>,
}

impl<T: SharedSafe> Region<T> {
    /// Maps memory for one value and puts `value` there.
    ///
    /// ```no_run
    /// use nix::sys::wait::waitpid;
    /// use toolkit::{fork, shm::Region, sync::RobustMutex};
    ///
    /// let sum = Region::of(RobustMutex::new(40_u64))?;
    /// let child = fork(|| match sum.lock() {
    ///     Ok(mut sum) => {
    ///         *sum += 2;
    ///         0
    ///     }
    ///     Err(_) => 1,
    /// })?;
    /// waitpid(child, None)?;
    /// assert!(sum.lock().is_ok_and(|sum| *sum == 42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `EINVAL` for a value without bytes, and whatever mmap(2) says.
    pub fn of(value: T) -> Result<Self, nix::Error> {
        let mapping = Mapping::anonymous(size_of::<T>())?;
        // SAFETY: the mapping is fresh, so nobody else uses it, and the value is put there.
        Ok(Region { memory: unsafe { Placed::<T>::new(mapping, 0, Some(value))? } })
    }
}

impl<T: SharedSafe> Region<[T]> {
    /// Maps `len` atomics that are all 0, or `false`; or `len` locks, free and around zeros. Pages
    /// take up memory once they are written to.
    ///
    /// # Errors
    ///
    /// `EINVAL` for none, `ENOMEM` for more than there can be, and whatever else mmap(2) says.
    pub fn new(len: usize) -> Result<Self, nix::Error> {
        let bytes = len.checked_mul(size_of::<T>()).ok_or(Errno::ENOMEM)?;
        let mapping = Mapping::anonymous(bytes)?;
        // SAFETY: the mapping is fresh, so nobody else uses it; it begins as zeros, a value of every
        // `SharedSafe` type.
        Ok(Region { memory: unsafe { Placed::<[T]>::new(mapping, 0, len, None)? } })
    }
}

impl<T: ?Sized> Deref for Region<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.memory.get()
    }
}

impl<T: ?Sized> fmt::Debug for Region<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region").field("bytes", &size_of_val(&**self)).finish_non_exhaustive()
    }
}
