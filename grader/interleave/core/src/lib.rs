//! The alias `core`: everything from the real `core`, with the atomics and `spin_loop` of `interleave-std`.
//!
//! Without it `core::sync::atomic` would be a way around the scheduler. Items are listed one by one, so that an
//! item without a model does not compile.

#![forbid(unsafe_code)]

pub use core::*;

/// Hints to the compiler and the processor.
pub mod hint {
    pub use interleave_std::hint::{
        assert_unchecked, black_box, cold_path, select_unpredictable, spin_loop, unreachable_unchecked,
    };
}

/// Synchronisation.
pub mod sync {
    /// Atomic types.
    pub mod atomic {
        pub use interleave_std::sync::atomic::{
            AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8,
            AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, compiler_fence, fence,
        };
    }
}
