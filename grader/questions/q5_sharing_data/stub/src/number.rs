//! Given: numbers, and how they lie in memory that processes share. Nothing to do here.
//!
//! Another process may change such memory at any time, so Rust lets us use it by atomics only.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use toolkit::shm::{AnyBytes, Plain};

/// A number that can be shared.
pub trait Number: Plain {
    /// What lies in shared memory in its place.
    type Atomic: AnyBytes;

    /// The number that lies there.
    fn load(from: &Self::Atomic) -> Self;

    /// Puts the number there.
    fn store(self, to: &Self::Atomic);
}

macro_rules! numbers {
    ($($number:ty, $atomic:ty;)*) => {
        $(impl Number for $number {
            type Atomic = $atomic;

            fn load(from: &$atomic) -> Self {
                from.load(Ordering::Relaxed)
            }

            fn store(self, to: &$atomic) {
                to.store(self, Ordering::Relaxed);
            }
        })*
    };
}
numbers! {
    u64, AtomicU64;
    i64, AtomicI64;
    u32, AtomicU32;
}

impl Number for f64 {
    /// Its bits: there are no atomics for it.
    type Atomic = AtomicU64;

    fn load(from: &AtomicU64) -> Self {
        f64::from_bits(from.load(Ordering::Relaxed))
    }

    fn store(self, to: &AtomicU64) {
        to.store(self.to_bits(), Ordering::Relaxed);
    }
}

/// Why nothing is shared, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareError(pub String);
