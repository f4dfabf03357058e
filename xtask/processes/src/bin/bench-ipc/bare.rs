//! The floor: the same by system calls, or by the C library's lock, without a tool around them.

use crate::{NUMBERS, TIMES};
use bench_processes::{Result, Trouble, timed_us};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::wait::waitpid;
use nix::unistd::{read, write};
use std::io;
use toolkit::fork;
use toolkit::shm::Region;
use toolkit::sync::RobustMutex;

/// Eight bytes there and back: one write and one read each way.
pub(crate) fn pipe() -> Result<f64> {
    let (child_reads, we_write) = io::pipe()?;
    let (we_read, child_writes) = io::pipe()?;
    let mut we_write = Some(we_write);
    let child = fork(|| {
        drop(we_write.take());
        let mut bytes = [0; 8];
        while read(&child_reads, &mut bytes) == Ok(8) {
            if write(&child_writes, &bytes) != Ok(8) {
                return 1;
            }
        }
        0
    })?;
    let we_write = we_write.ok_or("only the child has taken it")?;
    let (us, done) = timed_us(|| {
        (0..TIMES).try_for_each(|number| {
            let mut back = [0; 8];
            write(&we_write, &number.to_le_bytes())?;
            read(&we_read, &mut back)?;
            if back == number.to_le_bytes() { Ok(()) } else { Err(Trouble::from("other bytes came back")) }
        })
    });
    drop(we_write);
    waitpid(child, None)?;
    done?;
    Ok(us / TIMES as f64)
}

/// Eight bytes through a pipe for each item: one write and one read.
pub(crate) fn queue() -> Result<f64> {
    let (reads, writes) = io::pipe()?;
    let child = fork(|| i32::from((0..TIMES).any(|number| write(&writes, &number.to_le_bytes()) != Ok(8))))?;
    let (us, done) = timed_us(|| {
        (0..TIMES).try_for_each(|number| {
            let mut bytes = [0; 8];
            read(&reads, &mut bytes)?;
            if bytes == number.to_le_bytes() { Ok(()) } else { Err(Trouble::from("other bytes came")) }
        })
    });
    waitpid(child, None)?;
    done?;
    Ok(us / TIMES as f64)
}

/// As many bytes, copied within one memory.
pub(crate) fn array() -> Result<f64> {
    let numbers: Vec<u64> = (0..NUMBERS as u64).collect();
    let (us, copy) = timed_us(|| numbers.clone());
    if copy == numbers { Ok(us) } else { Err("a copy differs".into()) }
}

/// The robust lock of the C library, which makes no system call when nobody else wants it.
pub(crate) fn lock() -> Result<f64> {
    let lock = Region::of(RobustMutex::new(()))?;
    let (us, done) = timed_us(|| (0..TIMES).try_for_each(|_| lock.lock().map(drop)));
    done.map_err(|_| Trouble::from("nobody has died, and the lock says so"))?;
    Ok(us / TIMES as f64)
}

/// An event descriptor that counts permits: a read and a write.
pub(crate) fn semaphore() -> Result<f64> {
    let permits = EventFd::from_value_and_flags(1, EfdFlags::EFD_SEMAPHORE)?;
    let (us, done) =
        timed_us(|| (0..TIMES).try_for_each(|_| permits.read().and_then(|_| permits.write(1)).map(drop)));
    done?;
    Ok(us / TIMES as f64)
}
