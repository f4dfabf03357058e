//! `Mutex`. The scheduler decides who enters; a real mutex inside keeps the data.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use interleave::rt::lock::{Attempt, Mode, lock, try_lock, unlock};
use interleave::rt::{Kind, ObjectId};

use crate::fresh;

use super::poison::{Poison, Since, any, any_try};
use super::{LockResult, TryLockError, TryLockResult, entered, show};

/// As `std::sync::Mutex`.
#[derive(Default)]
pub struct Mutex<T: ?Sized> {
    id: ObjectId,
    poison: Poison,
    data: std::sync::Mutex<T>,
}

/// As `std::sync::MutexGuard`.
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, T: ?Sized + 'a> {
    /// Empty only while the guard is being dropped or taken apart.
    real: Option<std::sync::MutexGuard<'a, T>>,
    mutex: &'a Mutex<T>,
    since: Since,
    modelled: bool,
}

impl<T> Mutex<T> {
    /// As `std::sync::Mutex::new`.
    pub const fn new(value: T) -> Self {
        Self { id: ObjectId::new(), poison: Poison::new(), data: std::sync::Mutex::new(value) }
    }

    /// As `std::sync::Mutex::into_inner`.
    ///
    /// # Errors
    /// If the mutex is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        self.poison.mark(any(self.data.into_inner()))
    }
}

impl<T: ?Sized> Mutex<T> {
    /// As `std::sync::Mutex::lock`.
    ///
    /// # Errors
    /// If the mutex is poisoned.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        fresh::renew(self, &self.id);
        let modelled = lock(&self.id, kind::<T>(), Mode::Alone, "lock", Location::caller());
        self.enter(modelled)
    }

    /// As `std::sync::Mutex::try_lock`.
    ///
    /// # Errors
    /// If the mutex is taken or poisoned.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        fresh::renew(self, &self.id);
        match try_lock(&self.id, kind::<T>(), Mode::Alone, "try_lock", Location::caller()) {
            Attempt::Busy => Err(TryLockError::WouldBlock),
            Attempt::Taken => Ok(self.enter(true)?),
            Attempt::Outside => match any_try(self.data.try_lock()) {
                Some(real) => Ok(self.poison.mark(self.guard(real, false))?),
                None => Err(TryLockError::WouldBlock),
            },
        }
    }

    /// As `std::sync::Mutex::is_poisoned`.
    pub fn is_poisoned(&self) -> bool {
        fresh::renew(self, &self.id);
        self.poison.is_set()
    }

    /// As `std::sync::Mutex::clear_poison`.
    pub fn clear_poison(&self) {
        fresh::renew(self, &self.id);
        self.poison.clear();
    }

    /// As `std::sync::Mutex::get_mut`.
    ///
    /// # Errors
    /// If the mutex is poisoned.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.poison.mark(any(self.data.get_mut()))
    }

    fn enter(&self, modelled: bool) -> LockResult<MutexGuard<'_, T>> {
        let real = if modelled {
            entered(&self.id, any_try(self.data.try_lock()), || any(self.data.lock()))
        } else {
            any(self.data.lock())
        };
        self.poison.mark(self.guard(real, modelled))
    }

    fn guard<'a>(&'a self, real: std::sync::MutexGuard<'a, T>, modelled: bool) -> MutexGuard<'a, T> {
        MutexGuard { real: Some(real), mutex: self, since: self.poison.begin(), modelled }
    }
}

fn kind<T: ?Sized>() -> Kind {
    Kind::new("Mutex", std::any::type_name::<T>())
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fresh::renew(self, &self.id);
        show(f, "Mutex", &"<locked>", any_try(self.data.try_lock()), self.poison.is_set())
    }
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    pub(super) fn mutex_id(&self) -> &'a ObjectId {
        &self.mutex.id
    }

    /// Gives the real lock up, for a wait during which the model decides who enters.
    pub(super) fn suspend(mut self) -> Suspended<'a, T> {
        Suspended { mutex: self.mutex, real: self.real.take() }
    }

    /// For a wait outside a schedule.
    pub(super) fn into_real(mut self) -> (&'a Mutex<T>, Option<std::sync::MutexGuard<'a, T>>) {
        (self.mutex, self.real.take())
    }
}

/// A guard whose thread is waiting for a notification.
pub(super) struct Suspended<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    real: Option<std::sync::MutexGuard<'a, T>>,
}

impl<'a, T: ?Sized> Suspended<'a, T> {
    pub(super) fn unlock(&mut self) {
        self.real = None;
    }

    /// The model has let the thread in again.
    pub(super) fn resume(self) -> LockResult<MutexGuard<'a, T>> {
        self.mutex.enter(true)
    }
}

impl<'a, T: ?Sized> Mutex<T> {
    /// After a wait outside a schedule.
    pub(super) fn rebuild(&'a self, real: std::sync::MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.poison.mark(self.guard(real, false))
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        // A guard without its real part has been taken apart by a wait.
        let Some(real) = self.real.take() else { return };
        self.mutex.poison.end(self.since);
        drop(real);
        if self.modelled {
            unlock(&self.mutex.id, Mode::Alone);
        }
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.real {
            Some(real) => real,
            None => unreachable!("a guard in use has its real part"),
        }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.real {
            Some(real) => real,
            None => unreachable!("a guard in use has its real part"),
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
