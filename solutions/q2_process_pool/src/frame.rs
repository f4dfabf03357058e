//! Messages over a pipe: four bytes of length, little-endian, then the body. This module knows no
//! pool and looks into no body.
//!
//! A pipe carries bytes, not messages: a read may bring half a frame or three of them, and a write
//! may take only a part. So every call here goes on until its frame is whole, and starts again when
//! a signal interrupts it.

use crate::FrameError;
use nix::errno::Errno;
use nix::sys::uio::writev;
use nix::unistd::{read, write};
use std::io::IoSlice;
use std::os::fd::AsFd;

/// The longest body: 256 MiB.
pub(crate) const MAX_BODY: usize = 256 << 20;

/// The bytes of a frame's length.
pub(crate) const HEADER: usize = 4;

/// Up to this size a frame is put together on the stack, which is cheaper than two parts.
const SMALL: usize = 256;

/// The most that is asked for, or believed of an announcement, at once.
const STEP: usize = 1 << 20;

/// What an [`Inbox`] reads at once, as long as no frame needs more: what a pipe holds.
const INBOX: usize = 64 << 10;

/// An inbox that has grown beyond this gives the memory back when it is empty.
const INBOX_KEEPS: usize = 4 << 20;

/// Writes one frame with `body` to a blocking descriptor.
///
/// Blocks until all of it is in the pipe. Header and body leave in one `write` if the pipe takes them.
///
/// # Errors
///
/// [`FrameError::TooLong`] for more than 256 MiB, and then nothing is written; [`FrameError::Os`] if
/// the system refuses, such as `EPIPE` when nobody can read any more.
pub fn write_frame(to: impl AsFd, body: &[u8]) -> Result<(), FrameError> {
    let header = header(body.len())?;
    if body.len() + HEADER <= SMALL {
        let mut whole = [0; SMALL];
        whole[..HEADER].copy_from_slice(&header);
        whole[HEADER..HEADER + body.len()].copy_from_slice(body);
        return write_all(to, &whole[..HEADER + body.len()]);
    }
    let mut parts = [IoSlice::new(&header), IoSlice::new(body)];
    let mut rest = &mut parts[..];
    while !rest.is_empty() {
        match writev(&to, rest) {
            Ok(taken) => IoSlice::advance_slices(&mut rest, taken),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(FrameError::Os(error)),
        }
    }
    Ok(())
}

/// Reads one frame from a blocking descriptor and returns its body; `None` at a clean end.
///
/// Blocks until the frame is whole. Takes no byte of the next frame.
///
/// # Errors
///
/// [`FrameError::Truncated`] if the end comes inside a frame, [`FrameError::TooLong`] if more than
/// 256 MiB are announced, [`FrameError::Os`] if the system refuses.
pub fn read_frame(from: impl AsFd) -> Result<Option<Vec<u8>>, FrameError> {
    let mut header = [0; HEADER];
    match read_full(&from, &mut header)? {
        0 => return Ok(None),
        HEADER => {}
        _ => return Err(FrameError::Truncated),
    }
    let length = body_length(header)?;
    let mut body = Vec::new();
    while body.len() < length {
        // Memory grows with what arrives, not with what a header promises.
        let begin = body.len();
        body.resize(length.min(begin + STEP), 0);
        if read_full(&from, &mut body[begin..])? < body.len() - begin {
            return Err(FrameError::Truncated);
        }
    }
    Ok(Some(body))
}

/// The first four bytes of a frame whose body has `bytes` bytes.
pub(crate) fn header(bytes: usize) -> Result<[u8; HEADER], FrameError> {
    match u32::try_from(bytes) {
        Ok(length) if bytes <= MAX_BODY => Ok(length.to_le_bytes()),
        _ => Err(FrameError::TooLong { bytes }),
    }
}

fn body_length(header: [u8; HEADER]) -> Result<usize, FrameError> {
    let bytes = u32::from_le_bytes(header) as usize;
    if bytes <= MAX_BODY { Ok(bytes) } else { Err(FrameError::TooLong { bytes }) }
}

fn write_all(to: impl AsFd, mut bytes: &[u8]) -> Result<(), FrameError> {
    while !bytes.is_empty() {
        match write(&to, bytes) {
            Ok(taken) => bytes = &bytes[taken..],
            Err(Errno::EINTR) => {}
            Err(error) => return Err(FrameError::Os(error)),
        }
    }
    Ok(())
}

/// Reads until `buffer` is full or the end has come, and says how much there is.
fn read_full(from: impl AsFd, buffer: &mut [u8]) -> Result<usize, FrameError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read_once(&from, &mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

/// One `read`, taken up again when a signal interrupts it.
fn read_once(from: impl AsFd, buffer: &mut [u8]) -> Result<usize, FrameError> {
    loop {
        match read(&from, buffer) {
            Err(Errno::EINTR) => {}
            result => return result.map_err(FrameError::Os),
        }
    }
}

/// Cuts a body into the frames that it is made of. A torn one at the end is left out.
pub(crate) fn frames_in(mut body: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (header, rest) = body.split_first_chunk::<HEADER>()?;
        let (frame, rest) = rest.split_at_checked(body_length(*header).ok()?)?;
        body = rest;
        Some(frame)
    })
}

/// Collects what arrives and hands it out frame by frame: a single `read` brings header and body,
/// and many small frames at once.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    buffer: Vec<u8>,
    /// What has arrived and was not yet handed out is `buffer[start..end]`.
    start: usize,
    end: usize,
}

impl Inbox {
    /// Reads once. Returns how many bytes came, 0 at the end, and whether they filled all the room
    /// there was, so that there may be more.
    pub(crate) fn fill(&mut self, from: impl AsFd) -> Result<(usize, bool), FrameError> {
        self.make_room()?;
        let room = &mut self.buffer[self.end..];
        let space = room.len();
        let count = read_once(from, room)?;
        self.end += count;
        Ok((count, count == space))
    }

    /// Hands out the next frame, if all of it is here.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let Some(length) = self.announced()? else { return Ok(None) };
        let begin = self.start + HEADER;
        if self.end - begin < length {
            return Ok(None);
        }
        self.start = begin + length;
        Ok(Some(&self.buffer[begin..begin + length]))
    }

    /// The length of the frame that comes next, if its header is here.
    fn announced(&self) -> Result<Option<usize>, FrameError> {
        let here = &self.buffer[self.start..self.end];
        here.first_chunk::<HEADER>().map(|header| body_length(*header)).transpose()
    }

    /// Makes room for the rest of the frame that comes next, and never none.
    fn make_room(&mut self) -> Result<(), FrameError> {
        let whole = HEADER + self.announced()?.unwrap_or(0);
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == 0 && self.buffer.len() > INBOX_KEEPS {
            self.buffer = Vec::new();
        }
        let wanted = whole.max(INBOX);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        Ok(())
    }
}
