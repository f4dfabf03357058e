//! Measuring in a child of its own: with threads, or in a memory that holds nothing else.
//!
//! Knows nothing of what is measured.

use crate::{Result, STEP_S, Trouble};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{alarm, pipe, write};
use std::fs::File;
use std::io::Read;
use toolkit::fork;

/// Runs `work` in a child that an alarm ends, and returns the figures that it sends. Blocks until the child has ended.
///
/// # Errors
///
/// If the child cannot be started, or comes to another end than a good one; what it says goes to standard error.
pub fn in_a_child(work: impl FnOnce() -> Result<Vec<f64>>) -> Result<Vec<f64>> {
    let (read_end, write_end) = pipe()?;
    let child = fork(|| {
        let write_end = write_end; // moved into the child
        alarm::set(STEP_S / 2);
        match work() {
            Ok(times) => {
                let bytes: Vec<u8> = times.iter().flat_map(|us| us.to_le_bytes()).collect();
                i32::from(write(&write_end, &bytes) != Ok(bytes.len()))
            }
            Err(error) => {
                let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("error: {error}\n"));
                1
            }
        }
    })?;
    let mut bytes = Vec::new();
    File::from(read_end).read_to_end(&mut bytes)?;
    match waitpid(child, None)? {
        WaitStatus::Exited(_, 0) => {}
        ending => return Err(Trouble::from(format!("a contender did not come to its end: {ending:?}"))),
    }
    let times = bytes.as_chunks::<8>().0.iter();
    Ok(times.map(|bytes| f64::from_le_bytes(*bytes)).collect())
}
