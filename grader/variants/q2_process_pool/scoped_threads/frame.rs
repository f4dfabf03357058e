//! Messages over a pipe: four bytes of length, little-endian, then the body.

use crate::FrameError;
use nix::errno::Errno;
use nix::unistd::{read, write};
use std::os::fd::{AsFd, BorrowedFd};

/// The longest body, 256 MiB.
pub(crate) const LIMIT: usize = 256 << 20;

/// What is reserved for a body before any of it has come: an announcement is only a claim.
const STEP: usize = 1 << 20;

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
    let header = header(body.len())?;
    write_all(to.as_fd(), &header)?;
    write_all(to.as_fd(), body)
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
    let mut header = [0; 4];
    match fill(from.as_fd(), &mut header)? {
        0 => return Ok(None),
        4 => {}
        _ => return Err(FrameError::Truncated),
    }
    let length = announced(header)?;
    let mut body = Vec::new();
    while body.len() < length {
        let start = body.len();
        body.resize(length.min(start + STEP), 0);
        let wanted = body.len() - start;
        if fill(from.as_fd(), &mut body[start..])? < wanted {
            return Err(FrameError::Truncated);
        }
    }
    Ok(Some(body))
}

/// The length as it stands before a body.
pub(crate) fn header(bytes: usize) -> Result<[u8; 4], FrameError> {
    match u32::try_from(bytes) {
        Ok(length) if bytes <= LIMIT => Ok(length.to_le_bytes()),
        _ => Err(FrameError::TooLong { bytes }),
    }
}

/// The length that a header announces.
pub(crate) fn announced(header: [u8; 4]) -> Result<usize, FrameError> {
    let bytes = u32::from_le_bytes(header) as usize;
    if bytes > LIMIT { Err(FrameError::TooLong { bytes }) } else { Ok(bytes) }
}

fn write_all(to: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<(), FrameError> {
    while !bytes.is_empty() {
        match write(to, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::EINTR) => {}
            Err(error) => return Err(FrameError::Os(error)),
        }
    }
    Ok(())
}

/// Reads until `room` is full or the end comes; returns how much came.
fn fill(from: BorrowedFd<'_>, room: &mut [u8]) -> Result<usize, FrameError> {
    let mut count = 0;
    while count < room.len() {
        match read(from, &mut room[count..]) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(Errno::EINTR) => {}
            Err(error) => return Err(FrameError::Os(error)),
        }
    }
    Ok(count)
}
