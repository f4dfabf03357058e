//! Variant: parks until a moment that it has worked out, again and again if somebody unparks it; a state machine.

use std::num::NonZeroU32;
use std::thread;
use std::time::{Duration, Instant};

enum State<E> {
    Try,
    Pause,
    GiveUp(E),
}

pub fn retry<T, E>(
    times: NonZeroU32,
    mut backoff: impl FnMut(u32) -> Duration,
    mut primary: impl FnMut() -> Result<T, E>,
    fallback: impl FnOnce(E) -> Result<T, E>,
) -> Result<T, E> {
    let mut failed = 0;
    let mut state = State::Try;
    loop {
        state = match state {
            State::Try => match primary() {
                Ok(value) => return Ok(value),
                Err(error) => {
                    failed += 1;
                    if failed == times.get() { State::GiveUp(error) } else { State::Pause }
                }
            },
            State::Pause => {
                let (pause, start) = (backoff(failed), Instant::now());
                loop {
                    let left = pause.saturating_sub(start.elapsed());
                    if left.is_zero() {
                        break State::Try;
                    }
                    thread::park_timeout(left);
                }
            }
            State::GiveUp(error) => return fallback(error),
        };
    }
}
