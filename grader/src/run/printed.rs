//! What a process prints: read, counted and dropped, but for the end of its complaints.
//!
//! Nothing that is printed decides anything; a flood of it does.

use super::ending::{Ending, Excess, left_early};
use crate::sandbox::Limits;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::process::ExitStatus;

/// How much of the complaints is kept, in bytes.
const KEPT_BYTES: usize = 4096;

/// What a process has printed so far.
#[derive(Debug)]
pub(super) struct Printed {
    stdout: File,
    stderr: File,
    bytes: u64,
    complaint: Vec<u8>,
}

impl Printed {
    /// Nothing yet. Reading from the process's pipes must not wait.
    pub(super) fn nothing(stdout: File, stderr: File) -> Self {
        Self { stdout, stderr, bytes: 0, complaint: Vec::new() }
    }

    /// The pipes that it comes from.
    pub(super) fn pipes(&self) -> [BorrowedFd<'_>; 2] {
        [self.stdout.as_fd(), self.stderr.as_fd()]
    }

    /// Takes in what is there.
    ///
    /// # Errors
    ///
    /// If it is too much.
    pub(super) fn drain(&mut self, limits: &Limits) -> std::result::Result<(), Ending> {
        let mut chunk = [0; 64 * 1024];
        while self.bytes <= limits.output_bytes {
            let Ok(count @ 1..) = self.stdout.read(&mut chunk) else { break };
            self.bytes += count as u64;
        }
        while self.bytes <= limits.output_bytes {
            let Ok(count @ 1..) = self.stderr.read(&mut chunk) else { break };
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

    /// Why the box could not be closed, if that is what was said.
    pub(super) fn box_failed(&self) -> Option<String> {
        box_failed(&self.complaint)
    }

    /// Why the process has left that should have stayed.
    pub(super) fn left_early(&self, status: ExitStatus, limits: &Limits) -> Ending {
        left_early(status, limits, &self.complaint)
    }
}

fn box_failed(complaint: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(complaint);
    let line = text.lines().find(|line| line.starts_with(wire::BOX_FAILED))?;
    Some(format!("the sandbox could not be closed: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_that_could_not_be_closed_is_told_from_a_program_that_left() {
        let told = |words: &str| box_failed(words.as_bytes());
        let why = told(&format!("{}no such rule\n", wire::BOX_FAILED)).expect("a reason");
        assert!(why.ends_with("no such rule"), "{why}");
        assert_eq!(told("thread 'main' panicked\n"), None);
    }
}
