//! What the course's own lock and semaphore cost when nobody else wants them.

use crate::TIMES;
use bench_processes::{Result, Trouble, timed_us};
use q5_sharing_data::processes::locks::{ProcessLock, ProcessSemaphore};
use std::num::NonZeroUsize;

pub(crate) fn lock() -> Result<f64> {
    let lock = ProcessLock::new()?;
    let (us, done) = timed_us(|| (0..TIMES).try_for_each(|_| lock.lock().map(drop)));
    done.map_err(|_| Trouble::from("nobody has died, and the lock says so"))?;
    Ok(us / TIMES as f64)
}

pub(crate) fn semaphore() -> Result<f64> {
    let semaphore = ProcessSemaphore::new(NonZeroUsize::MIN)?;
    let (us, ()) = timed_us(|| (0..TIMES).for_each(|_| drop(semaphore.acquire())));
    Ok(us / TIMES as f64)
}
