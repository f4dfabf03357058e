//! Numbers from one process to another through the course's own queue.

use crate::TIMES;
use bench_processes::{Result, Trouble, timed_us};
use nix::sys::wait::waitpid;
use q5_sharing_data::processes::queue::ProcessQueue;
use toolkit::fork;

pub(crate) fn ours() -> Result<f64> {
    let mut queue = ProcessQueue::<u64>::new()?;
    let child = fork(|| i32::from((0..TIMES).any(|number| queue.put(&number).is_err())))?;
    let (us, done) = timed_us(|| {
        (0..TIMES).try_for_each(|number| match queue.get()? {
            got if got == number => Ok(()),
            got => Err(Trouble::from(format!("{got} came instead of {number}"))),
        })
    });
    waitpid(child, None)?;
    done?;
    Ok(us / TIMES as f64)
}
