//! Messages over a pipe: four bytes of length, little-endian, then the body; and a [`Tray`] for those
//! that must survive a sender who dies before they are in the pipe. This module looks into no body.
//!
//! A pipe carries bytes, not messages: a read may bring half a frame or three of them, and a write
//! may take only a part. So every call here goes on until its frame is whole, and starts again when
//! a signal interrupts it.

use crate::FrameError;
use nix::errno::Errno;
use nix::sys::uio::writev;
use nix::unistd::{close, read, write};
use std::io::IoSlice;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use toolkit::shm::Region;

/// The longest body: 256 MiB.
pub(crate) const MAX_BODY: usize = 256 << 20;

/// The bytes of a frame's length.
pub(crate) const HEADER: usize = 4;

/// Up to this size a frame is put together on the stack, which is cheaper than two parts.
const SMALL: usize = 256;

/// The most that is asked for, or believed of an announcement, at once.
const STEP: usize = 1 << 20;

/// What an [`Inbox`] reads at once, as long as no frame needs more: little in the beginning, since the
/// first touch of every page of it costs a fork's child a copy, and at most what a pipe holds.
const INBOX_MIN: usize = 2 << 10;
const INBOX_MAX: usize = 64 << 10;

/// An inbox or outbox that has grown beyond this gives the memory back when it is empty.
const KEPT: usize = 4 << 20;

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
        if count == space && space < INBOX_MAX {
            self.buffer.resize(4 * self.buffer.len(), 0); // there is more to read than we thought
        }
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
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
        }
        self.end -= self.start;
        self.start = 0;
        if self.end == 0 && self.buffer.len() > KEPT {
            self.buffer = Vec::new();
        }
        let wanted = whole.max(INBOX_MIN);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        Ok(())
    }
}

/// Every descriptor that a pool of this process holds. A new worker inherits them all, and an end
/// that it kept would outlive its pool: another worker would wait for ever for the end of its tasks.
static POOL_ENDS: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

fn pool_ends() -> MutexGuard<'static, Vec<RawFd>> {
    POOL_ENDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A descriptor of the pool's side, which new workers close.
#[derive(Debug)]
pub(crate) struct PoolEnd(OwnedFd);

impl PoolEnd {
    pub(crate) fn new(fd: OwnedFd) -> PoolEnd {
        pool_ends().push(fd.as_raw_fd());
        PoolEnd(fd)
    }
}

impl Drop for PoolEnd {
    fn drop(&mut self) {
        // Before it is closed: its number may belong to somebody else right after.
        pool_ends().retain(|fd| *fd != self.0.as_raw_fd());
    }
}

impl AsFd for PoolEnd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Closes, in a new worker, whatever pools of its parent hold. Their owners are in the parent's part
/// of the copied memory and are never dropped here, so nothing is closed twice.
pub(crate) fn close_pool_ends() {
    for fd in std::mem::take(&mut *pool_ends()) {
        let _ = close(fd);
    }
}

/// Looks again for a moment before it goes to sleep.
///
/// A message from another process is often there a few microseconds later, while to fall asleep and
/// to be woken on another core takes longer than a small task. Each look lets others run first, so a
/// core that is needed is not kept; and if somebody did need it, looking again is given up for a while,
/// as whoever sleeps gets a busy core back sooner than whoever yields it.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    since: Option<Instant>,
    /// So many times from now on, sleep at once.
    sleeps: u32,
}

/// How long we look again.
const MOMENT: Duration = Duration::from_micros(30);

/// A moment that has taken so long belonged to somebody else.
const CROWDED: Duration = Duration::from_micros(500);

impl Patience {
    /// Whether to look again, after others had a chance to run, or to sleep.
    pub(crate) fn again(&mut self) -> bool {
        if self.sleeps > 0 {
            self.sleeps -= 1;
            return false;
        }
        let again = self.since.get_or_insert_with(Instant::now).elapsed() < MOMENT;
        if again {
            thread::yield_now();
        } else {
            self.done();
        }
        again
    }

    /// What was waited for is there.
    pub(crate) fn done(&mut self) {
        if self.since.take().is_some_and(|since| since.elapsed() > CROWDED) {
            self.sleeps = 100;
        }
    }
}

/// Memory that a worker shares with its pool, for what must not die with it: how many parcels it has
/// begun, and the answers that it has not put into the pipe yet.
///
/// A pipe would do for that too, but a write costs more than a small task. So a worker writes the answers
/// to a chunk with one write, at its end. Until then they also lie here, and the pool looks here only
/// when the worker is dead.
#[derive(Debug, Clone)]
pub(crate) struct Tray {
    words: Arc<Region<[AtomicU64]>>,
    /// Where the tray's own words begin.
    start: usize,
}

/// The words of a tray: how many parcels were begun, how many words of answers are valid, the number of
/// the first of these answers, and the answers. These are frames, each from the beginning of a word.
const TRAY: usize = 8 << 10;
const BEGUN: usize = 0;
const USED: usize = 1;
const FIRST: usize = 2;
const ANSWERS: usize = 8;

impl Tray {
    /// Makes `count` trays. Nothing in them takes up memory before it is used.
    pub(crate) fn several(count: usize) -> Result<Vec<Tray>, nix::Error> {
        let words = Arc::new(Region::new(count.checked_mul(TRAY).ok_or(Errno::ENOMEM)?)?);
        Ok((0..count).map(|index| Tray { words: Arc::clone(&words), start: index * TRAY }).collect())
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        &self.words[self.start + index]
    }

    /// Makes the tray of a dead worker that of a new one, who does not run yet.
    pub(crate) fn clean(&self) {
        [BEGUN, USED, FIRST].into_iter().for_each(|index| self.word(index).store(0, Ordering::Release));
    }

    /// Notes, for the worker, that it begins a parcel.
    pub(crate) fn begin(&self) {
        // Only the worker writes here. What it stores is there even if it dies in the next instruction.
        let begun = self.word(BEGUN).load(Ordering::Relaxed);
        self.word(BEGUN).store(begun + 1, Ordering::Release);
    }

    pub(crate) fn begun(&self) -> u64 {
        self.word(BEGUN).load(Ordering::Acquire)
    }

    /// Lays down a frame. Returns whether there was room.
    pub(crate) fn lay(&self, frame: &[u8]) -> bool {
        let used = self.word(USED).load(Ordering::Relaxed) as usize;
        let after = used + frame.len().div_ceil(8);
        if ANSWERS + after > TRAY {
            return false;
        }
        let (whole, rest) = frame.as_chunks::<8>();
        let begin = self.start + ANSWERS + used;
        for (word, bytes) in self.words[begin..].iter().zip(whole) {
            word.store(u64::from_le_bytes(*bytes), Ordering::Relaxed);
        }
        if !rest.is_empty() {
            let mut bytes = [0; 8];
            bytes[..rest.len()].copy_from_slice(rest);
            self.words[begin + whole.len()].store(u64::from_le_bytes(bytes), Ordering::Relaxed);
        }
        // Last, and with `Release`: whoever sees this length sees all that it covers.
        self.word(USED).store(after as u64, Ordering::Release);
        true
    }

    /// Empties the tray, after its frames have gone into the pipe. The next one has the number `next`.
    pub(crate) fn clear(&self, next: u64) {
        // In this order: if we die in between, the tray is empty, whatever the number says.
        self.word(USED).store(0, Ordering::Release);
        self.word(FIRST).store(next, Ordering::Release);
    }

    /// The bodies of a dead worker's frames from number `from` on; those before it came by the pipe.
    pub(crate) fn left_from(&self, from: u64) -> Vec<Vec<u8>> {
        let used = self.word(USED).load(Ordering::Acquire) as usize;
        let begin = self.start + ANSWERS;
        let words = self.words[begin..begin + used].iter();
        let bytes: Vec<u8> = words.flat_map(|word| word.load(Ordering::Relaxed).to_le_bytes()).collect();
        let mut rest = &bytes[..];
        let bodies = std::iter::from_fn(|| {
            let body = frames_in(rest).next()?;
            rest = &rest[(HEADER + body.len()).next_multiple_of(8)..];
            Some(body.to_vec())
        });
        let known = from.saturating_sub(self.word(FIRST).load(Ordering::Acquire));
        bodies.skip(usize::try_from(known).unwrap_or(usize::MAX)).collect()
    }
}

/// The answers of a worker on their way to the pool.
pub(crate) struct Outbox<'a> {
    answers: OwnedFd,
    tray: &'a Tray,
    /// Whole frames that are not in the pipe yet, and how many.
    pub(crate) frames: Vec<u8>,
    count: u64,
    /// How many went into the pipe before these.
    sent: u64,
}

impl<'a> Outbox<'a> {
    pub(crate) fn new(answers: OwnedFd, tray: &'a Tray) -> Outbox<'a> {
        Outbox { answers, tray, frames: Vec::new(), count: 0, sent: 0 }
    }

    /// Takes the answer that begins at `begin`, the parcel's last or not. When this returns, the answer
    /// survives us: it is in the tray, or in the pipe.
    pub(crate) fn add(&mut self, begin: usize, last: bool) -> Result<(), FrameError> {
        self.count += 1;
        if last && begin == 0 {
            return self.send(self.frames.len()); // alone: its write is next anyway
        }
        if !self.tray.lay(&self.frames[begin..]) {
            // The tray is full. Send what is in it, so that it has room; or else it never has enough.
            self.count -= 1;
            self.send(begin)?;
            self.count = 1;
            if !self.tray.lay(&self.frames) {
                return self.send(self.frames.len());
            }
        }
        if last { self.send(self.frames.len()) } else { Ok(()) }
    }

    /// Puts the first `bytes` bytes, which are `count` frames, into the pipe. Blocks until they are in.
    fn send(&mut self, bytes: usize) -> Result<(), FrameError> {
        write_all(&self.answers, &self.frames[..bytes])?;
        self.sent += std::mem::take(&mut self.count);
        // If we die before this, the pool finds in the tray what it knows already, and sees that by the
        // numbers.
        self.tray.clear(self.sent);
        self.frames.drain(..bytes);
        if self.frames.is_empty() && self.frames.capacity() > KEPT {
            self.frames = Vec::new();
        }
        Ok(())
    }
}
