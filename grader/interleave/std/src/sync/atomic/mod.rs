//! Atomics under the scheduler's memory model: a load that is not `SeqCst` may read an older store.

mod access;
mod boolean;
mod integers;
mod pointer;

use std::panic::Location;

pub use std::sync::atomic::{Ordering, compiler_fence};

pub use boolean::AtomicBool;
pub use integers::{
    AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32, AtomicU64,
    AtomicUsize,
};
pub use pointer::AtomicPtr;

/// As `std::sync::atomic::fence`.
#[track_caller]
pub fn fence(order: Ordering) {
    assert!(order != Ordering::Relaxed, "there is no such thing as a relaxed fence");
    if !interleave::rt::atomic::fence(order, Location::caller()) {
        std::sync::atomic::fence(order);
    }
}
