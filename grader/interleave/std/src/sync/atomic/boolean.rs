//! `AtomicBool`.

use std::fmt;
use std::sync::atomic::Ordering;

use interleave::rt::atomic::Cell;
use interleave::rt::{ObjectId, Shape};

use super::access::{self, Bits, Modelled};

impl Bits for bool {
    const SHAPE: Shape = Shape::Bool;

    fn to_bits(self) -> u64 {
        u64::from(self)
    }

    fn from_bits(bits: u64) -> Self {
        bits != 0
    }
}

/// As `std::sync::atomic::AtomicBool`.
#[derive(Default)]
pub struct AtomicBool {
    id: ObjectId,
    real: std::sync::atomic::AtomicBool,
}

impl Modelled for AtomicBool {
    type Value = bool;
    const LABEL: &'static str = "AtomicBool";

    fn id(&self) -> &ObjectId {
        &self.id
    }

    fn cell(&self) -> &dyn Cell {
        &self.real
    }
}

impl AtomicBool {
    /// As in the standard library.
    #[must_use]
    pub const fn new(v: bool) -> Self {
        Self { id: ObjectId::new(), real: std::sync::atomic::AtomicBool::new(v) }
    }

    /// As in the standard library.
    #[must_use]
    pub const fn into_inner(self) -> bool {
        self.real.into_inner()
    }

    /// As in the standard library.
    pub fn get_mut(&mut self) -> &mut bool {
        self.real.get_mut()
    }

    /// As in the standard library.
    #[track_caller]
    pub fn load(&self, order: Ordering) -> bool {
        access::load(self, order)
    }

    /// As in the standard library.
    #[track_caller]
    pub fn store(&self, val: bool, order: Ordering) {
        access::store(self, val, order);
    }

    /// As in the standard library.
    #[track_caller]
    pub fn swap(&self, val: bool, order: Ordering) -> bool {
        access::replace(self, "swap", order, |_| val)
    }

    /// As in the standard library.
    ///
    /// # Errors
    /// The value found, if it is not `current`.
    #[track_caller]
    pub fn compare_exchange(
        &self,
        current: bool,
        new: bool,
        success: Ordering,
        failure: Ordering,
    ) -> Result<bool, bool> {
        access::exchange(self, (current, new), (success, failure), false)
    }

    /// As in the standard library.
    ///
    /// # Errors
    /// The value found, which may be `current`.
    #[track_caller]
    pub fn compare_exchange_weak(
        &self,
        current: bool,
        new: bool,
        success: Ordering,
        failure: Ordering,
    ) -> Result<bool, bool> {
        access::exchange(self, (current, new), (success, failure), true)
    }

    /// As in the standard library.
    #[track_caller]
    pub fn fetch_and(&self, val: bool, order: Ordering) -> bool {
        access::replace(self, "fetch_and", order, |before| before & val)
    }

    /// As in the standard library.
    #[track_caller]
    pub fn fetch_nand(&self, val: bool, order: Ordering) -> bool {
        access::replace(self, "fetch_nand", order, |before| !(before & val))
    }

    /// As in the standard library.
    #[track_caller]
    pub fn fetch_or(&self, val: bool, order: Ordering) -> bool {
        access::replace(self, "fetch_or", order, |before| before | val)
    }

    /// As in the standard library.
    #[track_caller]
    pub fn fetch_xor(&self, val: bool, order: Ordering) -> bool {
        access::replace(self, "fetch_xor", order, |before| before ^ val)
    }

    /// As in the standard library.
    #[track_caller]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        access::replace(self, "fetch_not", order, |before| !before)
    }

    /// As in the standard library.
    ///
    /// # Errors
    /// The last value found, if `f` gives nothing for it.
    #[track_caller]
    pub fn fetch_update<F>(&self, set_order: Ordering, fetch_order: Ordering, f: F) -> Result<bool, bool>
    where
        F: FnMut(bool) -> Option<bool>,
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
        f: impl FnMut(bool) -> Option<bool>,
    ) -> Result<bool, bool> {
        access::update(self, (set_order, fetch_order), f)
    }

    /// As in the standard library.
    #[track_caller]
    pub fn update(&self, set_order: Ordering, fetch_order: Ordering, f: impl FnMut(bool) -> bool) -> bool {
        access::always_update(self, (set_order, fetch_order), f)
    }
}

impl From<bool> for AtomicBool {
    fn from(v: bool) -> Self {
        Self::new(v)
    }
}

impl fmt::Debug for AtomicBool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.fmt(f)
    }
}
