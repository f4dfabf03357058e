//! Frames, told through `std::io`: once a descriptor is a `Read` and a `Write`, the standard library
//! knows about short reads, short writes and interruptions, and nothing is left to be said twice.

use crate::FrameError;
use nix::errno::Errno;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

pub(crate) const MOST: usize = 256 * 1024 * 1024;

/// A borrowed descriptor that speaks `std::io`. Nothing is buffered, so nothing is taken too much.
struct Raw<'fd>(BorrowedFd<'fd>);

impl Read for Raw<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        Ok(nix::unistd::read(self.0, room)?)
    }
}

impl Write for Raw<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(nix::unistd::write(self.0, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What `std::io` says, in the words of the contract.
fn refused(error: io::Error) -> FrameError {
    FrameError::Os(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
}

/// The little-endian length of a body, if it has one.
pub(crate) fn prefix(bytes: usize) -> Result<[u8; 4], FrameError> {
    Some(bytes)
        .filter(|bytes| *bytes <= MOST)
        .and_then(|bytes| u32::try_from(bytes).ok())
        .map(u32::to_le_bytes)
        .ok_or(FrameError::TooLong { bytes })
}

/// The other way round.
pub(crate) fn length(prefix: [u8; 4]) -> Result<usize, FrameError> {
    match u32::from_le_bytes(prefix) as usize {
        bytes if bytes > MOST => Err(FrameError::TooLong { bytes }),
        bytes => Ok(bytes),
    }
}

/// Writes one frame.
///
/// # Errors
///
/// `TooLong` if the body has more than 256 MiB, and then nothing is written; `Os` if the system refuses.
pub fn write_frame(to: impl AsFd, body: &[u8]) -> Result<(), FrameError> {
    let prefix = prefix(body.len())?;
    let mut to = Raw(to.as_fd());
    to.write_all(&prefix).and_then(|()| to.write_all(body)).map_err(refused)
}

/// Reads one frame; `None` at a clean end.
///
/// # Errors
///
/// `Truncated` if the end comes inside a frame; `TooLong` if more than 256 MiB are announced; `Os` if
/// the system refuses.
pub fn read_frame(from: impl AsFd) -> Result<Option<Vec<u8>>, FrameError> {
    let mut from = Raw(from.as_fd());
    let mut up_to = |count: usize| -> Result<Vec<u8>, FrameError> {
        let mut bytes = Vec::new();
        // `take` hands the reader no more room than what is left of `count`.
        Read::by_ref(&mut from).take(count as u64).read_to_end(&mut bytes).map_err(refused)?;
        Ok(bytes)
    };
    let prefix = up_to(4)?;
    match <[u8; 4]>::try_from(prefix.as_slice()) {
        Err(_) if prefix.is_empty() => Ok(None),
        Err(_) => Err(FrameError::Truncated),
        Ok(prefix) => {
            let wanted = length(prefix)?;
            Some(up_to(wanted)?).filter(|body| body.len() == wanted).map(Some).ok_or(FrameError::Truncated)
        }
    }
}
