//! Variant: a function that calls itself with one try less.

use std::num::NonZeroU32;
use std::thread;
use std::time::Duration;

pub fn retry<T, E>(
    times: NonZeroU32,
    mut backoff: impl FnMut(u32) -> Duration,
    mut primary: impl FnMut() -> Result<T, E>,
    fallback: impl FnOnce(E) -> Result<T, E>,
) -> Result<T, E> {
    attempt(1, times.get(), &mut backoff, &mut primary).or_else(fallback)
}

fn attempt<T, E>(
    number: u32,
    times: u32,
    backoff: &mut dyn FnMut(u32) -> Duration,
    primary: &mut dyn FnMut() -> Result<T, E>,
) -> Result<T, E> {
    match primary() {
        Err(_) if number < times => {
            thread::sleep(backoff(number));
            attempt(number + 1, times, backoff, primary)
        }
        end => end,
    }
}
