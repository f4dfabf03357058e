//! What fails is tried again, not too soon and not for ever; then comes plan B.

use std::num::NonZeroU32;
use std::thread;
use std::time::Duration;

/// Calls `primary` until it succeeds, `times` times at most; then `fallback` gets the last error.
pub fn retry<T, E>(
    times: NonZeroU32,
    mut backoff: impl FnMut(u32) -> Duration,
    mut primary: impl FnMut() -> Result<T, E>,
    fallback: impl FnOnce(E) -> Result<T, E>,
) -> Result<T, E> {
    // All but the last try: only these are followed by a pause.
    for failed in 1..times.get() {
        if let Ok(value) = primary() {
            return Ok(value);
        }
        // A sleep, no timed wait: nobody could cut it short, and a wait may end early for no reason.
        thread::sleep(backoff(failed));
    }
    // The last error is moved, not kept from round to round. Panics pass: nothing here needs to be put in order.
    primary().or_else(fallback)
}
