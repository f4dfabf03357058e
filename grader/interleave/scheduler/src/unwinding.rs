//! How many panics the running thread is unwinding from.
//!
//! The standard library counts them for each operating-system thread, on which all threads of a schedule run: a thread
//! that waits in a destructor would seem to unwind all the others as well. Knows nothing of schedules.

use std::any::Any;
use std::cell::Cell;
use std::panic::UnwindSafe;

use crate::context;

std::thread_local! {
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

/// As `std::thread::panicking`.
#[must_use]
pub fn panicking() -> bool {
    if context::is_inside() { PANICS.get() > 0 } else { std::thread::panicking() }
}

/// As `std::panic::catch_unwind`.
///
/// # Errors
/// What `work` panicked with.
pub fn catch_unwind<R>(work: impl FnOnce() -> R + UnwindSafe) -> std::thread::Result<R> {
    std::panic::catch_unwind(work).inspect_err(|_| PANICS.set(PANICS.get().saturating_sub(1)))
}

/// As `std::panic::resume_unwind`.
pub fn resume_unwind(payload: Box<dyn Any + Send>) -> ! {
    begin();
    std::panic::resume_unwind(payload)
}

/// A panic begins.
pub(crate) fn begin() {
    if context::is_inside() {
        PANICS.set(PANICS.get() + 1);
    }
}

/// Makes `panics` the count of the running thread, and gives the last one's back.
pub(crate) fn exchange(panics: &mut u32) {
    *panics = PANICS.replace(*panics);
}
