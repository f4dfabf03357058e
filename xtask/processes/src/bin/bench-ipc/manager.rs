//! Appends to one list of the course's own manager, by one process and by four.

use bench_processes::{Result, Trouble, timed_us};
use nix::sys::wait::{WaitStatus, waitpid};
use q5_sharing_data::processes::manager::Manager;
use std::io::{self, Read, Write};
use toolkit::fork;

/// How often each process appends.
pub(crate) const APPENDS: usize = 1_000;

pub(crate) fn one_client() -> Result<f64> {
    clients(1)
}

pub(crate) fn four_clients() -> Result<f64> {
    clients(4)
}

/// From the moment at which all may begin until all have ended, for each append of one process.
fn clients(count: usize) -> Result<f64> {
    let mut manager = Manager::new()?;
    let mut list = manager.list()?;
    let (start, mut go) = io::pipe()?;
    let mut children = Vec::new();
    for _ in 0..count {
        children.push(fork(|| {
            let waited = (&start).read_exact(&mut [0]); // one byte for each of them
            i32::from(waited.is_err() || (0..APPENDS).any(|_| list.push("7").is_err()))
        })?);
    }
    let (us, ended) = timed_us(|| {
        let begun = go.write_all(&vec![0; count]);
        (begun, children.into_iter().map(|child| waitpid(child, None)).collect::<Vec<_>>())
    });
    let all_well = ended.1.iter().all(|end| matches!(end, Ok(WaitStatus::Exited(_, 0))));
    if all_well && list.count()? == count * APPENDS {
        Ok(us / APPENDS as f64)
    } else {
        Err(Trouble::from("appends are missing"))
    }
}
