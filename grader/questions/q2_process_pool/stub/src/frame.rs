//! Messages over a pipe: four bytes of length, little-endian, then the body.
//!
//! A pipe carries bytes, not messages: a read may bring half a frame, a write may take a part of one,
//! and a signal may interrupt either. What is promised here holds all the same.

use crate::FrameError;
use std::os::fd::AsFd;

/// Writes one frame with `body` to a blocking descriptor: its length in bytes as a 4-byte
/// little-endian number, then the body, which may be empty.
///
/// Blocks until all of it is in the pipe, however little each write takes. A call that a signal
/// interrupts is made again: `EINTR` is never an error.
///
/// # Errors
///
/// [`FrameError::TooLong`] if the body has more than 256 MiB, and then nothing is written;
/// [`FrameError::Os`] if the system refuses, such as `EPIPE` when nobody can read any more.
pub fn write_frame(to: impl AsFd, body: &[u8]) -> Result<(), FrameError> {
    // TODO 1/7: how much did your write take?
    let (fd, count) = (to.as_fd(), body.len());
    todo!("write a frame of {count} bytes to {fd:?}")
}

/// Reads one frame from a blocking descriptor and returns its body; `None` at a clean end, where the
/// last frame is whole and nobody can write any more.
///
/// Blocks until the frame is whole, however little each read brings, and takes no byte of the next
/// frame. A call that a signal interrupts is made again: `EINTR` is never an error.
///
/// # Errors
///
/// [`FrameError::Truncated`] if the end comes inside a frame, its length included;
/// [`FrameError::TooLong`] if more than 256 MiB are announced; [`FrameError::Os`] if the system
/// refuses.
pub fn read_frame(from: impl AsFd) -> Result<Option<Vec<u8>>, FrameError> {
    // TODO 2/7: what does a read of 0 bytes mean at this point, and what at that?
    let fd = from.as_fd();
    todo!("read a frame from {fd:?}")
}
