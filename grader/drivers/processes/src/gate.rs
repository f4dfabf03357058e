//! The gate: a task tells the judge that it has begun, and waits until it may go on.
//!
//! Works in any process below the respondent, since the rendezvous socket is inherited. Who came is
//! what the kernel tells the judge; a task that does not wait lacks the number that it gets here.

use crate::line;
use drivers_faults::without;
use nix::fcntl::OFlag;
use nix::unistd::{pipe2, read};
use wire::CheckIn;

/// Checks in and blocks until the judge opens the gate: the number that belongs into the answer.
///
/// # Panics
///
/// If the way to the judge is closed: somebody closed a descriptor that was not its own.
pub fn wait(task: u64) -> u64 {
    without(|| try_wait(task)).unwrap_or_else(|error| {
        panic!("the task cannot reach the judge ({error}): were descriptors closed that are not yours?")
    })
}

fn try_wait(task: u64) -> nix::Result<u64> {
    let (gate, key) = pipe2(OFlag::O_CLOEXEC)?;
    let thread = nix::unistd::gettid().as_raw().unsigned_abs().into();
    line::send_key(&CheckIn { task, thread }.to_bytes(), &key)?;
    drop(key); // the judge's copy is the only one: its end is our end
    let mut addend = [0; 8];
    loop {
        match read(&gate, &mut addend) {
            Ok(8) => return Ok(u64::from_le_bytes(addend)),
            Err(nix::Error::EINTR) => {}
            // The judge has gone; nobody will read the answer.
            Ok(_) => return Ok(0),
            Err(error) => return Err(error),
        }
    }
}
