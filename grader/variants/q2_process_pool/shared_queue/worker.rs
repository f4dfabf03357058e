//! One worker process, seen from both sides.
//!
//! To the workers: tasks lie in the slots of a board, a memory file that all of them share. For each a
//! byte is written to the bell, a pipe that all of them read; whoever gets a byte may take the oldest
//! task. A byte too many only makes somebody look in vain; a byte that was lost with a worker is rung
//! again. A byte is a record that no short read and no short write can split.
//!
//! From the worker, by a pipe of its own: which slot it has taken and read; before each input a frame
//! that says "begun", and after it a frame with its answer.

use crate::frame::{LIMIT, announced, write_frame};
use crate::{FrameError, PoolError, TaskError};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::uio::{pread, pwrite};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, close, ftruncate, getpid, pipe2, read, write};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::VecDeque;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use toolkit::codec::{decode, encode};
use toolkit::{CodecError, fork};

/// The bytes of a result, or why there is none.
pub(crate) type Outcome = Result<Vec<u8>, TaskError>;

const BEGUN: u8 = 0;
const DONE: u8 = 1;
const PANICKED: u8 = 2;
const UNDECODABLE: u8 = 3;
const TOO_LONG: u8 = 4;
const TAKEN: u8 = 5;

/// Every descriptor that a new worker must not keep: the callers' ends of all pools, and in a worker
/// its own ends, in case that a task makes a pool.
static ENDS: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

fn ends() -> MutexGuard<'static, Vec<RawFd>> {
    ENDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An end of a pipe that is in the list as long as it is open.
struct End(OwnedFd);

impl End {
    fn new(fd: OwnedFd) -> Self {
        ends().push(fd.as_raw_fd());
        End(fd)
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let raw = self.0.as_raw_fd();
        ends().retain(|end| *end != raw);
    }
}

/// One input, and which result it is for.
pub(crate) struct Item {
    pub(crate) id: u64,
    pub(crate) input: Vec<u8>,
}

/// How many bytes an input takes in a frame.
pub(crate) fn room(input: &[u8]) -> usize {
    input.len() + 4
}

/// What is taken at once.
pub(crate) struct Batch {
    pub(crate) items: VecDeque<Item>,
}

/// Bytes of a slot: state, pid, number, offset, length.
const SLOT: usize = 40;
const FREE: u64 = 0;
const READY: u64 = 1;
const TOOK: u64 = 2;

/// Where the tasks lie.
pub(crate) struct Board {
    file: End,
    bell_read: End,
    bell_write: Option<End>,
    slots: usize,
    number: u64,
    end: usize,
    /// What lies in each slot and has not been taken, as far as the caller knows.
    pub(crate) posted: Vec<Option<Batch>>,
}

fn read_at(file: BorrowedFd<'_>, mut room: &mut [u8], mut at: usize) -> nix::Result<()> {
    while !room.is_empty() {
        match pread(file, room, at as i64) {
            Ok(0) => return Err(Errno::EIO),
            Ok(count) => {
                room = &mut room[count..];
                at += count;
            }
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn write_at(file: BorrowedFd<'_>, mut bytes: &[u8], mut at: usize) -> nix::Result<()> {
    while !bytes.is_empty() {
        match pwrite(file, bytes, at as i64) {
            Ok(count) => {
                bytes = &bytes[count..];
                at += count;
            }
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn words<const N: usize>(words: [u64; N]) -> Vec<u8> {
    words.into_iter().flat_map(u64::to_le_bytes).collect()
}

/// Does something with the table while nobody else does. The kernel takes the lock away from a process
/// that ends. Each process is somebody else, as this kind of lock belongs to processes.
fn locked<T>(file: BorrowedFd<'_>, what: impl FnOnce() -> nix::Result<T>) -> nix::Result<T> {
    let set = |kind: i32| {
        let lock = libc::flock {
            l_type: kind as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: 0,
            l_len: 1,
            l_pid: 0,
        };
        loop {
            match fcntl(file, FcntlArg::F_SETLKW(&lock)) {
                Err(Errno::EINTR) => {}
                other => return other.map(drop),
            }
        }
    };
    set(libc::F_WRLCK)?;
    let result = what();
    set(libc::F_UNLCK)?;
    result
}

fn table(file: BorrowedFd<'_>, slots: usize) -> nix::Result<Vec<[u64; 5]>> {
    let mut bytes = vec![0; slots * SLOT];
    read_at(file, &mut bytes, 0)?;
    let (numbers, _) = bytes.as_chunks::<8>();
    let (rows, _) = numbers.as_chunks::<5>();
    Ok(rows.iter().map(|row| row.map(u64::from_le_bytes)).collect())
}

impl Board {
    pub(crate) fn new(slots: usize) -> nix::Result<Self> {
        let file = memfd_create(c"tasks", MFdFlags::MFD_CLOEXEC)?;
        ftruncate(&file, (slots * SLOT) as i64)?;
        let (bell_read, bell_write) = pipe2(OFlag::O_CLOEXEC)?;
        fcntl(&bell_write, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Board {
            file: End::new(file),
            bell_read: End::new(bell_read),
            bell_write: Some(End::new(bell_write)),
            slots,
            number: 0,
            end: slots * SLOT,
            posted: std::iter::repeat_with(|| None).take(slots).collect(),
        })
    }

    /// One byte for whoever is free. If there is no room, there are more than enough.
    pub(crate) fn ring(&self) {
        let Some(bell) = &self.bell_write else { return };
        while write(&bell.0, &[0]) == Err(Errno::EINTR) {}
    }

    /// Nobody rings any more.
    pub(crate) fn fall_silent(&mut self) {
        self.bell_write = None;
    }

    /// Whether there is a free slot.
    pub(crate) fn has_room(&self) -> bool {
        self.posted.iter().any(Option::is_none)
    }

    /// Puts `batch` into a free slot, and rings.
    pub(crate) fn post(&mut self, batch: Batch) -> Result<(), (nix::Error, Batch)> {
        let Some(slot) = self.posted.iter().position(Option::is_none) else {
            return Err((Errno::EAGAIN, batch));
        };
        let file = self.file.0.as_fd();
        if self.posted.iter().all(Option::is_none) {
            // All that lies there has been read: give the memory back.
            self.end = self.slots * SLOT;
            let _ = ftruncate(file, self.end as i64);
        }
        let start = self.end;
        let mut put = |bytes: &[u8]| {
            write_at(file, bytes, self.end)?;
            self.end += bytes.len();
            Ok(())
        };
        let written = batch
            .items
            .iter()
            .try_for_each(|item| put(&(item.input.len() as u32).to_le_bytes()).and_then(|()| put(&item.input)));
        let row = words([READY, 0, self.number, start as u64, (self.end - start) as u64]);
        if let Err(error) = written.and_then(|()| locked(file, || write_at(file, &row, slot * SLOT))) {
            return Err((error, batch));
        }
        self.number += 1;
        self.posted[slot] = Some(batch);
        self.ring();
        Ok(())
    }

    /// A worker has read what lies in this slot.
    fn taken(&mut self, slot: usize) -> Option<Batch> {
        let batch = self.posted.get_mut(slot)?.take();
        let file = self.file.0.as_fd();
        let _ = locked(file, || write_at(file, &words([FREE]), slot * SLOT));
        batch
    }

    /// What a dead worker had taken without saying so is there for the others; and it may have heard
    /// the bell without taking anything.
    pub(crate) fn give_back(&self, pid: Pid) {
        let file = self.file.0.as_fd();
        let _ = locked(file, || {
            for (slot, row) in table(file, self.slots)?.into_iter().enumerate() {
                if row[0] == TOOK && row[1] == pid.as_raw() as u64 && self.posted[slot].is_some() {
                    write_at(file, &words([READY]), slot * SLOT)?;
                }
            }
            Ok(())
        });
        self.posted.iter().flatten().for_each(|_| self.ring());
    }
}

impl Board {
    /// Takes back all that lies there, when there is no worker.
    pub(crate) fn withdraw(&mut self) -> Vec<Batch> {
        (0..self.slots).filter_map(|slot| self.taken(slot)).collect()
    }
}

/// In a worker: waits for the bell, and takes the oldest task; `None` when nobody rings any more.
fn next_task(bell: BorrowedFd<'_>, file: BorrowedFd<'_>, slots: usize) -> Option<(usize, Vec<u8>)> {
    loop {
        match read(bell, &mut [0]) {
            Ok(1) => {}
            Err(Errno::EINTR) => continue,
            _ => return None,
        }
        let me = getpid().as_raw() as u64;
        let found = locked(file, || {
            let rows = table(file, slots)?;
            let ready = rows.iter().enumerate().filter(|(_, row)| row[0] == READY);
            let Some((slot, row)) = ready.min_by_key(|(_, row)| row[2]) else { return Ok(None) };
            // The name first: a slot that is taken is always somebody's.
            write_at(file, &words([me]), slot * SLOT + 8)?;
            write_at(file, &words([TOOK]), slot * SLOT)?;
            Ok(Some((slot, row[3], row[4])))
        });
        if let Some((slot, at, length)) = found.ok()? {
            let mut body = vec![0; length as usize];
            read_at(file, &mut body, at as usize).ok()?;
            return Some((slot, body));
        }
    }
}

/// What the caller knows about a worker.
pub(crate) struct Worker {
    pub(crate) pid: Pid,
    answers: End,
    /// What it has taken and not answered yet.
    pub(crate) held: VecDeque<Batch>,
    /// Whether it has said that it began the first of these.
    pub(crate) begun: bool,
    inbox: Vec<u8>,
    reaped: bool,
}

impl Worker {
    pub(crate) fn start<I: DeserializeOwned, O: Serialize>(
        task: fn(I) -> O,
        board: &Board,
    ) -> Result<Self, PoolError> {
        let (answer_read, answer_write) = pipe2(OFlag::O_CLOEXEC).map_err(PoolError::Os)?;
        fcntl(&answer_read, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(PoolError::Os)?;
        let answers = End::new(answer_read);
        let foreign = ends().clone();
        let pid = fork(move || {
            let (bell, file) = (board.bell_read.0.as_fd(), board.file.0.as_fd());
            let shared = [bell.as_raw_fd(), file.as_raw_fd()];
            for end in foreign.into_iter().filter(|end| !shared.contains(end)) {
                let _ = close(end);
            }
            *ends() = shared.to_vec();
            let to = End::new(answer_write);
            serve(|| next_task(bell, file, board.slots), to.0.as_fd(), task);
            0
        })
        .map_err(PoolError::Fork)?;
        Ok(Worker {
            pid,
            answers,
            held: VecDeque::new(),
            begun: false,
            inbox: Vec::new(),
            reaped: false,
        })
    }

    pub(crate) fn answers(&self) -> BorrowedFd<'_> {
        self.answers.0.as_fd()
    }

    /// Reads the answers that are here; false when the worker has gone.
    pub(crate) fn receive(&mut self, board: &mut Board, mut result: impl FnMut(u64, Outcome)) -> bool {
        let mut buffer = vec![0; 1 << 16];
        loop {
            match read(self.answers(), &mut buffer) {
                Ok(0) => return false,
                Ok(count) => {
                    self.inbox.extend(&buffer[..count]);
                    self.understand(board, &mut result);
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return true,
                Err(_) => return false,
            }
        }
    }

    fn understand(&mut self, board: &mut Board, result: &mut impl FnMut(u64, Outcome)) {
        let mut at = 0;
        while let Some(head) = self.inbox[at..].first_chunk() {
            let Ok(length) = announced(*head) else { break };
            let Some(body) = self.inbox.get(at + 4..at + 4 + length) else { break };
            at += 4 + length;
            let Some((kind, body)) = body.split_first() else { continue };
            if *kind == TAKEN {
                let slot = body.first_chunk().map_or(usize::MAX, |slot| u64::from_le_bytes(*slot) as usize);
                self.held.extend(board.taken(slot));
                continue;
            }
            if *kind == BEGUN {
                self.begun = true;
                continue;
            }
            self.begun = false;
            let Some(batch) = self.held.front_mut() else { continue };
            if let Some(item) = batch.items.pop_front() {
                result(item.id, outcome(*kind, body));
            }
            if batch.items.is_empty() {
                self.held.pop_front();
            }
        }
        self.inbox.drain(..at);
    }

    pub(crate) fn kill(&self) {
        if !self.reaped {
            let _ = kill(self.pid, Signal::SIGKILL);
        }
    }

    /// Waits until the worker has ended; tells its signal and its code.
    pub(crate) fn reap(&mut self) -> nix::Result<(Option<i32>, Option<i32>)> {
        loop {
            match waitpid(self.pid, None) {
                Ok(WaitStatus::Exited(_, code)) => {
                    self.reaped = true;
                    return Ok((None, Some(code)));
                }
                Ok(WaitStatus::Signaled(_, signal, _)) => {
                    self.reaped = true;
                    return Ok((Some(signal as i32), None));
                }
                Ok(_) | Err(Errno::EINTR) => {}
                // It was killed by a signal that nix does not know: it has ended all the same.
                Err(Errno::EINVAL) => {
                    self.reaped = true;
                    return Ok((None, None));
                }
                Err(error) => {
                    self.reaped = true;
                    return Err(error);
                }
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
            let _ = self.reap();
        }
    }
}

fn outcome(kind: u8, body: &[u8]) -> Outcome {
    let text = || String::from_utf8_lossy(body).into_owned();
    match kind {
        DONE => Ok(body.to_vec()),
        PANICKED => Err(TaskError::Panicked { message: text() }),
        UNDECODABLE => Err(TaskError::Undecodable(CodecError { message: text() })),
        _ => {
            let bytes = body.first_chunk().map_or(LIMIT + 1, |bytes| u64::from_le_bytes(*bytes) as usize);
            Err(TaskError::PoolFailed(PoolError::Frame(FrameError::TooLong { bytes })))
        }
    }
}

/// The life of a worker: until the end of its tasks, or until nobody wants its answers.
fn serve<I: DeserializeOwned, O: Serialize>(
    mut next: impl FnMut() -> Option<(usize, Vec<u8>)>,
    to: BorrowedFd<'_>,
    task: fn(I) -> O,
) {
    while let Some((slot, body)) = next() {
        if write_frame(to, &[&[TAKEN][..], &(slot as u64).to_le_bytes()].concat()).is_err() {
            return;
        }
        let mut rest = body.as_slice();
        while let Some((head, tail)) = rest.split_first_chunk() {
            let (input, tail) = tail.split_at(u32::from_le_bytes(*head) as usize);
            rest = tail;
            if write_frame(to, &[BEGUN]).is_err() || write_frame(to, &answer(input, task)).is_err() {
                return;
            }
        }
    }
}

fn answer<I: DeserializeOwned, O: Serialize>(input: &[u8], task: fn(I) -> O) -> Vec<u8> {
    // What a panic leaves half done is what the task itself has built, and that is gone with it.
    let result = catch_unwind(AssertUnwindSafe(|| {
        let output = task(decode(input)?);
        encode(&output)
    }));
    let (kind, body) = match result {
        Ok(Ok(bytes)) => (DONE, bytes),
        Ok(Err(error)) => (UNDECODABLE, error.message.into_bytes()),
        Err(payload) => {
            let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
                (Some(text), _) => (*text).to_owned(),
                (_, Some(text)) => text.clone(),
                _ => "panic without a message".to_owned(),
            };
            // A payload may panic when it is dropped. It is of no use any more.
            if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                Box::leak(again);
            }
            (PANICKED, text.into_bytes())
        }
    };
    if body.len() >= LIMIT {
        return [&[TOO_LONG][..], &(body.len() as u64 + 1).to_le_bytes()].concat();
    }
    let mut answer = vec![kind];
    answer.extend(body);
    answer
}
