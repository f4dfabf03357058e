//! `OnceLock`. The gate decides who initialises; a real `OnceLock` keeps the value.

use std::fmt;
use std::panic::Location;

use interleave::rt::Kind;

use crate::fresh;

use super::gate::{Gate, Passage, Stage};

/// As `std::sync::OnceLock`.
pub struct OnceLock<T> {
    gate: Gate,
    value: std::sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    /// As `std::sync::OnceLock::new`.
    #[must_use]
    pub const fn new() -> Self {
        Self { gate: Gate::new(), value: std::sync::OnceLock::new() }
    }

    /// As `std::sync::OnceLock::get`.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        fresh::renew(self, self.gate.id());
        self.gate.look(kind::<T>(), "get", Location::caller());
        self.value.get()
    }

    /// As `std::sync::OnceLock::get_mut`.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// As `std::sync::OnceLock::wait`.
    #[track_caller]
    pub fn wait(&self) -> &T {
        fresh::renew(self, self.gate.id());
        self.gate.wait(kind::<T>(), "wait for", Location::caller(), true);
        self.initialised()
    }

    /// As `std::sync::OnceLock::set`.
    ///
    /// # Errors
    /// The value, if there was one already.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        fresh::renew(self, self.gate.id());
        let mut value = Some(value);
        self.gate.pass(kind::<T>(), "set", Location::caller(), true, |_| self.store(value.take()));
        value.map_or(Ok(()), Err)
    }

    /// As `std::sync::OnceLock::get_or_init`.
    #[track_caller]
    pub fn get_or_init<F: FnOnce() -> T>(&self, f: F) -> &T {
        fresh::renew(self, self.gate.id());
        let passage =
            self.gate.pass(kind::<T>(), "get_or_init", Location::caller(), true, |_| self.store(Some(f())));
        debug_assert!(passage != Passage::Refused);
        self.initialised()
    }

    /// As `std::sync::OnceLock::into_inner`.
    #[must_use]
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// As `std::sync::OnceLock::take`.
    pub fn take(&mut self) -> Option<T> {
        *self.gate.get_mut() = Stage::New;
        self.value.take()
    }

    fn store(&self, value: Option<T>) {
        if let Some(value) = value {
            let stored = self.value.set(value).is_ok();
            debug_assert!(stored, "the gate lets one thread in");
        }
    }

    fn initialised(&self) -> &T {
        match self.value.get() {
            Some(value) => value,
            None => unreachable!("whoever came through the gate first has stored a value"),
        }
    }
}

fn kind<T>() -> Kind {
    Kind::new("OnceLock", std::any::type_name::<T>())
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        self.get().cloned().map_or_else(Self::new, Self::from)
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        Self { gate: Gate::already_open(), value: std::sync::OnceLock::from(value) }
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    #[track_caller]
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fresh::renew(self, self.gate.id());
        self.value.fmt(f)
    }
}
