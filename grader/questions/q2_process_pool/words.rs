//! The words that the driver and the checks of this question share.
//!
//! A scene is a list of calls, each a list of numbers; what came back is an entry for each call.

/// What a task does, once its worker has begun it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Return.
    Return,
    /// Panic with a text.
    Panic,
    /// Panic with a text that stands in the program, [`LITERAL`].
    PanicLiteral,
    /// Return, and be deaf to `SIGTERM` from the beginning.
    Deaf,
    /// Return a result that refuses to be encoded.
    Unsayable,
    /// Panic with something that is no text.
    PanicWithNumber,
    /// End the process with this code.
    Exit(u64),
    /// Abort the process.
    Abort,
    /// Be killed by this signal.
    Signal(u64),
}

/// One input of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Its number, unlike all others of the scene.
    pub id: u64,
    /// Whether it waits at the judge's gate first.
    pub held: bool,
    /// What it does then.
    pub then: Then,
    /// The number that it squares.
    pub number: u64,
    /// How long its text is, in bytes.
    pub text_bytes: u64,
    /// Whether it refuses to be encoded.
    pub refuses: bool,
}

impl Job {
    /// A task that squares a number at once.
    pub fn plain(id: u64, number: u64) -> Self {
        Job { id, held: false, then: Then::Return, number, text_bytes: 0, refuses: false }
    }

    /// The same after the judge has let it go.
    pub fn held(id: u64, number: u64) -> Self {
        Job { held: true, ..Job::plain(id, number) }
    }

    /// Seven numbers.
    pub fn to_words(self) -> [u64; 7] {
        let (then, with) = match self.then {
            Then::Return => (0, 0),
            Then::Panic => (1, 0),
            Then::PanicWithNumber => (2, 0),
            Then::Exit(code) => (3, code),
            Then::Abort => (4, 0),
            Then::Signal(signal) => (5, signal),
            Then::PanicLiteral => (6, 0),
            Then::Deaf => (7, 0),
            Then::Unsayable => (8, 0),
        };
        [self.id, self.held.into(), then, with, self.number, self.text_bytes, self.refuses.into()]
    }

    /// Reads what [`Job::to_words`] wrote.
    pub fn from_words(words: [u64; 7]) -> Option<Self> {
        let [id, held, then, with, number, text_bytes, refuses] = words;
        let then = match then {
            0 => Then::Return,
            1 => Then::Panic,
            2 => Then::PanicWithNumber,
            3 => Then::Exit(with),
            4 => Then::Abort,
            5 => Then::Signal(with),
            6 => Then::PanicLiteral,
            7 => Then::Deaf,
            8 => Then::Unsayable,
            _ => return None,
        };
        Some(Job { id, held: held != 0, then, number, text_bytes, refuses: refuses != 0 })
    }
}

/// One call of the scene. Pools and tickets are numbered in the order in which they are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `ProcessPool::new(workers, …)`.
    New(u64),
    /// `ProcessPool::with_default_workers(…)`.
    NewDefault,
    /// `pool.apply(job)`.
    Apply(u64, Job),
    /// `pool.apply_async(job)`.
    ApplyAsync(u64, Job),
    /// `pool.get(ticket)`.
    Get(u64, u64),
    /// `pool.get_timeout(ticket, …)`, with the limit in milliseconds.
    GetTimeout(u64, u64, u64),
    /// `pool.map(jobs)`.
    Map(u64, Vec<Job>),
    /// `pool.map_chunked(jobs, chunk)`.
    MapChunked(u64, u64, Vec<Job>),
    /// `pool.worker_ids()`.
    WorkerIds(u64),
    /// `pool.close()`.
    Close(u64),
    /// `pool.join()`.
    Join(u64),
    /// `pool.terminate()`.
    Terminate(u64),
    /// `drop(pool)`.
    Drop(u64),
    /// A panic, caught, of a body that owns the pool.
    Unwind(u64),
    /// Stand at this checkpoint.
    Checkpoint(u64),
    /// From here on these faults, as in `drivers-faults`.
    Faults(u64),
    /// Frames of these lengths through a pipe, from one process to another: with these faults in
    /// both.
    Frames(u64, Vec<u64>),
    /// `read_frame` on these bytes, then the end.
    ReadRaw(Vec<u64>),
    /// What `write_frame` makes of a body of so many bytes.
    WriteRaw(u64),
    /// `write_frame` with this many bytes to a pipe that nobody reads.
    WriteToNobody(u64),
    /// The caller starts a child of its own, which leaves with this code.
    OwnChild(u64),
    /// The caller waits for that child.
    WaitForOwnChild,
    /// From here on the system refuses to fork after so many forks.
    RefuseForks(u64),
}

impl Call {
    /// The call as numbers.
    pub fn to_words(&self) -> Vec<u64> {
        let jobs = |head: &[u64], jobs: &[Job]| -> Vec<u64> {
            head.iter().copied().chain(jobs.iter().flat_map(|job| job.to_words())).collect()
        };
        match self {
            Call::New(workers) => vec![0, *workers],
            Call::NewDefault => vec![1],
            Call::Apply(pool, job) => jobs(&[2, *pool], &[*job]),
            Call::ApplyAsync(pool, job) => jobs(&[3, *pool], &[*job]),
            Call::Get(pool, ticket) => vec![4, *pool, *ticket],
            Call::GetTimeout(pool, ticket, limit_ms) => vec![5, *pool, *ticket, *limit_ms],
            Call::Map(pool, all) => jobs(&[6, *pool], all),
            Call::MapChunked(pool, chunk, all) => jobs(&[7, *pool, *chunk], all),
            Call::WorkerIds(pool) => vec![8, *pool],
            Call::Close(pool) => vec![9, *pool],
            Call::Join(pool) => vec![10, *pool],
            Call::Terminate(pool) => vec![11, *pool],
            Call::Drop(pool) => vec![12, *pool],
            Call::Checkpoint(number) => vec![13, *number],
            Call::Faults(mode) => vec![14, *mode],
            Call::Frames(mode, lengths) => [&[15, *mode], lengths.as_slice()].concat(),
            Call::ReadRaw(bytes) => [&[16], bytes.as_slice()].concat(),
            Call::WriteRaw(bytes) => vec![17, *bytes],
            Call::WriteToNobody(bytes) => vec![18, *bytes],
            Call::OwnChild(code) => vec![19, *code],
            Call::WaitForOwnChild => vec![20],
            Call::RefuseForks(after) => vec![21, *after],
            Call::Unwind(pool) => vec![22, *pool],
        }
    }

    /// Reads what [`Call::to_words`] wrote.
    pub fn from_words(words: &[u64]) -> Option<Self> {
        let jobs = |words: &[u64]| -> Option<Vec<Job>> {
            words.as_chunks::<7>().0.iter().map(|&words| Job::from_words(words)).collect()
        };
        let one = |words: &[u64]| jobs(words)?.first().copied();
        Some(match words {
            [0, workers] => Call::New(*workers),
            [1] => Call::NewDefault,
            [2, pool, job @ ..] => Call::Apply(*pool, one(job)?),
            [3, pool, job @ ..] => Call::ApplyAsync(*pool, one(job)?),
            [4, pool, ticket] => Call::Get(*pool, *ticket),
            [5, pool, ticket, limit_ms] => Call::GetTimeout(*pool, *ticket, *limit_ms),
            [6, pool, all @ ..] => Call::Map(*pool, jobs(all)?),
            [7, pool, chunk, all @ ..] => Call::MapChunked(*pool, *chunk, jobs(all)?),
            [8, pool] => Call::WorkerIds(*pool),
            [9, pool] => Call::Close(*pool),
            [10, pool] => Call::Join(*pool),
            [11, pool] => Call::Terminate(*pool),
            [12, pool] => Call::Drop(*pool),
            [22, pool] => Call::Unwind(*pool),
            [13, number] => Call::Checkpoint(*number),
            [14, mode] => Call::Faults(*mode),
            [15, mode, lengths @ ..] => Call::Frames(*mode, lengths.to_vec()),
            [16, bytes @ ..] => Call::ReadRaw(bytes.to_vec()),
            [17, bytes] => Call::WriteRaw(*bytes),
            [18, bytes] => Call::WriteToNobody(*bytes),
            [19, code] => Call::OwnChild(*code),
            [20] => Call::WaitForOwnChild,
            [21, after] => Call::RefuseForks(*after),
            _ => return None,
        })
    }
}

/// A text of this length that belongs to a job: nobody can guess one from another.
pub fn text_of(id: u64, bytes: u64) -> String {
    let mut state = id.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let letter = |state: u64| char::from(b'a' + u8::try_from(state % 26).unwrap_or_default());
    (0..bytes)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            letter(state >> 33)
        })
        .collect()
}

/// What a task makes of its text: as long, and not the same.
pub fn answer_of(text: &str) -> String {
    text.chars().rev().collect()
}

pub use wire::digest;

/// The bytes of a frame's body.
pub fn body_of(place: u64, bytes: u64) -> Vec<u8> {
    text_of(place + 77, bytes).into_bytes()
}

/// A result of a task; args: call, place in it, [`DONE`] … [`POOL_FAILED`], and its numbers.
pub const RESULT: u64 = 1;
/// A call has returned without tasks' results; args: call, 0 or the error as in [`POOL_FAILED`].
pub const RETURNED: u64 = 2;
/// Process ids; args: call, then the ids.
pub const IDS: u64 = 4;
/// `get_timeout` gave the ticket back; args: call, nanoseconds that have passed.
pub const TICKET_BACK: u64 = 5;
/// A frame was read; args: call, place, length, digest.
pub const FRAME: u64 = 6;
/// A frame was not read; args: call, place, then [`CLEAN_END`] or the error.
pub const NO_FRAME: u64 = 7;
/// How the writing process of a scene of frames ended; args: call, code.
pub const WRITER: u64 = 8;
/// What `write_frame` wrote; args: call, length, digest, then the first four bytes.
pub const WRITTEN: u64 = 9;
/// What `write_frame` returned; args: call, 0 or the error.
pub const WROTE: u64 = 10;

/// A task has a result; args go on: id, number, length of its text, digest of it.
pub const DONE: u64 = 1;
/// It has panicked; the text of the entry is the message.
pub const TASK_PANICKED: u64 = 2;
/// Its worker has died; args go on: signal or 0, code + 1 or 0.
pub const WORKER_DIED: u64 = 3;
/// The pool was closed.
pub const CLOSED: u64 = 4;
/// The codec refused.
pub const UNDECODABLE: u64 = 5;
/// The pool failed; args go on: 1 no workers, 2 closed, 3 fork, 4 frame, 5 the system.
pub const POOL_FAILED: u64 = 6;

/// The end of file, at the end of a frame.
pub const CLEAN_END: u64 = 1;
/// `FrameError::Truncated`.
pub const TRUNCATED: u64 = 2;
/// `FrameError::TooLong`; args go on: bytes.
pub const TOO_LONG: u64 = 3;
/// `FrameError::Os`; args go on: the error's number.
pub const OS: u64 = 4;

/// The caller's own child has ended; args: call, code (or 1000 if nobody knows it).
pub const OWN_CHILD: u64 = 11;

/// This system can be made to refuse a fork.
pub const REFUSES: u64 = 12;

/// The text of a panic that needs no memory of its own.
pub const LITERAL: &str = "a panic whose text stands in the program";

/// The text with which a task panics that is told to.
pub fn panic_text(id: u64) -> String {
    format!("task {id} panics on purpose")
}
