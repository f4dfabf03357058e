//! Variant: waits on a condition variable that nobody notifies, until the time is over; one loop with the last error kept.

use std::num::NonZeroU32;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

fn nap(pause: Duration) {
    let nobody = Mutex::new(());
    let guard = nobody.lock().unwrap_or_else(PoisonError::into_inner);
    drop(Condvar::new().wait_timeout_while(guard, pause, |()| true));
}

pub fn retry<T, E>(
    times: NonZeroU32,
    mut backoff: impl FnMut(u32) -> Duration,
    mut primary: impl FnMut() -> Result<T, E>,
    fallback: impl FnOnce(E) -> Result<T, E>,
) -> Result<T, E> {
    let mut last = None;
    for number in 0..times.get() {
        if number > 0 {
            nap(backoff(number));
        }
        match primary() {
            Ok(value) => return Ok(value),
            Err(error) => last = Some(error),
        }
    }
    fallback(last.expect("there was at least one try"))
}
