//! `AtomicPtr`. Pointers travel to the scheduler as exposed addresses and come back as such.

use std::fmt;
use std::sync::atomic::Ordering;

use interleave::rt::atomic::Cell;
use interleave::rt::{ObjectId, Shape};

use super::access::{self, Bits, Modelled};

impl<T> Bits for *mut T {
    const SHAPE: Shape = Shape::Pointer;

    fn to_bits(self) -> u64 {
        self.expose_provenance() as u64
    }

    fn from_bits(bits: u64) -> Self {
        std::ptr::with_exposed_provenance_mut(bits as usize)
    }
}

/// The real cell under a name of its own, so that the scheduler sees 64 bits.
struct Real<T>(std::sync::atomic::AtomicPtr<T>);

impl<T> Cell for Real<T> {
    fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst).to_bits()
    }

    fn set(&self, bits: u64) {
        self.0.store(Bits::from_bits(bits), Ordering::SeqCst);
    }

    fn modify(&self, change: &dyn Fn(u64) -> Option<u64>) -> Result<u64, u64> {
        let change = |before: *mut T| change(before.to_bits()).map(Bits::from_bits);
        let done = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, change);
        done.map(Bits::to_bits).map_err(Bits::to_bits)
    }
}

/// As `std::sync::atomic::AtomicPtr`.
pub struct AtomicPtr<T> {
    id: ObjectId,
    real: Real<T>,
}

impl<T> Modelled for AtomicPtr<T> {
    type Value = *mut T;
    const LABEL: &'static str = "AtomicPtr";

    fn id(&self) -> &ObjectId {
        &self.id
    }

    fn cell(&self) -> &dyn Cell {
        &self.real
    }
}

impl<T> AtomicPtr<T> {
    /// As in the standard library.
    #[must_use]
    pub const fn new(p: *mut T) -> Self {
        Self { id: ObjectId::new(), real: Real(std::sync::atomic::AtomicPtr::new(p)) }
    }

    /// As in the standard library.
    #[must_use]
    pub const fn into_inner(self) -> *mut T {
        self.real.0.into_inner()
    }

    /// As in the standard library.
    pub fn get_mut(&mut self) -> &mut *mut T {
        self.real.0.get_mut()
    }

    /// As in the standard library.
    #[track_caller]
    pub fn load(&self, order: Ordering) -> *mut T {
        access::load(self, order)
    }

    /// As in the standard library.
    #[track_caller]
    pub fn store(&self, ptr: *mut T, order: Ordering) {
        access::store(self, ptr, order);
    }

    /// As in the standard library.
    #[track_caller]
    pub fn swap(&self, ptr: *mut T, order: Ordering) -> *mut T {
        access::replace(self, "swap", order, |_| ptr)
    }

    /// As in the standard library.
    ///
    /// # Errors
    /// The value found, if it is not `current`.
    #[track_caller]
    pub fn compare_exchange(
        &self,
        current: *mut T,
        new: *mut T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<*mut T, *mut T> {
        access::exchange(self, (current, new), (success, failure), false)
    }

    /// As in the standard library.
    ///
    /// # Errors
    /// The value found, which may be `current`.
    #[track_caller]
    pub fn compare_exchange_weak(
        &self,
        current: *mut T,
        new: *mut T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<*mut T, *mut T> {
        access::exchange(self, (current, new), (success, failure), true)
    }

    /// As in the standard library.
    ///
    /// # Errors
    /// The last value found, if `f` gives nothing for it.
    #[track_caller]
    pub fn fetch_update<F>(&self, set_order: Ordering, fetch_order: Ordering, f: F) -> Result<*mut T, *mut T>
    where
        F: FnMut(*mut T) -> Option<*mut T>,
    {
        access::update(self, (set_order, fetch_order), f)
    }

    /// As in the standard library.
    #[track_caller]
    pub fn fetch_ptr_add(&self, val: usize, order: Ordering) -> *mut T {
        access::replace(self, "fetch_ptr_add", order, |p| p.wrapping_add(val))
    }

    /// As in the standard library.
    #[track_caller]
    pub fn fetch_ptr_sub(&self, val: usize, order: Ordering) -> *mut T {
        access::replace(self, "fetch_ptr_sub", order, |p| p.wrapping_sub(val))
    }

    /// As in the standard library.
    #[track_caller]
    pub fn fetch_byte_add(&self, val: usize, order: Ordering) -> *mut T {
        access::replace(self, "fetch_byte_add", order, |p| p.wrapping_byte_add(val))
    }

    /// As in the standard library.
    #[track_caller]
    pub fn fetch_byte_sub(&self, val: usize, order: Ordering) -> *mut T {
        access::replace(self, "fetch_byte_sub", order, |p| p.wrapping_byte_sub(val))
    }

    /// As in the standard library.
    #[track_caller]
    pub fn fetch_or(&self, val: usize, order: Ordering) -> *mut T {
        access::replace(self, "fetch_or", order, |p| p.map_addr(|address| address | val))
    }

    /// As in the standard library.
    #[track_caller]
    pub fn fetch_and(&self, val: usize, order: Ordering) -> *mut T {
        access::replace(self, "fetch_and", order, |p| p.map_addr(|address| address & val))
    }

    /// As in the standard library.
    #[track_caller]
    pub fn fetch_xor(&self, val: usize, order: Ordering) -> *mut T {
        access::replace(self, "fetch_xor", order, |p| p.map_addr(|address| address ^ val))
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
        f: impl FnMut(*mut T) -> Option<*mut T>,
    ) -> Result<*mut T, *mut T> {
        access::update(self, (set_order, fetch_order), f)
    }

    /// As in the standard library.
    #[track_caller]
    pub fn update(
        &self,
        set_order: Ordering,
        fetch_order: Ordering,
        f: impl FnMut(*mut T) -> *mut T,
    ) -> *mut T {
        access::always_update(self, (set_order, fetch_order), f)
    }
}

impl<T> Default for AtomicPtr<T> {
    fn default() -> Self {
        Self::new(std::ptr::null_mut())
    }
}

impl<T> From<*mut T> for AtomicPtr<T> {
    fn from(p: *mut T) -> Self {
        Self::new(p)
    }
}

impl<T> fmt::Debug for AtomicPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.0.fmt(f)
    }
}

impl<T> fmt::Pointer for AtomicPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.real.0.fmt(f)
    }
}
