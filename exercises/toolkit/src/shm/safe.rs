//! What may live in shared memory, as traits. It maps nothing.

use std::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32,
    AtomicU64, AtomicUsize,
};

/// Only this crate can make one, so only it can [settle](SharedSafe::settle) a value.
#[doc(hidden)]
#[derive(Debug)]
pub struct Settle(());

impl Settle {
    /// For whoever has put a value where it stays until it is unmapped.
    pub(crate) fn new() -> Settle {
        Settle(())
    }
}

/// What may live in memory that other processes change at any time: atomics, and locks of
/// [`sync`](crate::sync); arrays and tuples of these; your own structs of these by
/// [`shared!`](crate::shared).
///
/// ```
/// use std::sync::atomic::AtomicU64;
/// use toolkit::shm::Region;
/// use toolkit::sync::{ProcessCondvar, RobustMutex};
///
/// let takers = [const { AtomicU64::new(0) }; 4];
/// let stock = Region::of((RobustMutex::new(3_u64), ProcessCondvar::new(), takers))?;
/// let (left, changed, taken_by) = &*stock;
/// # let _ = (left, changed, taken_by);
/// # Ok::<(), nix::Error>(())
/// ```
///
/// A plain number is out, as it could change while we hold a `&u64`, which Rust forbids:
///
/// ```compile_fail,E0277
/// toolkit::shm::Region::of(7_u64);
/// ```
///
/// # Safety
///
/// Whoever implements it promises that
///
/// - a `&Self` gives access to its bytes only by atomic operations, or under a lock that excludes
///   other processes too;
/// - it holds no pointer, reference or anything else that means something in one process only, and
///   needs no `drop`;
/// - zeros are a value of it;
/// - it can be moved as long as it has not been settled, and `settle` settles all its parts.
pub unsafe trait SharedSafe: Sync + Sized + 'static {
    /// Whether `settle` does anything.
    #[doc(hidden)]
    const SETTLES: bool = false;

    /// Makes ready what has to know that it will not be moved any more.
    #[doc(hidden)]
    fn settle(&self, _by: &Settle) -> Result<(), nix::Error> {
        Ok(())
    }
}

/// What may live in memory that came with bytes in it, as from a file: every [`SharedSafe`] type for
/// which whatever lies there is a value. A flag is none, as it has two values and a byte has 256; nor
/// is a lock.
///
/// # Safety
///
/// Whoever implements it promises that all patterns of all its bytes are values, and that it has no
/// padding; and that it is made of atomics of `NUMBER_BYTES` bytes each.
pub unsafe trait AnyBytes: SharedSafe {
    #[doc(hidden)]
    const NUMBER_BYTES: usize;
}

/// What may lie behind a [`RobustMutex`](crate::sync::RobustMutex): numbers, `bool`, `()`; arrays and
/// tuples of these; your own structs of these by [`plain!`](crate::plain).
///
/// A `String` is out, as its letters would be in the memory of one process. An `enum` is out, as
/// its owner may be killed while it writes a new variant: bytes of the old one and bytes of the new
/// one together may be no variant at all.
///
/// ```compile_fail,E0277
/// toolkit::sync::RobustMutex::new(String::new());
/// ```
///
/// # Safety
///
/// Whoever implements it promises that zeros are a value, that any mixture of the bytes of several
/// values is one too, and that it holds nothing that means something in one process only.
pub unsafe trait Plain: Copy + Send + Sync + 'static {}

macro_rules! numbers {
    (shared: $($atomic:ty),*; plain: $($number:ty),*) => {
        $(
            // SAFETY: it is used by atomic operations only, zeros are a value, there is no pointer.
            unsafe impl SharedSafe for $atomic {}
            // SAFETY: every pattern of its bits is a number.
            unsafe impl AnyBytes for $atomic {
                const NUMBER_BYTES: usize = size_of::<$atomic>();
            }
        )*
        $(
            // SAFETY: every pattern of its bits is a number.
            unsafe impl Plain for $number {}
        )*
    };
}
numbers! {
    shared: AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32,
        AtomicU64, AtomicUsize;
    plain: i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, f32, f64
}

// SAFETY: as for the numbers. Only Rust programs of ours write to it, so it is always 0 or 1.
unsafe impl SharedSafe for AtomicBool {}
// SAFETY: zero is `false`, and a single byte is no mixture.
unsafe impl Plain for bool {}
// SAFETY: it has no bytes.
unsafe impl Plain for () {}

// SAFETY: an array is its items and nothing else, and settles them all.
unsafe impl<T: SharedSafe, const N: usize> SharedSafe for [T; N] {
    const SETTLES: bool = T::SETTLES;

    fn settle(&self, by: &Settle) -> Result<(), nix::Error> {
        if T::SETTLES { self.iter().try_for_each(|item| item.settle(by)) } else { Ok(()) }
    }
}
// SAFETY: an array is its items and nothing else.
unsafe impl<T: AnyBytes, const N: usize> AnyBytes for [T; N] {
    const NUMBER_BYTES: usize = T::NUMBER_BYTES;
}
// SAFETY: an array is its items and nothing else.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}

macro_rules! tuples {
    ($(($($part:ident $index:tt),*))*) => { $(
        // SAFETY: a tuple is its parts, which it settles all, and padding, which nobody reads.
        unsafe impl<$($part: SharedSafe),*> SharedSafe for ($($part,)*) {
            const SETTLES: bool = $($part::SETTLES)||*;

            fn settle(&self, by: &Settle) -> Result<(), nix::Error> {
                $(self.$index.settle(by)?;)*
                Ok(())
            }
        }
        // SAFETY: a tuple is its parts, and padding, which nobody reads.
        unsafe impl<$($part: Plain),*> Plain for ($($part,)*) {}
    )* };
}
tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}

/// Declares a struct that may live in shared memory, if all its fields may: it is
/// [`SharedSafe`](crate::shm::SharedSafe).
///
/// ```
/// use std::sync::atomic::AtomicU64;
/// use toolkit::shm::Region;
/// use toolkit::sync::{ProcessCondvar, RobustMutex};
///
/// toolkit::shared! {
///     /// A counting semaphore.
///     struct Permits {
///         free: RobustMutex<u64>,
///         freed: ProcessCondvar,
///         waits: AtomicU64,
///     }
/// }
///
/// let permits = Region::of(Permits {
///     free: RobustMutex::new(3),
///     freed: ProcessCondvar::new(),
///     waits: AtomicU64::new(0),
/// })?;
/// assert!(permits.free.lock().is_ok_and(|free| *free == 3));
/// # let _ = (&permits.freed, &permits.waits);
/// # Ok::<(), nix::Error>(())
/// ```
///
/// A field that may not live there is an error of the compiler:
///
/// ```compile_fail,E0277
/// toolkit::shared! {
///     struct Permits { free: u64 }
/// }
/// ```
#[macro_export]
macro_rules! shared {
    ($(#[$about:meta])* $access:vis struct $name:ident {
        $($(#[$field_about:meta])* $field_access:vis $field:ident: $type:ty),* $(,)?
    }) => {
        $(#[$about])*
        $access struct $name { $($(#[$field_about])* $field_access $field: $type),* }

        // SAFETY: it is its fields, which it settles all, and padding, which nobody reads.
        unsafe impl $crate::shm::SharedSafe for $name where $($type: $crate::shm::SharedSafe),* {
            const SETTLES: bool = false $(|| <$type as $crate::shm::SharedSafe>::SETTLES)*;

            fn settle(&self, by: &$crate::shm::Settle) -> Result<(), $crate::shm::OsError> {
                $($crate::shm::SharedSafe::settle(&self.$field, by)?;)*
                Ok(())
            }
        }
    };
}

/// Declares a struct that may lie behind a lock, if all its fields may: it is
/// [`Plain`](crate::shm::Plain), and `Clone` and `Copy` with it.
///
/// ```
/// use toolkit::sync::RobustMutex;
///
/// toolkit::plain! {
///     /// What was counted, and how often.
///     #[derive(Debug, PartialEq)]
///     struct Tally {
///         sum: f64,
///         times: u64,
///     }
/// }
///
/// let tally = RobustMutex::new(Tally { sum: 0.0, times: 0 });
/// # let _ = tally;
/// ```
///
/// ```compile_fail,E0277
/// toolkit::plain! {
///     struct Tally { name: &'static str }
/// }
/// ```
#[macro_export]
macro_rules! plain {
    ($(#[$about:meta])* $access:vis struct $name:ident {
        $($(#[$field_about:meta])* $field_access:vis $field:ident: $type:ty),* $(,)?
    }) => {
        $(#[$about])*
        #[derive(Clone, Copy)]
        $access struct $name { $($(#[$field_about])* $field_access $field: $type),* }

        // SAFETY: it is its fields, and padding, which nobody reads.
        unsafe impl $crate::shm::Plain for $name where $($type: $crate::shm::Plain),* {}
    };
}
