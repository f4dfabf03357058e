//! The floor: the same system calls without a pool around them.

use crate::TASKS;
use bench_processes::{Figures, Result, Trouble, timed_us};
use nix::sys::wait::waitpid;
use nix::unistd::{pipe, read, write};
use std::os::fd::OwnedFd;
use toolkit::fork;

/// A task's frame holds 10 bytes (two lengths, and a number of two bytes), and its answer's 8.
const TASK_BYTES: usize = 10;
const ANSWER_BYTES: usize = 8;

/// As many round trips between two processes as a map has tasks: one write and one read each way.
pub(crate) fn ping_pong(figures: &mut Figures) -> Result<()> {
    let (child_reads, we_write) = pipe()?;
    let (we_read, child_writes) = pipe()?;
    let mut our_end = Some(we_write);
    let child = fork(|| {
        drop(our_end.take());
        i32::from(serve(&child_reads, child_writes).is_err())
    })?;
    let our_end = our_end.ok_or("only the child has taken it")?;
    let (us, result) = timed_us(|| {
        (0..TASKS).try_for_each(|_| {
            let mut answer = [0; 64];
            write(&our_end, &[1; TASK_BYTES])?;
            if read(&we_read, &mut answer)? == ANSWER_BYTES {
                Ok(())
            } else {
                Err(Trouble::from("the other side of the pipes ended early"))
            }
        })
    });
    drop(our_end);
    waitpid(child, None)?;
    result?;
    figures.note("round_trip_us", "bare pipes", 1, us / TASKS as f64);
    Ok(())
}

fn serve(tasks: &OwnedFd, answers: OwnedFd) -> nix::Result<()> {
    let mut task = [0; 64];
    while read(tasks, &mut task)? > 0 {
        write(&answers, &[2; ANSWER_BYTES])?;
    }
    Ok(())
}

/// As many children as a pool has workers. They end at once, and all are waited for.
pub(crate) fn children(figures: &mut Figures, workers: usize) -> Result<()> {
    let (us, result) = timed_us(|| {
        let children: Vec<_> = (0..workers).map(|_| fork(|| 0)).collect();
        for child in children {
            waitpid(child?, None)?;
        }
        Ok::<_, Trouble>(())
    });
    result?;
    figures.note("q8_total_us", "bare fork, exit, wait", workers, us);
    Ok(())
}
