//! The integer atomics: one macro, because the ten types differ in nothing but their integer.

use std::fmt;
use std::sync::atomic::Ordering;

use interleave::rt::atomic::Cell;
use interleave::rt::{ObjectId, Shape};

use super::access::{self, Bits, Modelled};

macro_rules! integer {
    ($($name:ident, $int:ident, $shape:ident;)*) => { $(
        impl Bits for $int {
            const SHAPE: Shape = Shape::$shape;

            fn to_bits(self) -> u64 {
                self as u64
            }

            fn from_bits(bits: u64) -> Self {
                bits as Self
            }
        }

        #[doc = concat!("As `std::sync::atomic::", stringify!($name), "`.")]
        #[derive(Default)]
        pub struct $name {
            id: ObjectId,
            real: std::sync::atomic::$name,
        }

        impl Modelled for $name {
            type Value = $int;
            const LABEL: &'static str = stringify!($name);

            fn id(&self) -> &ObjectId {
                &self.id
            }

            fn cell(&self) -> &dyn Cell {
                &self.real
            }
        }

        impl $name {
            /// As in the standard library.
            #[must_use]
            pub const fn new(v: $int) -> Self {
                Self { id: ObjectId::new(), real: std::sync::atomic::$name::new(v) }
            }

            /// As in the standard library.
            #[must_use]
            pub const fn into_inner(self) -> $int {
                self.real.into_inner()
            }

            /// As in the standard library.
            pub fn get_mut(&mut self) -> &mut $int {
                self.real.get_mut()
            }

            /// As in the standard library.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $int {
                access::load(self, order)
            }

            /// As in the standard library.
            #[track_caller]
            pub fn store(&self, val: $int, order: Ordering) {
                access::store(self, val, order);
            }

            /// As in the standard library.
            #[track_caller]
            pub fn swap(&self, val: $int, order: Ordering) -> $int {
                access::replace(self, "swap", order, |_| val)
            }

            /// As in the standard library.
            ///
            /// # Errors
            /// The value found, if it is not `current`.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $int,
                new: $int,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$int, $int> {
                access::exchange(self, (current, new), (success, failure), false)
            }

            /// As in the standard library.
            ///
            /// # Errors
            /// The value found, which may be `current`.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $int,
                new: $int,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$int, $int> {
                access::exchange(self, (current, new), (success, failure), true)
            }

            /// As in the standard library.
            #[track_caller]
            pub fn fetch_add(&self, val: $int, order: Ordering) -> $int {
                access::replace(self, "fetch_add", order, |before| before.wrapping_add(val))
            }

            /// As in the standard library.
            #[track_caller]
            pub fn fetch_sub(&self, val: $int, order: Ordering) -> $int {
                access::replace(self, "fetch_sub", order, |before| before.wrapping_sub(val))
            }

            /// As in the standard library.
            #[track_caller]
            pub fn fetch_and(&self, val: $int, order: Ordering) -> $int {
                access::replace(self, "fetch_and", order, |before| before & val)
            }

            /// As in the standard library.
            #[track_caller]
            pub fn fetch_nand(&self, val: $int, order: Ordering) -> $int {
                access::replace(self, "fetch_nand", order, |before| !(before & val))
            }

            /// As in the standard library.
            #[track_caller]
            pub fn fetch_or(&self, val: $int, order: Ordering) -> $int {
                access::replace(self, "fetch_or", order, |before| before | val)
            }

            /// As in the standard library.
            #[track_caller]
            pub fn fetch_xor(&self, val: $int, order: Ordering) -> $int {
                access::replace(self, "fetch_xor", order, |before| before ^ val)
            }

            /// As in the standard library.
            #[track_caller]
            pub fn fetch_max(&self, val: $int, order: Ordering) -> $int {
                access::replace(self, "fetch_max", order, |before| before.max(val))
            }

            /// As in the standard library.
            #[track_caller]
            pub fn fetch_min(&self, val: $int, order: Ordering) -> $int {
                access::replace(self, "fetch_min", order, |before| before.min(val))
            }

            /// As in the standard library.
            ///
            /// # Errors
            /// The last value found, if `f` gives nothing for it.
            #[track_caller]
            pub fn fetch_update<F>(&self, set_order: Ordering, fetch_order: Ordering, f: F) -> Result<$int, $int>
            where
                F: FnMut($int) -> Option<$int>,
            {
                access::update(self, (set_order, fetch_order), f)
            }

            /// As in the standard library.
            ///
            /// # Errors
            /// The last value found, if `f` gives nothing for it.
            #[track_caller]
            pub fn try_update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                f: impl FnMut($int) -> Option<$int>,
            ) -> Result<$int, $int> {
                access::update(self, (set_order, fetch_order), f)
            }

            /// As in the standard library.
            #[track_caller]
            pub fn update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                f: impl FnMut($int) -> $int,
            ) -> $int {
                access::always_update(self, (set_order, fetch_order), f)
            }
        }

        impl From<$int> for $name {
            fn from(v: $int) -> Self {
                Self::new(v)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.real.fmt(f)
            }
        }
    )* };
}

integer! {
    AtomicI8, i8, Signed;
    AtomicI16, i16, Signed;
    AtomicI32, i32, Signed;
    AtomicI64, i64, Signed;
    AtomicIsize, isize, Signed;
    AtomicU8, u8, Unsigned;
    AtomicU16, u16, Unsigned;
    AtomicU32, u32, Unsigned;
    AtomicU64, u64, Unsigned;
    AtomicUsize, usize, Unsigned;
}
