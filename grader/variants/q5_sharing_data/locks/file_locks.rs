//! Variant: locks of the kernel on files without a name, which a process gives back by its end; marks beside them say whether it
//! did so by itself. Only the waiting of the condition is the toolkit's.

use crate::api::HolderDied;
use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;
use toolkit::shm::Region;
use toolkit::sync::{LockError, ProcessCondvar, RobustMutex};

/// A file that can be locked. Each lock is taken on an opening of its own: one that is inherited would be shared.
struct Lockable(File);

impl Lockable {
    fn new() -> Result<Self, Errno> {
        Ok(Self(memfd_create("lock", MFdFlags::MFD_CLOEXEC)?.into()))
    }

    fn opened(&self) -> File {
        let path = format!("/proc/self/fd/{}", self.0.as_raw_fd());
        OpenOptions::new().read(true).write(true).open(path).expect("it is open")
    }

    fn lock(&self) -> File {
        let file = self.opened();
        loop {
            match file.lock() {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result.expect("a lock"),
            }
        }
        file
    }

    fn try_lock(&self) -> Option<File> {
        let file = self.opened();
        file.try_lock().is_ok().then_some(file)
    }
}

/// As asked for.
pub struct ProcessLock {
    file: Lockable,
    in_use: Region<AtomicBool>,
}

/// As asked for.
pub struct LockGuard<'a> {
    lock: &'a ProcessLock,
    _locked: File,
}

impl ProcessLock {
    /// As asked for.
    pub fn new() -> Result<Self, Errno> {
        Ok(Self { file: Lockable::new()?, in_use: Region::of(AtomicBool::new(false))? })
    }

    /// As asked for.
    pub fn lock(&self) -> Result<LockGuard<'_>, HolderDied<LockGuard<'_>>> {
        self.locked(self.file.lock())
    }

    /// As asked for.
    pub fn try_lock(&self) -> Result<Option<LockGuard<'_>>, HolderDied<LockGuard<'_>>> {
        self.file.try_lock().map(|file| self.locked(file)).transpose()
    }

    fn locked(&self, file: File) -> Result<LockGuard<'_>, HolderDied<LockGuard<'_>>> {
        let guard = LockGuard { lock: self, _locked: file };
        if self.in_use.swap(true, Ordering::Acquire) { Err(HolderDied(guard)) } else { Ok(guard) }
    }
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        self.lock.in_use.store(false, Ordering::Release); // and then the file is closed
    }
}

/// As asked for.
pub struct ProcessSemaphore {
    permits: Vec<Lockable>,
    /// Whoever looks at permits holds it: to look is to take for a moment.
    door: Lockable,
}

/// As asked for.
pub struct Permit<'a> {
    _semaphore: &'a ProcessSemaphore,
    _locked: File,
}

impl ProcessSemaphore {
    /// As asked for.
    pub fn new(permits: NonZeroUsize) -> Result<Self, Errno> {
        let permits = (0..permits.get()).map(|_| Lockable::new()).collect::<Result<_, _>>()?;
        Ok(Self { permits, door: Lockable::new()? })
    }

    /// As asked for.
    pub fn acquire(&self) -> Permit<'_> {
        loop {
            if let Some(permit) = self.try_acquire() {
                return permit;
            }
            sleep(Duration::from_millis(100));
        }
    }

    /// As asked for.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let _door = self.door.lock();
        let file = self.permits.iter().find_map(Lockable::try_lock)?;
        Some(Permit { _semaphore: self, _locked: file })
    }

    /// As asked for.
    pub fn available(&self) -> usize {
        let _door = self.door.lock();
        self.permits.iter().filter_map(Lockable::try_lock).count()
    }
}

toolkit::shared! {
    struct Bell {
        rope: RobustMutex<()>,
        rung: ProcessCondvar,
        times: AtomicU32,
    }
}

/// As asked for.
pub struct ProcessCondition {
    lock: ProcessLock,
    bell: Region<Bell>,
}

/// As asked for.
pub struct ConditionGuard<'a> {
    condition: &'a ProcessCondition,
    _guard: LockGuard<'a>,
}

impl ProcessCondition {
    /// As asked for.
    pub fn new() -> Result<Self, Errno> {
        let (rope, rung, times) = (RobustMutex::new(()), ProcessCondvar::new(), AtomicU32::new(0));
        Ok(Self { lock: ProcessLock::new()?, bell: Region::of(Bell { rope, rung, times })? })
    }

    /// As asked for.
    pub fn lock(&self) -> Result<ConditionGuard<'_>, HolderDied<ConditionGuard<'_>>> {
        match self.lock.lock() {
            Ok(guard) => Ok(ConditionGuard { condition: self, _guard: guard }),
            Err(HolderDied(guard)) => Err(HolderDied(ConditionGuard { condition: self, _guard: guard })),
        }
    }
}

impl ConditionGuard<'_> {
    /// As asked for.
    pub fn wait(self) -> Result<Self, HolderDied<Self>> {
        let (condition, bell) = (self.condition, &self.condition.bell);
        let before = bell.times.load(Ordering::Relaxed);
        drop(self);
        let mut rope = Some(take(bell.rope.lock()));
        while bell.times.load(Ordering::Relaxed) == before {
            rope = rope.take().map(|rope| take(bell.rung.wait(rope)));
        }
        drop(rope);
        condition.lock()
    }

    /// As asked for.
    pub fn notify_one(&self) {
        self.notify_all();
    }

    /// As asked for.
    pub fn notify_all(&self) {
        let bell = &self.condition.bell;
        let rope = take(bell.rope.lock());
        bell.times.fetch_add(1, Ordering::Relaxed);
        bell.rung.notify_all();
        drop(rope);
    }
}

fn take<'a>(
    locked: Result<toolkit::sync::RobustGuard<'a, ()>, LockError<'a, ()>>,
) -> toolkit::sync::RobustGuard<'a, ()> {
    match locked {
        Ok(guard) => guard,
        Err(LockError::OwnerDied(died)) => died.heal(),
        Err(LockError::Unrecoverable) => unreachable!("it is healed each time"),
    }
}
