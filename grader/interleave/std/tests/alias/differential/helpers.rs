//! What several of the programs need.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A name, and a function whose text must always be the same.
pub type Program = (&'static str, fn() -> String);

/// The text of a panic.
pub fn said(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<&'static str>() {
        Ok(text) => text.to_string(),
        Err(payload) => match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(_) => "<not a text>".to_string(),
        },
    }
}

/// The result, or the text of the panic.
pub fn attempt<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(f)).map_err(said)
}

/// Counts the values that are dropped.
pub struct Tally(pub Arc<AtomicUsize>);

impl Drop for Tally {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Panics with the guard in hand.
pub fn poison<T>(lock: &Mutex<T>) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _guard = lock.lock();
        panic!("poisoning on purpose");
    }));
}
