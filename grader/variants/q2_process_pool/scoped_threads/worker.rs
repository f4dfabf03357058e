//! One worker process, seen from both sides.
//!
//! To the worker: a frame holds one or more inputs, each with its length before it. From the worker:
//! before each input a frame that says "begun", and after it a frame with its answer.

use crate::frame::{LIMIT, read_frame, write_frame};
use crate::{FrameError, PoolError, TaskError};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, close, pipe2};
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

/// What goes into one frame.
pub(crate) struct Batch {
    pub(crate) items: VecDeque<Item>,
}

/// What the caller knows about a worker.
pub(crate) struct Worker {
    pub(crate) pid: Pid,
    tasks: Option<End>,
    answers: End,
    /// What has been given to it and has no answer yet, the oldest first.
    pub(crate) held: VecDeque<Batch>,
    /// Whether it has said that it began the first of these.
    pub(crate) begun: bool,
    reaped: bool,
}

impl Worker {
    pub(crate) fn start<I: DeserializeOwned, O: Serialize>(task: fn(I) -> O) -> Result<Self, PoolError> {
        let (task_read, task_write) = pipe2(OFlag::O_CLOEXEC).map_err(PoolError::Os)?;
        let (answer_read, answer_write) = pipe2(OFlag::O_CLOEXEC).map_err(PoolError::Os)?;
        let (tasks, answers) = (End::new(task_write), End::new(answer_read));
        let foreign = ends().clone();
        let pid = fork(move || {
            ends().clear();
            for end in foreign {
                let _ = close(end);
            }
            let (from, to) = (End::new(task_read), End::new(answer_write));
            serve(from.0.as_fd(), to.0.as_fd(), task);
            0
        })
        .map_err(PoolError::Fork)?;
        Ok(Worker {
            pid,
            tasks: Some(tasks),
            answers,
            held: VecDeque::new(),
            begun: false,
            reaped: false,
        })
    }

    pub(crate) fn answers(&self) -> BorrowedFd<'_> {
        self.answers.0.as_fd()
    }

    /// Sends `batch` to the worker, which is idle: it reads all of it without writing a word meanwhile,
    /// so this blocks only until it has read.
    pub(crate) fn give(&mut self, batch: Batch) {
        let mut body = Vec::with_capacity(batch.items.iter().map(|item| room(&item.input)).sum());
        for item in &batch.items {
            body.extend((item.input.len() as u32).to_le_bytes());
            body.extend(&item.input);
        }
        self.held.push_back(batch);
        if let Some(tasks) = &self.tasks {
            // Should nobody read any more, the end of the answers will tell.
            let _ = write_frame(&tasks.0, &body);
        }
    }

    /// Reads the answers of which at least a part is here; false when the worker has gone. The
    /// worker writes each of them in one go, so the rest of it is on its way.
    pub(crate) fn receive(&mut self, mut result: impl FnMut(u64, Outcome)) -> bool {
        while self.has_news() {
            let Ok(Some(frame)) = read_frame(self.answers()) else { return false };
            let Some((kind, body)) = frame.split_first() else { continue };
            self.begun = *kind == BEGUN;
            if self.begun {
                continue;
            }
            let Some(batch) = self.held.front_mut() else { continue };
            if let Some(item) = batch.items.pop_front() {
                result(item.id, outcome(*kind, body));
            }
            if batch.items.is_empty() {
                self.held.pop_front();
            }
        }
        true
    }

    fn has_news(&self) -> bool {
        loop {
            let mut ends = [PollFd::new(self.answers(), PollFlags::POLLIN)];
            match poll(&mut ends, PollTimeout::ZERO) {
                Ok(count) => return count > 0,
                Err(Errno::EINTR) => {}
                Err(_) => return false,
            }
        }
    }

    /// Lets the worker end by itself: it will see that there is nothing more to do.
    pub(crate) fn dismiss(&mut self) {
        self.tasks = None;
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
fn serve<I: DeserializeOwned, O: Serialize>(from: BorrowedFd<'_>, to: BorrowedFd<'_>, task: fn(I) -> O) {
    while let Ok(Some(frame)) = read_frame(from) {
        let mut rest = frame.as_slice();
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
