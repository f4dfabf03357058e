//! What fails is tried again, not too soon and not for ever; then comes plan B.

use std::num::NonZeroU32;
use std::time::Duration;

/// Calls `primary` until it succeeds, `times` times at most, and returns what it returned then: not once more than needed.
///
/// If every try fails, `fallback` is called once, with the error of the last try. What it returns, value or error, is the
/// result. After a success it is not called.
///
/// Between a failed try and the next one the thread sleeps, without using the processor, for exactly `backoff(n)`, however
/// long that is, from the moment at which `backoff` has answered; `n` is the number of tries that have failed so far: 1,
/// then 2 and so on. There is no pause after the last try, and `backoff` is not asked for one.
///
/// Any number of threads may retry at once: each has tries of its own, and none waits for another.
///
/// # Panics
///
/// A panic in `primary`, `backoff` or `fallback` is no failed try: it reaches the caller at once and as it is, and nothing
/// else is called any more.
pub fn retry<T, E>(
    times: NonZeroU32,
    backoff: impl FnMut(u32) -> Duration,
    primary: impl FnMut() -> Result<T, E>,
    fallback: impl FnOnce(E) -> Result<T, E>,
) -> Result<T, E> {
    // TODO: which try is the last one? What do you still hold when it has failed?
    let _ = (backoff, primary, fallback);
    todo!("try {times} times at most")
}
