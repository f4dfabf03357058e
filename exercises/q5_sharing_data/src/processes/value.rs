//! A number, and a row of numbers, that processes change together.
//!
//! Both are made before the processes are forked that use them. The numbers lie in a segment of the crate [`shared_memory`], seen by
//! [`toolkit::shm::view_slice`]; a lock for a segment lives in a [`toolkit::shm::Region`] beside it. Whoever waits for the lock uses no
//! processor.
//!
//! A segment has a name, and what has a name stays when its owner is killed. So from the moment at which `new` has returned
//! nothing of it can be left behind, however all its processes end: no memory with a name, no descriptor.

use crate::number::{Number, ShareError};
use std::marker::PhantomData;

/// A number that processes share: Python's `Value`.
pub struct SharedValue<T> {
    // TODO 1/4: the segment, and the lock
    _of: PhantomData<T>,
}

impl<T: Number> SharedValue<T> {
    /// Shares a number with all processes that are forked from now on.
    ///
    /// # Errors
    ///
    /// [`ShareError`] if the system does not give the memory.
    pub fn new(value: T) -> Result<Self, ShareError> {
        let _ = value;
        todo!("put a number where all processes see it")
    }

    /// The number as it is now, exactly as it was put there by whatever process.
    pub fn get(&self) -> T {
        todo!("look at the number")
    }

    /// Puts another number there. While an [`update`](SharedValue::update) is going on, this waits for its end.
    pub fn set(&self, value: T) {
        let _ = value;
        todo!("replace the number")
    }

    /// Replaces the number by what `change` makes of it, and returns that. It is one step: no change of another process falls in
    /// between. `change` is called once.
    ///
    /// If the process is killed or leaves while `change` runs, or `change` panics, the number is as it was before, and the others
    /// go on. The panic goes on, too.
    pub fn update(&self, change: impl FnOnce(T) -> T) -> T {
        let _ = change;
        todo!("change the number in one step")
    }
}

/// Numbers in a row that processes share: Python's `Array`.
pub struct SharedArray<T> {
    // TODO 3/4: what must be different here, so that a process may be killed at any moment?
    _of: PhantomData<T>,
}

impl<T: Number> SharedArray<T> {
    /// Shares numbers with all processes that are forked from now on.
    ///
    /// # Errors
    ///
    /// [`ShareError`] if there are no numbers, or the system does not give the memory.
    pub fn new(values: &[T]) -> Result<Self, ShareError> {
        let count = values.len();
        todo!("put {count} numbers where all processes see them")
    }

    /// How many numbers there are.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        todo!("how many numbers")
    }

    /// One number as it is now, exactly as it was put there.
    ///
    /// # Panics
    ///
    /// If there is no number with this index; the array is left in order.
    pub fn get(&self, index: usize) -> T {
        todo!("look at number {index}")
    }

    /// Puts another number in this place. While an [`update`](SharedArray::update) is going on, this waits for its end.
    ///
    /// # Panics
    ///
    /// As for [`get`](SharedArray::get).
    pub fn set(&self, index: usize, value: T) {
        let _ = value;
        todo!("replace number {index}")
    }

    /// All numbers as they were at one moment: before an update or after it, and never in between.
    pub fn to_vec(&self) -> Vec<T> {
        todo!("look at all numbers at once")
    }

    /// Changes numbers in one step: no change of another process falls in between. `change` is called once.
    ///
    /// An update counts whole or not at all. If the process is killed, at whatever moment, if it leaves or if `change` panics, all
    /// numbers are as they were before, or all as `change` wanted them; and the others go on. The panic goes on, too.
    pub fn update(&self, change: impl FnOnce(&mut [T])) {
        let _ = change;
        todo!("change numbers in one step")
    }
}
