//! `RwLock`. The scheduler decides who enters; a real lock inside keeps the data.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use interleave::rt::lock::{Attempt, Mode, downgrade, lock, try_lock, unlock};
use interleave::rt::{Kind, ObjectId};

use crate::fresh;

use super::poison::{Poison, Since, any, any_try};
use super::{LockResult, TryLockError, TryLockResult, entered, show};

/// As `std::sync::RwLock`.
#[derive(Default)]
pub struct RwLock<T: ?Sized> {
    id: ObjectId,
    poison: Poison,
    data: std::sync::RwLock<T>,
}

/// As `std::sync::RwLockReadGuard`.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockReadGuard<'a, T: ?Sized + 'a> {
    /// Empty only while the guard is being dropped.
    real: Option<std::sync::RwLockReadGuard<'a, T>>,
    id: &'a ObjectId,
    modelled: bool,
}

/// As `std::sync::RwLockWriteGuard`.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockWriteGuard<'a, T: ?Sized + 'a> {
    /// Empty only while the guard is being dropped or downgraded.
    real: Option<std::sync::RwLockWriteGuard<'a, T>>,
    id: &'a ObjectId,
    poison: &'a Poison,
    since: Since,
    modelled: bool,
}

impl<T> RwLock<T> {
    /// As `std::sync::RwLock::new`.
    pub const fn new(value: T) -> Self {
        Self { id: ObjectId::new(), poison: Poison::new(), data: std::sync::RwLock::new(value) }
    }

    /// As `std::sync::RwLock::into_inner`.
    ///
    /// # Errors
    /// If the lock is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        self.poison.mark(any(self.data.into_inner()))
    }
}

impl<T: ?Sized> RwLock<T> {
    /// As `std::sync::RwLock::read`.
    ///
    /// # Errors
    /// If the lock is poisoned.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        fresh::renew(self, &self.id);
        let modelled = lock(&self.id, kind::<T>(), Mode::Shared, "read", Location::caller());
        let real = if modelled {
            entered(&self.id, any_try(self.data.try_read()), || any(self.data.read()))
        } else {
            any(self.data.read())
        };
        self.poison.mark(self.reader(real, modelled))
    }

    /// As `std::sync::RwLock::write`.
    ///
    /// # Errors
    /// If the lock is poisoned.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        fresh::renew(self, &self.id);
        let modelled = lock(&self.id, kind::<T>(), Mode::Alone, "write", Location::caller());
        let real = if modelled {
            entered(&self.id, any_try(self.data.try_write()), || any(self.data.write()))
        } else {
            any(self.data.write())
        };
        self.poison.mark(self.writer(real, modelled))
    }

    /// As `std::sync::RwLock::try_read`.
    ///
    /// # Errors
    /// If a writer holds the lock, or it is poisoned.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        fresh::renew(self, &self.id);
        match try_lock(&self.id, kind::<T>(), Mode::Shared, "try_read", Location::caller()) {
            Attempt::Busy => Err(TryLockError::WouldBlock),
            Attempt::Taken => {
                let real = entered(&self.id, any_try(self.data.try_read()), || any(self.data.read()));
                Ok(self.poison.mark(self.reader(real, true))?)
            }
            Attempt::Outside => match any_try(self.data.try_read()) {
                Some(real) => Ok(self.poison.mark(self.reader(real, false))?),
                None => Err(TryLockError::WouldBlock),
            },
        }
    }

    /// As `std::sync::RwLock::try_write`.
    ///
    /// # Errors
    /// If anybody holds the lock, or it is poisoned.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        fresh::renew(self, &self.id);
        match try_lock(&self.id, kind::<T>(), Mode::Alone, "try_write", Location::caller()) {
            Attempt::Busy => Err(TryLockError::WouldBlock),
            Attempt::Taken => {
                let real = entered(&self.id, any_try(self.data.try_write()), || any(self.data.write()));
                Ok(self.poison.mark(self.writer(real, true))?)
            }
            Attempt::Outside => match any_try(self.data.try_write()) {
                Some(real) => Ok(self.poison.mark(self.writer(real, false))?),
                None => Err(TryLockError::WouldBlock),
            },
        }
    }

    /// As `std::sync::RwLock::is_poisoned`.
    pub fn is_poisoned(&self) -> bool {
        fresh::renew(self, &self.id);
        self.poison.is_set()
    }

    /// As `std::sync::RwLock::clear_poison`.
    pub fn clear_poison(&self) {
        fresh::renew(self, &self.id);
        self.poison.clear();
    }

    /// As `std::sync::RwLock::get_mut`.
    ///
    /// # Errors
    /// If the lock is poisoned.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.poison.mark(any(self.data.get_mut()))
    }

    fn reader<'a>(
        &'a self,
        real: std::sync::RwLockReadGuard<'a, T>,
        modelled: bool,
    ) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard { real: Some(real), id: &self.id, modelled }
    }

    fn writer<'a>(
        &'a self,
        real: std::sync::RwLockWriteGuard<'a, T>,
        modelled: bool,
    ) -> RwLockWriteGuard<'a, T> {
        let since = self.poison.begin();
        RwLockWriteGuard { real: Some(real), id: &self.id, poison: &self.poison, since, modelled }
    }
}

fn kind<T: ?Sized>() -> Kind {
    Kind::new("RwLock", std::any::type_name::<T>())
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fresh::renew(self, &self.id);
        show(f, "RwLock", &format_args!("<locked>"), any_try(self.data.try_read()), self.poison.is_set())
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// As `std::sync::RwLockWriteGuard::downgrade`.
    #[track_caller]
    pub fn downgrade(mut s: Self) -> RwLockReadGuard<'a, T> {
        let Some(real) = s.real.take() else { unreachable!("a guard in use has its real part") };
        let (id, modelled) = (s.id, s.modelled);
        if modelled {
            downgrade(id, Location::caller());
        }
        RwLockReadGuard { real: Some(std::sync::RwLockWriteGuard::downgrade(real)), id, modelled }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        if self.real.take().is_some() && self.modelled {
            unlock(self.id, Mode::Shared);
        }
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        let Some(real) = self.real.take() else { return };
        self.poison.end(self.since);
        drop(real);
        if self.modelled {
            unlock(self.id, Mode::Alone);
        }
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.real {
            Some(real) => real,
            None => unreachable!("a guard in use has its real part"),
        }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.real {
            Some(real) => real,
            None => unreachable!("a guard in use has its real part"),
        }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.real {
            Some(real) => real,
            None => unreachable!("a guard in use has its real part"),
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
