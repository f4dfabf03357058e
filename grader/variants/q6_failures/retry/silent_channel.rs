//! Variant: waits for a message that nobody sends; the tries are an iterator that is folded. Panics are caught and go on.

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::channel;
use std::time::Duration;

pub fn retry<T, E>(
    times: NonZeroU32,
    mut backoff: impl FnMut(u32) -> Duration,
    mut primary: impl FnMut() -> Result<T, E>,
    fallback: impl FnOnce(E) -> Result<T, E>,
) -> Result<T, E> {
    let (_sender, silence) = channel::<()>();
    let mut attempt = |number: u32| {
        if number > 1 {
            let _ = silence.recv_timeout(backoff(number - 1));
        }
        match catch_unwind(AssertUnwindSafe(&mut primary)) {
            Ok(end) => end,
            Err(panic) => resume_unwind(panic),
        }
    };
    let first = attempt(1);
    let end = (2..=times.get()).try_fold(first, |end, number| match end {
        Ok(value) => Err(Ok(value)),
        Err(_) => match attempt(number) {
            Ok(value) => Err(Ok(value)),
            Err(error) => Ok(Err(error)),
        },
    });
    match end {
        Err(Ok(value)) => Ok(value),
        Err(Err(end)) | Ok(Err(end)) => fallback(end),
        Ok(Ok(value)) => Ok(value),
    }
}
