//! Panics. A hook that a body sets belongs to its schedule, and the next schedule begins without it.

use interleave::rt::hook::{self, Hook};

use interleave::rt;
pub use interleave::rt::resume_unwind;
pub use std::panic::{AssertUnwindSafe, Location, PanicHookInfo, RefUnwindSafe, UnwindSafe, panic_any};

/// As `std::panic::catch_unwind`.
///
/// # Errors
/// The value that `f` panicked with.
pub fn catch_unwind<F: FnOnce() -> R + UnwindSafe, R>(f: F) -> std::thread::Result<R> {
    rt::catch_unwind(f)
}

/// As `std::panic::set_hook`; for this schedule only.
///
/// # Panics
/// From a panicking thread.
#[track_caller]
pub fn set_hook(hook: Hook) {
    assert!(!rt::panicking(), "cannot modify the panic hook from a panicking thread");
    if let Err(hook) = hook::set(hook, Location::caller()) {
        std::panic::set_hook(hook);
    }
}

/// As `std::panic::take_hook`; a schedule begins with a hook that does nothing.
///
/// # Panics
/// From a panicking thread.
#[must_use]
#[track_caller]
pub fn take_hook() -> Hook {
    assert!(!rt::panicking(), "cannot modify the panic hook from a panicking thread");
    hook::take(Location::caller()).unwrap_or_else(std::panic::take_hook)
}
