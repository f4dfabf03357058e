//! Variant: one desk for everything, at which is written down who has what. Whether a holder lives is asked of the system; that a lock
//! was not given back is told by what stands at the desk, not by the lock that guards it.

use crate::api::HolderDied;
use nix::errno::Errno;
use std::num::NonZeroUsize;
use std::process::id;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use toolkit::shm::Region;
use toolkit::sync::{LockError, ProcessCondvar, RobustGuard, RobustMutex};

/// Who has the lock, and how often there was news.
type Page = [u64; 2];

toolkit::shared! {
    struct Desk {
        page: RobustMutex<Page>,
        is_taken: AtomicBool,
        news: ProcessCondvar,
        told: AtomicU64,
    }
}

fn healed<'a>(locked: Result<RobustGuard<'a, Page>, LockError<'a, Page>>) -> RobustGuard<'a, Page> {
    match locked {
        Ok(page) => page,
        Err(LockError::OwnerDied(page)) => page.heal(),
        Err(LockError::Unrecoverable) => unreachable!("nobody gives up"),
    }
}

/// As asked for.
pub struct ProcessLock {
    desk: Region<Desk>,
}

/// As asked for.
pub struct LockGuard<'a> {
    desk: &'a Desk,
    page: Option<RobustGuard<'a, Page>>,
}

impl ProcessLock {
    /// As asked for.
    pub fn new() -> Result<Self, Errno> {
        let desk = Desk {
            page: RobustMutex::new([0, 0]),
            is_taken: AtomicBool::new(false),
            news: ProcessCondvar::new(),
            told: AtomicU64::new(0),
        };
        Ok(Self { desk: Region::of(desk)? })
    }

    /// As asked for.
    pub fn lock(&self) -> Result<LockGuard<'_>, HolderDied<LockGuard<'_>>> {
        LockGuard::of(&self.desk, healed(self.desk.page.lock()))
    }

    /// As asked for.
    pub fn try_lock(&self) -> Result<Option<LockGuard<'_>>, HolderDied<LockGuard<'_>>> {
        let page = match self.desk.page.try_lock() {
            Ok(None) => return Ok(None),
            Ok(Some(page)) => healed(Ok(page)),
            Err(died) => healed(Err(died)),
        };
        LockGuard::of(&self.desk, page).map(Some)
    }
}

impl<'a> LockGuard<'a> {
    fn of(desk: &'a Desk, page: RobustGuard<'a, Page>) -> Result<Self, HolderDied<Self>> {
        let guard = LockGuard { desk, page: Some(page) };
        if desk.is_taken.swap(true, Ordering::SeqCst) { Err(HolderDied(guard)) } else { Ok(guard) }
    }
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        if self.page.is_some() {
            self.desk.is_taken.store(false, Ordering::SeqCst);
        }
    }
}

/// Who has each permit: the number of a process and when it began, 0 for nobody.
type Holders = [u64; 64];

toolkit::shared! {
    struct Shelf {
        holders: RobustMutex<Holders>,
        back: ProcessCondvar,
    }
}

/// As asked for.
pub struct ProcessSemaphore {
    shelf: Region<Shelf>,
    permits: usize,
}

/// As asked for.
pub struct Permit<'a> {
    semaphore: &'a ProcessSemaphore,
    place: usize,
}

/// When a process began, if it lives; a number for it that nobody else gets.
fn mark(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    if ["Z", "X"].contains(fields.first()?) {
        return None;
    }
    let began: u64 = fields.get(19)?.parse().ok()?;
    Some(u64::from(process) << 32 | began & 0xffff_ffff)
}

fn shelf_of<'a>(
    locked: Result<RobustGuard<'a, Holders>, LockError<'a, Holders>>,
) -> RobustGuard<'a, Holders> {
    match locked {
        Ok(holders) => holders,
        Err(LockError::OwnerDied(holders)) => holders.heal(), // a single number is changed at a time
        Err(LockError::Unrecoverable) => unreachable!("nobody gives up"),
    }
}

impl ProcessSemaphore {
    /// As asked for.
    pub fn new(permits: NonZeroUsize) -> Result<Self, Errno> {
        let shelf = Shelf { holders: RobustMutex::new([0; 64]), back: ProcessCondvar::new() };
        Ok(Self { shelf: Region::of(shelf)?, permits: permits.get().min(64) })
    }

    /// As asked for.
    pub fn acquire(&self) -> Permit<'_> {
        let mut holders = shelf_of(self.shelf.holders.lock());
        loop {
            if let Some(permit) = self.take(&mut holders) {
                return permit;
            }
            holders = match self.shelf.back.wait_timeout(holders, Duration::from_millis(200)) {
                Ok((holders, _)) => holders,
                Err(died) => shelf_of(Err(died)),
            };
        }
    }

    /// As asked for.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.take(&mut shelf_of(self.shelf.holders.lock()))
    }

    /// As asked for.
    pub fn available(&self) -> usize {
        self.free(&shelf_of(self.shelf.holders.lock())).count()
    }

    fn take(&self, holders: &mut Holders) -> Option<Permit<'_>> {
        let place = self.free(holders).next()?;
        holders[place] = mark(id())?;
        Some(Permit { semaphore: self, place })
    }

    fn free(&self, holders: &Holders) -> impl Iterator<Item = usize> {
        let lives = |holder: u64| mark((holder >> 32) as u32) == Some(holder);
        (0..self.permits).filter(move |&place| holders[place] == 0 || !lives(holders[place]))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut holders = shelf_of(self.semaphore.shelf.holders.lock());
        holders[self.place] = 0;
        self.semaphore.shelf.back.notify_all();
    }
}

/// As asked for.
pub struct ProcessCondition {
    lock: ProcessLock,
}

/// As asked for.
pub struct ConditionGuard<'a> {
    guard: LockGuard<'a>,
}

impl ProcessCondition {
    /// As asked for.
    pub fn new() -> Result<Self, Errno> {
        Ok(Self { lock: ProcessLock::new()? })
    }

    /// As asked for.
    pub fn lock(&self) -> Result<ConditionGuard<'_>, HolderDied<ConditionGuard<'_>>> {
        inside(self.lock.lock())
    }
}

fn inside<'a>(
    locked: Result<LockGuard<'a>, HolderDied<LockGuard<'a>>>,
) -> Result<ConditionGuard<'a>, HolderDied<ConditionGuard<'a>>> {
    match locked {
        Ok(guard) => Ok(ConditionGuard { guard }),
        Err(HolderDied(guard)) => Err(HolderDied(ConditionGuard { guard })),
    }
}

impl ConditionGuard<'_> {
    /// Wakes for no reason never.
    pub fn wait(mut self) -> Result<Self, HolderDied<Self>> {
        let desk = self.guard.desk;
        let before = desk.told.load(Ordering::SeqCst);
        let mut page = self.guard.page.take().expect("it is held");
        desk.is_taken.store(false, Ordering::SeqCst);
        while desk.told.load(Ordering::SeqCst) == before {
            page = healed(desk.news.wait(page));
        }
        inside(LockGuard::of(desk, page))
    }

    /// Lets all go on: that is at least one.
    pub fn notify_one(&self) {
        self.notify_all();
    }

    /// As asked for.
    pub fn notify_all(&self) {
        self.guard.desk.told.fetch_add(1, Ordering::SeqCst);
        self.guard.desk.news.notify_all();
    }
}
