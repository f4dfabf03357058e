//! Variant: the header of the segment says which half counts, in a segment that is opened a second time; the lock is one of the kernel
//! on a file without a name, and looks take it shared.

use crate::number::{Number, ShareError};
use nix::sys::memfd::{MFdFlags, memfd_create};
use shared_memory::{Shmem, ShmemConf};
use std::cell::Cell;
use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::marker::PhantomData;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use toolkit::shm::{self, Region};

fn why(error: impl Display) -> ShareError {
    ShareError(error.to_string())
}

/// As asked for.
pub struct SharedArray<T> {
    halves: [Shmem; 2],
    which: Region<AtomicU64>,
    file: File,
    _of: PhantomData<T>,
}

impl<T: Number> SharedArray<T> {
    /// As asked for.
    pub fn new(values: &[T]) -> Result<Self, ShareError> {
        let half = || {
            let mut made = ShmemConf::new().size(size_of_val(values)).create().map_err(why)?;
            let opened = ShmemConf::new().os_id(made.get_os_id()).open().map_err(why);
            shm::unlink(&mut made).map_err(why)?;
            opened
        };
        let first = half()?;
        for (value, cell) in values.iter().zip(shm::view_slice::<T::Atomic>(&first).map_err(why)?) {
            value.store(cell);
        }
        let file = memfd_create("lock", MFdFlags::MFD_CLOEXEC).map_err(why)?.into();
        let which = Region::of(AtomicU64::new(0)).map_err(why)?;
        Ok(Self { halves: [first, half()?], which, file, _of: PhantomData })
    }

    /// Each opening has a lock of its own; it goes when that is closed.
    fn lock(&self, shared: bool) -> File {
        let path = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        let file = OpenOptions::new().read(true).write(true).open(path).expect("it is open");
        loop {
            let locked = if shared { file.lock_shared() } else { file.lock() };
            match locked {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                locked => break locked.expect("a lock"),
            }
        }
        file
    }

    fn half(&self, which: u64) -> &[T::Atomic] {
        shm::view_slice::<T::Atomic>(&self.halves[which as usize]).expect("seen before")
    }

    fn now(&self) -> &[T::Atomic] {
        self.half(self.which.load(Ordering::Acquire))
    }

    /// As asked for.
    pub fn len(&self) -> usize {
        self.half(0).len()
    }

    /// As asked for.
    pub fn get(&self, index: usize) -> T {
        let _lock = self.lock(true);
        T::load(&self.now()[index])
    }

    /// As asked for.
    pub fn set(&self, index: usize, value: T) {
        self.update(|all| all[index] = value);
    }

    /// As asked for.
    pub fn to_vec(&self) -> Vec<T> {
        let _lock = self.lock(true);
        self.now().iter().map(T::load).collect()
    }

    /// As asked for.
    pub fn update(&self, change: impl FnOnce(&mut [T])) {
        let _lock = self.lock(false);
        let mut all: Vec<T> = self.now().iter().map(T::load).collect();
        change(&mut all);
        let other = 1 - self.which.load(Ordering::Acquire);
        all.iter().zip(self.half(other)).for_each(|(value, cell)| value.store(cell));
        self.which.store(other, Ordering::Release);
    }
}

/// As asked for.
pub struct SharedValue<T>(SharedArray<T>);

impl<T: Number> SharedValue<T> {
    /// As asked for.
    pub fn new(value: T) -> Result<Self, ShareError> {
        SharedArray::new(&[value]).map(Self)
    }

    /// As asked for.
    pub fn get(&self) -> T {
        self.0.get(0)
    }

    /// As asked for.
    pub fn set(&self, value: T) {
        self.0.set(0, value);
    }

    /// As asked for.
    pub fn update(&self, change: impl FnOnce(T) -> T) -> T {
        let made = Cell::new(None);
        self.0.update(|all| {
            all[0] = change(all[0]);
            made.set(Some(all[0]));
        });
        made.get().expect("it was called")
    }
}
