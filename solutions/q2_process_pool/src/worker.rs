//! One worker process, seen from both sides: what it does, and what the pool knows about it. This
//! module does not know which task goes to which worker.
//!
//! The pool sends *parcels*: frames whose body is one frame for each input. The worker answers each
//! input with a frame of its own before it begins the next, so whoever reads the answers knows which
//! input was being run when a worker dies.

use crate::frame::{HEADER, Inbox, frames_in, header, write_frame};
use crate::{FrameError, PoolError, TaskError};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, close, getpid, pipe2, read, write};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::collections::VecDeque;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
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
        Parcel { place, count: 0, answered: 0, wire: vec![0; HEADER], sent: 0 }
    }

    /// Adds an encoded input, unless the frame would become too long.
    pub(crate) fn add(&mut self, input: &[u8]) -> Result<(), FrameError> {
        let inner = header(input.len())?;
        let outer = header(self.wire.len() + input.len())?; // one old header out, one new one in
        self.wire.extend_from_slice(&inner);
        self.wire.extend_from_slice(input);
        self.wire[..HEADER].copy_from_slice(&outer);
        self.count += 1;
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
            rest.add(input).ok()?; // it fitted before
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
fn serve<I, O>(task: fn(I) -> O, tasks: OwnedFd, answers: OwnedFd, begun: &EventFd) -> i32
where
    I: DeserializeOwned,
    O: Serialize,
{
    let mut inbox = Inbox::default();
    let mut answer = Vec::new();
    loop {
        let parcel = match inbox.next() {
            Ok(Some(parcel)) => parcel,
            Ok(None) => match inbox.fill(&tasks) {
                Ok((0, _)) => return 0, // the pool is gone, or wants no more
                Ok(_) => continue,
                Err(_) => return 1,
            },
            Err(_) => return 1,
        };
        // From here on the inputs are ours. If we die before this line, as when we are killed while
        // idle and a task is already in the pipe, the pool gives the parcel to another worker.
        while begun.write(1) == Err(Errno::EINTR) {}
        for input in frames_in(parcel) {
            run(task, input, &mut answer);
            let too_long = match write_frame(&answers, &answer) {
                Ok(()) => continue,
                Err(FrameError::TooLong { bytes }) => bytes,
                Err(_) => return 1, // nobody reads: the pool is gone
            };
            fill(&mut answer, TOO_LONG, &codec::encode(&too_long).unwrap_or_default());
            if write_frame(&answers, &answer).is_err() {
                return 1;
            }
        }
    }
}

/// Runs the task and puts the body of its answer into `answer`.
fn run<I: DeserializeOwned, O: Serialize>(task: fn(I) -> O, input: &[u8], answer: &mut Vec<u8>) {
    // Nothing that the task could leave half done is used after a panic: its input and its result
    // are its own, and what it did to statics is its own affair, as in one process. Decoding and
    // encoding are in here too, as both may call code of the task's author.
    let result = catch_unwind(AssertUnwindSafe(|| codec::encode(&task(codec::decode(input)?))));
    match result {
        Ok(Ok(bytes)) => fill(answer, RESULT, &bytes),
        Ok(Err(error)) => fill(answer, UNDECODABLE, error.message.as_bytes()),
        Err(payload) => fill(answer, PANICKED, text_of(payload).as_bytes()),
    }
}

fn fill(answer: &mut Vec<u8>, kind: u8, rest: &[u8]) {
    answer.clear();
    answer.push(kind);
    answer.extend_from_slice(rest);
}

fn text_of(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload.downcast_ref::<&str>().unwrap_or(&"panic without a message").to_string(),
    }
}

// ---- the pool's side ----------------------------------------------------------------------------

/// Every descriptor that a pool of this process holds. A new worker inherits them all, and an end
/// that it kept would outlive its pool: another worker would wait for ever for the end of its tasks.
static POOL_ENDS: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

fn pool_ends() -> MutexGuard<'static, Vec<RawFd>> {
    POOL_ENDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A descriptor of the pool's side, which new workers close.
#[derive(Debug)]
struct PoolEnd(OwnedFd);

impl PoolEnd {
    fn new(fd: OwnedFd) -> PoolEnd {
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
fn close_pool_ends() {
    for fd in std::mem::take(&mut *pool_ends()) {
        let _ = close(fd);
    }
}

/// A running worker. Dropping it kills and reaps the process.
#[derive(Debug)]
pub(crate) struct Worker {
    /// The process; `None` once it has been reaped, for its id may be somebody else's by then.
    process: Option<Pid>,
    /// The process that started it: a copy of this value in another one must not kill anybody.
    owner: Pid,
    tasks: Option<PoolEnd>,
    answers: PoolEnd,
    /// Counts the parcels that the worker has begun, and survives it.
    begun: PoolEnd,
    inbox: Inbox,
    on_the_way: VecDeque<Parcel>,
    finished_parcels: u64,
}

impl Worker {
    /// Starts a worker that runs `task`.
    pub(crate) fn start<I, O>(task: fn(I) -> O) -> Result<Worker, PoolError>
    where
        I: DeserializeOwned,
        O: Serialize,
    {
        let (worker_tasks, tasks) = pipe2(OFlag::O_CLOEXEC).map_err(PoolError::Os)?;
        let (answers, worker_answers) = pipe2(OFlag::O_CLOEXEC).map_err(PoolError::Os)?;
        let begun = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK);
        let begun = begun.map_err(PoolError::Os)?;
        // Only the pool's ends: the flag belongs to one end, and the worker likes to block.
        for end in [&tasks, &answers] {
            fcntl(end, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(PoolError::Os)?;
        }
        let (tasks, answers) = (Some(PoolEnd::new(tasks)), PoolEnd::new(answers));
        // The worker's ends move into the child, which closes them here as soon as it runs.
        let child = || {
            close_pool_ends();
            serve(task, worker_tasks, worker_answers, &begun)
        };
        let process = Some(fork(child).map_err(PoolError::Fork)?);
        let begun = PoolEnd::new(begun.into());
        let (inbox, on_the_way) = (Inbox::default(), VecDeque::new());
        Ok(Worker { process, owner: getpid(), tasks, answers, begun, inbox, on_the_way, finished_parcels: 0 })
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
    pub(crate) fn receive(&mut self, deliver: &mut impl FnMut(Place, &[u8])) -> bool {
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
                        let Some(parcel) = self.on_the_way.front_mut() else { return false };
                        deliver(parcel.place.after(parcel.answered), answer);
                        parcel.answered += 1;
                        if parcel.answered == parcel.count {
                            self.on_the_way.pop_front();
                            self.finished_parcels += 1;
                        }
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

    /// Ends and reaps the worker. Hands the input that was being run, if one was, to `failed`, and
    /// returns the parcels that nobody has begun, oldest first.
    pub(crate) fn bury(mut self, failed: impl FnOnce(Place, TaskError)) -> Vec<Parcel> {
        let parcels = std::mem::take(&mut self.on_the_way);
        let finished = self.finished_parcels;
        let error = self.reap();
        let begun = self.begun();
        // Had it begun the oldest parcel? Then the first input without an answer was being run.
        // A parcel that it had not begun goes to another worker whole: a worker that is killed while
        // idle must not take the next task with it.
        let torn = begun > finished;
        let mut rest = Vec::new();
        for (index, parcel) in parcels.iter().enumerate() {
            let running = usize::from(torn && index == 0);
            rest.extend(parcel.after(parcel.answered + running));
        }
        if let Some(parcel) = parcels.front().filter(|_| torn) {
            failed(parcel.place.after(parcel.answered), error);
        }
        rest
    }

    /// Says how many parcels the worker has begun in its life. The counter is the kernel's, so it is
    /// right even if the worker died in the very next instruction.
    fn begun(&self) -> u64 {
        let mut count = [0; 8];
        loop {
            match read(&self.begun, &mut count) {
                Ok(_) => return u64::from_ne_bytes(count),
                Err(Errno::EINTR) => {}
                Err(_) => return 0, // it is empty: nothing was begun
            }
        }
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

impl Drop for Worker {
    fn drop(&mut self) {
        if self.process.is_some() && getpid() == self.owner {
            self.reap();
        }
    }
}
