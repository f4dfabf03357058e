//! One worker process, seen from both sides: what it does, and what the pool knows about it. This
//! module does not know which task goes to which worker.
//!
//! The pool sends *parcels*: frames whose body is one frame for each input. The worker answers each
//! input with a frame of its own before it begins the next, so whoever has the answers knows which
//! input was being run when a worker dies. The answers to one parcel leave together; until they do they
//! also lie in the worker's [`Tray`], where they outlive it.

use crate::frame::{HEADER, Inbox, Outbox, Patience, PoolEnd, Tray, close_pool_ends, frames_in, header};
use crate::{FrameError, PoolError, TaskError};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, getpid, pipe2, write};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use toolkit::{CodecError, codec, fork};

// ---- what travels -------------------------------------------------------------------------------

/// Where the results of a parcel belong.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// The parcel is one task, and this is its ticket. Nothing else is on the way to its worker.
    Ticket(u64),
    /// The next inputs of the running `map`, from this index on. Nothing else is on the way.
    Map(usize),
    /// The same for `map_chunked`: one more such parcel may be on the way.
    Chunk(usize),
}

impl Place {
    /// How much of a worker's load, which is at most 2, such a parcel is.
    pub(crate) fn load(self) -> usize {
        if matches!(self, Place::Chunk(_)) { 1 } else { 2 }
    }

    fn after(self, count: usize) -> Place {
        match self {
            Place::Ticket(number) => Place::Ticket(number),
            Place::Map(index) => Place::Map(index + count),
            Place::Chunk(index) => Place::Chunk(index + count),
        }
    }
}

/// Inputs that travel together: one frame, ready to be sent.
#[derive(Debug)]
pub(crate) struct Parcel {
    place: Place,
    count: usize,
    answered: usize,
    wire: Vec<u8>,
    sent: usize,
}

impl Parcel {
    pub(crate) fn new(place: Place) -> Parcel {
        let mut wire = Vec::with_capacity(32); // enough for many a task
        wire.extend_from_slice(&[0; HEADER]);
        Parcel { place, count: 0, answered: 0, wire, sent: 0 }
    }

    /// Adds an input, unless it cannot be encoded or the frame would become too long.
    pub(crate) fn pack<I: Serialize>(&mut self, input: &I) -> Result<(), TaskError> {
        self.add(|wire| codec::encode_into(input, wire).map_err(TaskError::Undecodable))
    }

    fn add(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), TaskError>) -> Result<(), TaskError> {
        let begin = self.wire.len();
        self.wire.extend_from_slice(&[0; HEADER]);
        let too_long = |error| TaskError::PoolFailed(PoolError::Frame(error));
        let added = write(&mut self.wire).and_then(|()| self.put_headers(begin).map_err(too_long));
        match added {
            Ok(()) => self.count += 1,
            Err(_) => self.wire.truncate(begin),
        }
        added
    }

    /// Puts the lengths of the input at `begin` and of the whole parcel where they belong.
    fn put_headers(&mut self, begin: usize) -> Result<(), FrameError> {
        let inner = header(self.wire.len() - begin - HEADER)?;
        let outer = header(self.wire.len() - HEADER)?;
        self.wire[begin..begin + HEADER].copy_from_slice(&inner);
        self.wire[..HEADER].copy_from_slice(&outer);
        Ok(())
    }

    /// Where the results belong of the inputs that have no answer yet.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> + use<> {
        let (place, answered) = (self.place, self.answered);
        (answered..self.count).map(move |done| place.after(done))
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// A parcel of the inputs that come after the first `done`, if there are any.
    fn after(&self, done: usize) -> Option<Parcel> {
        let mut rest = Parcel::new(self.place.after(done));
        for input in frames_in(&self.wire[HEADER..]).skip(done) {
            // It fitted before.
            let again = |wire: &mut Vec<u8>| {
                wire.extend_from_slice(input);
                Ok(())
            };
            rest.add(again).ok()?;
        }
        (rest.count > 0).then_some(rest)
    }
}

/// The first byte of an answer; what follows it is the result, or the words of an error.
const RESULT: u8 = 0;
const PANICKED: u8 = 1;
const UNDECODABLE: u8 = 2;
const TOO_LONG: u8 = 3;

/// Reads the body of an answer.
pub(crate) fn open<O: DeserializeOwned>(answer: &[u8]) -> Result<O, TaskError> {
    let undecodable = |message: String| TaskError::Undecodable(CodecError { message });
    let Some((&kind, rest)) = answer.split_first() else {
        return Err(undecodable("an empty answer".to_owned()));
    };
    let words = || String::from_utf8_lossy(rest).into_owned();
    match kind {
        RESULT => match catch_unwind(|| codec::decode(rest)) {
            Ok(result) => result.map_err(TaskError::Undecodable),
            // Unwinding from here would leave the pool half way through its work.
            Err(payload) => Err(undecodable(text_of(payload))),
        },
        PANICKED => Err(TaskError::Panicked { message: words() }),
        TOO_LONG => {
            let bytes = codec::decode(rest).unwrap_or(usize::MAX);
            Err(TaskError::PoolFailed(PoolError::Frame(FrameError::TooLong { bytes })))
        }
        _ => Err(undecodable(words())),
    }
}

// ---- the worker's side --------------------------------------------------------------------------

/// The life of a worker: runs what arrives until the pool's end of the pipe is closed. Returns its
/// exit code.
fn serve<I, O>(task: fn(I) -> O, tasks: OwnedFd, answers: OwnedFd, tray: &Tray) -> i32
where
    I: DeserializeOwned,
    O: Serialize,
{
    let mut inbox = Inbox::default();
    let mut outbox = Outbox::new(answers, tray);
    let mut patience = Patience::default();
    loop {
        let parcel = match inbox.next() {
            Ok(Some(parcel)) => parcel,
            Ok(None) => match inbox.fill(&tasks) {
                Ok((0, _)) => return 0, // the pool is gone, or wants no more
                Ok(_) => continue,
                Err(FrameError::Os(Errno::EAGAIN)) if patience.again() => continue,
                Err(FrameError::Os(Errno::EAGAIN)) => {
                    // Interrupted or not, we look again.
                    let _ = poll(&mut [PollFd::new(tasks.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE);
                    continue;
                }
                Err(_) => return 1,
            },
            Err(_) => return 1,
        };
        patience.done();
        // From here on the inputs are ours. If we die before this line, as when we are killed while
        // idle and a task is already in the pipe, the pool gives the parcel to another worker.
        tray.begin();
        let mut inputs = frames_in(parcel).peekable();
        while let Some(input) = inputs.next() {
            let begin = outbox.frames.len();
            run(task, input, &mut outbox.frames);
            if outbox.add(begin, inputs.peek().is_none()).is_err() {
                return 1; // nobody reads: the pool is gone
            }
        }
    }
}

/// Runs the task and appends its answer, a whole frame, to `frames`.
fn run<I: DeserializeOwned, O: Serialize>(task: fn(I) -> O, input: &[u8], frames: &mut Vec<u8>) {
    let begin = frames.len();
    frames.extend_from_slice(&[0, 0, 0, 0, RESULT]);
    // Nothing that the task could leave half done is used after a panic: its input and its result
    // are its own, what was encoded of it is cut off, and what it did to statics is its own affair, as
    // in one process. Decoding and encoding are in here too, as both may call code of the task's author.
    let result = catch_unwind(AssertUnwindSafe(|| codec::encode_into(&task(codec::decode(input)?), frames)));
    let mut instead = |kind: u8, rest: &[u8]| {
        frames.truncate(begin + HEADER);
        frames.push(kind);
        frames.extend_from_slice(rest);
    };
    match result {
        Ok(Ok(())) => {}
        Ok(Err(error)) => instead(UNDECODABLE, error.message.as_bytes()),
        Err(payload) => instead(PANICKED, text_of(payload).as_bytes()),
    }
    let bytes = frames.len() - begin - HEADER;
    let length = header(bytes).unwrap_or_else(|_| {
        frames.truncate(begin + HEADER);
        frames.push(TOO_LONG);
        frames.extend(codec::encode(&bytes).unwrap_or_default());
        ((frames.len() - begin - HEADER) as u32).to_le_bytes()
    });
    frames[begin..begin + HEADER].copy_from_slice(&length);
}

fn text_of(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload.downcast_ref::<&str>().unwrap_or(&"panic without a message").to_string(),
    }
}

// ---- the pool's side ----------------------------------------------------------------------------

/// A running worker. Dropping it kills and reaps the process.
#[derive(Debug)]
pub(crate) struct Worker {
    /// The process; `None` once it has been reaped, for its id may be somebody else's by then.
    process: Option<Pid>,
    /// The process that started it: a copy of this value in another one must not kill anybody.
    owner: Pid,
    tasks: Option<PoolEnd>,
    answers: PoolEnd,
    /// What the worker leaves behind if it dies.
    tray: Tray,
    inbox: Inbox,
    on_the_way: VecDeque<Parcel>,
    finished_parcels: u64,
    answers_taken: u64,
}

/// What a worker that has died leaves behind.
pub(crate) struct Estate {
    /// The parcels that nobody has begun, oldest first.
    pub(crate) parcels: Vec<Parcel>,
    /// For its successor.
    pub(crate) tray: Tray,
}

impl Worker {
    /// Starts a worker that runs `task`. The tray must be nobody else's, save that of a dead worker.
    pub(crate) fn start<I, O>(task: fn(I) -> O, tray: &Tray) -> Result<Worker, PoolError>
    where
        I: DeserializeOwned,
        O: Serialize,
    {
        tray.clean();
        let (worker_tasks, tasks) = pipe2(OFlag::O_CLOEXEC).map_err(PoolError::Os)?;
        let (answers, worker_answers) = pipe2(OFlag::O_CLOEXEC).map_err(PoolError::Os)?;
        // The pool never blocks in a read or write, and the worker does not when it looks for tasks. Its
        // answers it writes with patience: the flag belongs to one end, not to the pipe.
        for end in [&tasks, &answers, &worker_tasks] {
            fcntl(end, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(PoolError::Os)?;
        }
        let (tasks, answers) = (PoolEnd::new(tasks), PoolEnd::new(answers));
        // The worker's ends move into the child, which closes them here as soon as it runs.
        let child = || {
            close_pool_ends();
            serve(task, worker_tasks, worker_answers, tray)
        };
        let process = fork(child).map_err(PoolError::Fork)?;
        Ok(Worker {
            process: Some(process),
            owner: getpid(),
            tasks: Some(tasks),
            answers,
            tray: tray.clone(),
            inbox: Inbox::default(),
            on_the_way: VecDeque::new(),
            finished_parcels: 0,
            answers_taken: 0,
        })
    }

    pub(crate) fn id(&self) -> Option<Pid> {
        self.process
    }

    pub(crate) fn answers(&self) -> BorrowedFd<'_> {
        self.answers.as_fd()
    }

    /// The pipe to wait for until it takes more, if something is still to be sent.
    pub(crate) fn blocked(&self) -> Option<BorrowedFd<'_>> {
        let unsent = self.on_the_way.back().is_some_and(|parcel| parcel.sent < parcel.wire.len());
        if unsent { self.tasks.as_ref().map(AsFd::as_fd) } else { None }
    }

    /// How busy the worker is: 0, 1 for a chunk, 2 if nothing more may be on the way.
    pub(crate) fn load(&self) -> usize {
        self.on_the_way.iter().map(|parcel| parcel.place.load()).sum()
    }

    /// Puts a parcel on the way and sends what the pipe takes.
    pub(crate) fn give(&mut self, parcel: Parcel) {
        self.on_the_way.push_back(parcel);
        self.send();
    }

    /// Sends what the pipe takes, and never waits. A pool that waited here while its worker waits to
    /// get rid of an answer would wait for ever: two full pipes, and nobody reads.
    pub(crate) fn send(&mut self) {
        let Some(tasks) = &self.tasks else { return };
        for parcel in &mut self.on_the_way {
            while parcel.sent < parcel.wire.len() {
                match write(tasks, &parcel.wire[parcel.sent..]) {
                    Ok(taken) => parcel.sent += taken,
                    Err(Errno::EINTR) => {}
                    Err(Errno::EAGAIN) => return,
                    // The worker is gone. Its answers come to an end too, and then it is buried.
                    Err(_) => return self.tasks = None,
                }
            }
        }
    }

    /// Reads the answers that are here and hands each to `deliver`. Returns whether the worker is
    /// still there.
    pub(crate) fn receive(&mut self, deliver: &mut impl FnMut(Place, Result<&[u8], TaskError>)) -> bool {
        loop {
            let more = match self.inbox.fill(&self.answers) {
                Ok((0, _)) => return false,
                Ok((_, more)) => more,
                Err(FrameError::Os(Errno::EAGAIN)) => return true,
                Err(_) => return false,
            };
            loop {
                match self.inbox.next() {
                    Ok(Some(answer)) => {
                        let Some(place) = next_place(&mut self.on_the_way, &mut self.finished_parcels) else {
                            return false;
                        };
                        self.answers_taken += 1;
                        deliver(place, Ok(answer));
                    }
                    Ok(None) => break,
                    Err(_) => return false, // not an answer: the task wrote to a pipe that is not its own
                }
            }
            if !more {
                return true;
            }
        }
    }

    /// Ends and reaps the worker. Hands the answers that it has not sent, and the error of the input
    /// that was being run, if one was, to `deliver`.
    pub(crate) fn bury(mut self, deliver: &mut impl FnMut(Place, Result<&[u8], TaskError>)) -> Estate {
        let error = self.reap();
        for answer in self.tray.left_from(self.answers_taken) {
            if let Some(place) = next_place(&mut self.on_the_way, &mut self.finished_parcels) {
                deliver(place, Ok(&answer));
            }
        }
        // Had it begun the oldest parcel? Then the first input without an answer was being run.
        // A parcel that it had not begun goes to another worker whole: a worker that is killed while
        // idle must not take the next task with it.
        let torn = self.tray.begun() > self.finished_parcels;
        let mut parcels = Vec::new();
        for (index, parcel) in self.on_the_way.iter().enumerate() {
            let running = usize::from(torn && index == 0);
            parcels.extend(parcel.after(parcel.answered + running));
        }
        if let Some(parcel) = self.on_the_way.front().filter(|_| torn) {
            deliver(parcel.place.after(parcel.answered), Err(error));
        }
        Estate { parcels, tray: self.tray.clone() }
    }

    /// Kills the process and waits for it. Its answers have ended, so as a rule it has ended too, and
    /// a signal does not change the way in which a process has already ended.
    fn reap(&mut self) -> TaskError {
        self.kill();
        let (signal, code) = match self.wait() {
            Ok(WaitStatus::Signaled(_, signal, _)) => (Some(signal as i32), None),
            Ok(WaitStatus::Exited(_, code)) => (None, Some(code)),
            _ => (None, None),
        };
        TaskError::WorkerDied { signal, code }
    }

    /// Tells the worker that nothing more comes; it ends when it has answered everything.
    pub(crate) fn dismiss(&mut self) {
        self.tasks = None;
    }

    /// Kills the process without waiting for its end.
    pub(crate) fn kill(&self) {
        // Not reaped yet, so the id is still that of our child.
        if let Some(process) = self.process.filter(|_| getpid() == self.owner) {
            let _ = kill(process, Signal::SIGKILL);
        }
    }

    /// Waits for the end of the process and reaps it.
    pub(crate) fn wait(&mut self) -> Result<WaitStatus, Errno> {
        let Some(process) = self.process.take() else { return Err(Errno::ECHILD) };
        loop {
            match waitpid(process, None) {
                Err(Errno::EINTR) => {}
                result => return result,
            }
        }
    }
}

/// Where the next answer belongs, in the order in which the parcels went out; the parcel that it
/// completes is done. `None` if nothing was asked.
fn next_place(on_the_way: &mut VecDeque<Parcel>, finished_parcels: &mut u64) -> Option<Place> {
    let parcel = on_the_way.front_mut()?;
    let place = parcel.place.after(parcel.answered);
    parcel.answered += 1;
    if parcel.answered == parcel.count {
        on_the_way.pop_front();
        *finished_parcels += 1;
    }
    Some(place)
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.process.is_some() && getpid() == self.owner {
            self.reap();
        }
    }
}
