//! Shuttle under the names of the standard library, as far as it goes: the correct programs of the explorer's bank run
//! under both engines (see `tests/bank.rs`).
//!
//! Shuttle fails a run when any of its threads panics; here, as in the standard library, `join` gives the panic. What else
//! differs is listed with the test. Knows nothing of the explorer.

/// As `std::hint`.
pub mod hint {
    pub use shuttle::hint::spin_loop;
    pub use std::hint::black_box;
}

/// As `std::panic`.
pub mod panic {
    pub use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
}

/// As `std::sync`.
pub mod sync {
    pub use shuttle::sync::{
        Barrier, BarrierWaitResult, Condvar, Mutex, MutexGuard, Once, OnceState, RwLock, RwLockReadGuard,
        RwLockWriteGuard, WaitTimeoutResult, mpsc,
    };
    pub use std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult, Weak};

    /// As `std::sync::atomic`.
    pub mod atomic {
        pub use shuttle::sync::atomic::{
            AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8,
            AtomicU16, AtomicU32, AtomicU64, AtomicUsize,
        };
        pub use std::sync::atomic::{Ordering, compiler_fence, fence};
    }
}

/// As `std::thread`.
pub mod thread {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    pub use shuttle::thread::{
        Scope, ScopedJoinHandle, Thread, ThreadId, current, panicking, park, park_timeout, scope, sleep,
        yield_now,
    };
    pub use std::thread::Result;

    /// As `std::thread::JoinHandle`.
    pub struct JoinHandle<T>(shuttle::thread::JoinHandle<Result<T>>);

    impl<T> JoinHandle<T> {
        /// As `std::thread::JoinHandle::join`.
        ///
        /// # Errors
        /// The value that the thread panicked with.
        pub fn join(self) -> Result<T> {
            self.0.join().and_then(|result| result)
        }

        /// As `std::thread::JoinHandle::thread`.
        #[must_use]
        pub fn thread(&self) -> &Thread {
            self.0.thread()
        }
    }

    impl<T> std::fmt::Debug for JoinHandle<T> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("JoinHandle").finish_non_exhaustive()
        }
    }

    /// As `std::thread::Builder`, without sizes of stacks.
    #[derive(Debug, Default)]
    pub struct Builder(Option<String>);

    impl Builder {
        /// As `std::thread::Builder::new`.
        #[must_use]
        pub fn new() -> Self {
            Self::default()
        }

        /// As `std::thread::Builder::name`.
        #[must_use]
        pub fn name(self, name: String) -> Self {
            Self(Some(name))
        }

        /// As `std::thread::Builder::spawn`.
        ///
        /// # Errors
        /// Never: here there is always room for one more thread.
        pub fn spawn<F, T>(self, f: F) -> std::io::Result<JoinHandle<T>>
        where
            F: FnOnce() -> T + Send + 'static,
            T: Send + 'static,
        {
            let builder = shuttle::thread::Builder::new();
            let builder = self.0.into_iter().fold(builder, |builder, name| builder.name(name));
            builder.spawn(move || catch_unwind(AssertUnwindSafe(f))).map(JoinHandle)
        }
    }

    /// As `std::thread::spawn`.
    pub fn spawn<F, T>(f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        JoinHandle(shuttle::thread::spawn(move || catch_unwind(AssertUnwindSafe(f))))
    }
}

/// As `std::time`; Shuttle has no clock.
pub mod time {
    pub use std::time::Duration;
}
