//! `LazyLock`. The gate decides who initialises; a real `OnceLock` keeps the value.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::PoisonError;

use interleave::rt::Kind;

use crate::fresh;

use super::gate::{Gate, Passage, Stage};

const POISONED: &str = "LazyLock instance has previously been poisoned";

/// As `std::sync::LazyLock`.
pub struct LazyLock<T, F = fn() -> T> {
    gate: Gate,
    value: std::sync::OnceLock<T>,
    /// Taken by the one thread that initialises.
    init: std::sync::Mutex<Option<F>>,
}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// As `std::sync::LazyLock::new`.
    pub const fn new(f: F) -> Self {
        let init = std::sync::Mutex::new(Some(f));
        Self { gate: Gate::new(), value: std::sync::OnceLock::new(), init }
    }

    /// As `std::sync::LazyLock::force`.
    #[track_caller]
    pub fn force(this: &Self) -> &T {
        fresh::renew(this, this.gate.id());
        let passage = this.gate.pass(kind::<T>(), "force", Location::caller(), false, |_| this.initialise());
        assert!(passage != Passage::Refused, "{POISONED}");
        match this.value.get() {
            Some(value) => value,
            None => unreachable!("whoever came through the gate first has stored a value"),
        }
    }

    /// As `std::sync::LazyLock::force_mut`.
    #[track_caller]
    pub fn force_mut(this: &mut Self) -> &mut T {
        Self::force(this);
        match this.value.get_mut() {
            Some(value) => value,
            None => unreachable!("`force` has stored a value"),
        }
    }

    fn initialise(&self) {
        let init = self.init.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(init) = init {
            let stored = self.value.set(init()).is_ok();
            debug_assert!(stored, "the gate lets one thread in");
        }
    }
}

impl<T, F> LazyLock<T, F> {
    /// As `std::sync::LazyLock::get`.
    #[track_caller]
    pub fn get(this: &Self) -> Option<&T> {
        fresh::renew(this, this.gate.id());
        this.gate.look(kind::<T>(), "get", Location::caller());
        this.value.get()
    }

    /// As `std::sync::LazyLock::get_mut`.
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        assert!(*this.gate.get_mut() != Stage::Broken, "{POISONED}");
        this.value.get_mut()
    }
}

fn kind<T>() -> Kind {
    Kind::new("LazyLock", std::any::type_name::<T>())
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[track_caller]
    fn deref(&self) -> &T {
        Self::force(self)
    }
}

impl<T, F: FnOnce() -> T> DerefMut for LazyLock<T, F> {
    #[track_caller]
    fn deref_mut(&mut self) -> &mut T {
        Self::force_mut(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fresh::renew(self, self.gate.id());
        let mut tuple = f.debug_tuple("LazyLock");
        match self.value.get() {
            Some(value) => tuple.field(value),
            None => tuple.field(&format_args!("<uninit>")),
        };
        tuple.finish()
    }
}

impl<T: RefUnwindSafe + UnwindSafe, F: UnwindSafe> RefUnwindSafe for LazyLock<T, F> {}
impl<T: UnwindSafe, F: UnwindSafe> UnwindSafe for LazyLock<T, F> {}
