//! `thread_local!` and `LocalKey`. The values live in the scheduler's table, since its operating-system threads
//! serve one schedule after another.

use std::cell::{Cell, RefCell};
use std::fmt;

use interleave::rt::locals::{self, LocalId};

/// As `std::thread::LocalKey`.
pub struct LocalKey<T: 'static> {
    id: &'static LocalId,
    init: fn() -> T,
}

/// As `std::thread::AccessError`.
#[non_exhaustive]
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct AccessError;

impl fmt::Debug for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessError").finish()
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("already destroyed")
    }
}

impl std::error::Error for AccessError {}

#[cold]
#[track_caller]
fn gone() -> ! {
    panic!("cannot access a Thread Local Storage value during or after destruction: {AccessError:?}")
}

impl<T: 'static> LocalKey<T> {
    /// What [`thread_local!`](crate::thread_local) makes.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(id: &'static LocalId, init: fn() -> T) -> Self {
        Self { id, init }
    }

    /// As `std::thread::LocalKey::with`.
    ///
    /// # Panics
    /// If the value has been destroyed.
    #[track_caller]
    pub fn with<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        self.try_with(f).unwrap_or_else(|_| gone())
    }

    /// As `std::thread::LocalKey::try_with`.
    ///
    /// # Errors
    /// If the value has been destroyed.
    pub fn try_with<F, R>(&'static self, f: F) -> Result<R, AccessError>
    where
        F: FnOnce(&T) -> R,
    {
        locals::with(self.id, self.init, f).map_err(|_| AccessError)
    }

    /// Uses the value, which is `first` if there was none yet; what was not needed comes with it.
    #[track_caller]
    fn with_first<R>(&'static self, first: T, f: impl FnOnce(Option<T>, &T) -> R) -> R {
        let first = Cell::new(Some(first));
        let init = || match first.take() {
            Some(first) => first,
            None => unreachable!("a value is made once"),
        };
        locals::with(self.id, init, |value| f(first.take(), value)).unwrap_or_else(|_| gone())
    }
}

impl<T: 'static> LocalKey<Cell<T>> {
    /// As `std::thread::LocalKey::set`.
    ///
    /// # Panics
    /// If the value has been destroyed.
    #[track_caller]
    pub fn set(&'static self, value: T) {
        self.with_first(Cell::new(value), |unused, cell| {
            if let Some(value) = unused {
                cell.set(value.into_inner());
            }
        });
    }

    /// As `std::thread::LocalKey::get`.
    ///
    /// # Panics
    /// If the value has been destroyed.
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    /// As `std::thread::LocalKey::take`.
    ///
    /// # Panics
    /// If the value has been destroyed.
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }

    /// As `std::thread::LocalKey::replace`.
    ///
    /// # Panics
    /// If the value has been destroyed.
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }

    /// As `std::thread::LocalKey::update`.
    ///
    /// # Panics
    /// If the value has been destroyed.
    #[track_caller]
    pub fn update(&'static self, f: impl FnOnce(T) -> T)
    where
        T: Copy,
    {
        self.with(|cell| cell.set(f(cell.get())));
    }
}

impl<T: 'static> LocalKey<RefCell<T>> {
    /// As `std::thread::LocalKey::with_borrow`.
    ///
    /// # Panics
    /// If the value has been destroyed or is mutably borrowed.
    #[track_caller]
    pub fn with_borrow<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        self.with(|cell| f(&cell.borrow()))
    }

    /// As `std::thread::LocalKey::with_borrow_mut`.
    ///
    /// # Panics
    /// If the value has been destroyed or is borrowed.
    #[track_caller]
    pub fn with_borrow_mut<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R,
    {
        self.with(|cell| f(&mut cell.borrow_mut()))
    }

    /// As `std::thread::LocalKey::set`.
    ///
    /// # Panics
    /// If the value has been destroyed or is borrowed.
    #[track_caller]
    pub fn set(&'static self, value: T) {
        self.with_first(RefCell::new(value), |unused, cell| {
            if let Some(value) = unused {
                *cell.borrow_mut() = value.into_inner();
            }
        });
    }

    /// As `std::thread::LocalKey::take`.
    ///
    /// # Panics
    /// If the value has been destroyed or is borrowed.
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }

    /// As `std::thread::LocalKey::replace`.
    ///
    /// # Panics
    /// If the value has been destroyed or is borrowed.
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

/// What [`thread_local!`](crate::thread_local) needs to name.
#[doc(hidden)]
pub mod local_impl {
    pub use interleave::rt::locals::LocalId;
}

/// As `std::thread_local!`.
#[macro_export]
#[doc(hidden)]
macro_rules! __thread_local {
    () => {};
    ($(#[$attribute:meta])* $vis:vis static $name:ident: $type:ty = const $init:block $(; $($rest:tt)*)?) => {
        $crate::__thread_local_one!($(#[$attribute])* $vis $name, $type, const $init);
        $($crate::__thread_local!($($rest)*);)?
    };
    ($(#[$attribute:meta])* $vis:vis static $name:ident: $type:ty = $init:expr $(; $($rest:tt)*)?) => {
        $crate::__thread_local_one!($(#[$attribute])* $vis $name, $type, $init);
        $($crate::__thread_local!($($rest)*);)?
    };
}

/// One value of [`thread_local!`](crate::thread_local).
#[macro_export]
#[doc(hidden)]
macro_rules! __thread_local_one {
    ($(#[$attribute:meta])* $vis:vis $name:ident, $type:ty, $init:expr) => {
        $(#[$attribute])*
        $vis const $name: $crate::thread::LocalKey<$type> = {
            static __INTERLEAVE_ID: $crate::thread::local_impl::LocalId =
                $crate::thread::local_impl::LocalId::new();
            fn __interleave_init() -> $type {
                $init
            }
            $crate::thread::LocalKey::new(&__INTERLEAVE_ID, __interleave_init)
        };
    };
}
