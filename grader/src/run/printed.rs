//! What a process prints: read, counted and dropped, but for the end of its complaints.
//!
//! Nothing that is printed decides anything; a flood of it does.

use super::ending::{Ending, Excess, left_early};
use crate::error::{GraderError, Result};
use crate::sandbox::{Limits, Running};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use std::io::Read;
use std::os::fd::AsFd;
use std::process::ExitStatus;

/// How much of the complaints is kept, in bytes.
const KEPT_BYTES: usize = 4096;

/// What a process has printed so far.
#[derive(Debug)]
pub(super) struct Printed {
    bytes: u64,
    complaint: Vec<u8>,
}

impl Printed {
    /// Nothing yet. From now on reading from the process's pipes does not wait.
    pub(super) fn nothing(running: &Running) -> Result<Self> {
        for pipe in [running.stdout.as_fd(), running.stderr.as_fd()] {
            fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))
                .map_err(|error| GraderError::machine(format!("failed to prepare a pipe: {error}")))?;
        }
        Ok(Self { bytes: 0, complaint: Vec::new() })
    }

    /// Takes in what is there.
    ///
    /// # Errors
    ///
    /// If it is too much.
    pub(super) fn drain(
        &mut self,
        running: &mut Running,
        limits: &Limits,
    ) -> std::result::Result<(), Ending> {
        let mut chunk = [0; 64 * 1024];
        while self.bytes <= limits.output_bytes {
            let Ok(count @ 1..) = running.stdout.read(&mut chunk) else { break };
            self.bytes += count as u64;
        }
        while self.bytes <= limits.output_bytes {
            let Ok(count @ 1..) = running.stderr.read(&mut chunk) else { break };
            self.bytes += count as u64;
            self.complaint.extend_from_slice(&chunk[..count]);
            let surplus = self.complaint.len().saturating_sub(KEPT_BYTES);
            self.complaint.drain(..surplus);
        }
        if self.bytes > limits.output_bytes {
            let (what, limit, seen) = (Excess::Output, limits.output_bytes, self.bytes);
            return Err(Ending::Over { what, limit, seen });
        }
        Ok(())
    }

    /// The last line of its complaints.
    pub(super) fn last_words(&self) -> Option<String> {
        super::ending::last_words(&self.complaint)
    }

    /// Why the box could not be closed, if that is what was said.
    pub(super) fn box_failed(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.complaint);
        let line = text.lines().find(|line| line.starts_with(wire::BOX_FAILED))?;
        Some(format!("the sandbox could not be closed: {line}"))
    }

    /// Why the process has left that should have stayed.
    pub(super) fn left_early(&self, status: ExitStatus, limits: &Limits) -> Ending {
        left_early(status, limits, &self.complaint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_that_could_not_be_closed_is_told_from_a_program_that_left() {
        let told = |words: &str| Printed { bytes: 0, complaint: words.as_bytes().to_vec() }.box_failed();
        let why = told(&format!("{}no such rule\n", wire::BOX_FAILED)).expect("a reason");
        assert!(why.ends_with("no such rule"), "{why}");
        assert_eq!(told("thread 'main' panicked\n"), None);
    }
}
