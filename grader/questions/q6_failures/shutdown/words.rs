//! The calls of the part about shutting down, what its jobs do, and how a call and its end are told.

/// What a job does at last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Return this number; if it was held, the sum of it and of what its gate added.
    Give(u64),
    /// Return the signals that it blocks, see [`bits`].
    Mask,
    /// Panic with a text of about so many bytes that names the job: a `String`.
    Panic(u64),
    /// Panic with a text that is the same for all: a `&str`.
    PanicPlain,
    /// Panic with a value that is no text.
    PanicNumber,
    /// Leave by `std::process::exit` with this code.
    Exit(u64),
    /// Abort.
    Abort,
    /// Send itself this signal.
    Signal(u64),
    /// Block every signal that can be blocked, check in once more under the number [`DEAF`], and return 0.
    Deaf,
    /// Block every signal that can be blocked, and return 0.
    Block,
}

/// A job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Whether it waits at the judge's gate first.
    pub held: bool,
    /// What it does then.
    pub then: Then,
}

impl Job {
    /// One that does this at once.
    pub const fn plain(then: Then) -> Self {
        Self { held: false, then }
    }

    /// One that the judge holds first.
    pub const fn held(then: Then) -> Self {
        Self { held: true, then }
    }

    /// Two numbers.
    pub fn to_words(self) -> [u64; 2] {
        let (kind, with) = match self.then {
            Then::Give(value) => (0, value),
            Then::Mask => (1, 0),
            Then::Panic(bytes) => (2, bytes),
            Then::PanicPlain => (3, 0),
            Then::PanicNumber => (4, 0),
            Then::Exit(code) => (5, code),
            Then::Abort => (6, 0),
            Then::Signal(signal) => (7, signal),
            Then::Deaf => (8, 0),
            Then::Block => (9, 0),
        };
        [kind << 1 | u64::from(self.held), with]
    }

    /// Reads [`Job::to_words`].
    pub fn from_words([kind, with]: [u64; 2]) -> Option<Self> {
        let then = match kind >> 1 {
            0 => Then::Give(with),
            1 => Then::Mask,
            2 => Then::Panic(with),
            3 => Then::PanicPlain,
            4 => Then::PanicNumber,
            5 => Then::Exit(with),
            6 => Then::Abort,
            7 => Then::Signal(with),
            8 => Then::Deaf,
            9 => Then::Block,
            _ => return None,
        };
        Some(Self { held: kind & 1 == 1, then })
    }
}

/// The most jobs of a call: as many functions as the driver has.
pub const MOST_JOBS: usize = 12;

/// The number of a job at its gate: that of the call, and its place.
pub fn task(call: u64, place: u64) -> u64 {
    call * 100 + place
}

/// The number at the gate of a job that has become deaf.
pub const DEAF: u64 = 90_000;
/// The number at the gate of the caller itself, right before its first fork after [`Call::HoldFork`].
pub const AT_FORK: u64 = 90_001;

/// The number at the gate of a child that has just been forked, after [`Call::HoldBirth`].
pub const AT_BIRTH: u64 = 90_002;

/// The number at the gate of a child that is about to leave the caller's process group, after [`Call::HoldGroup`].
pub const AT_GROUP: u64 = 90_003;
/// The number at the gate of a child that is none of the answer's.
pub const STRANGER: u64 = 90_004;

/// The text of [`Then::PanicPlain`].
pub const PLAIN_TEXT: &str = "a job panics on purpose";

/// A text of about so many bytes, at least one line, with which a job panics.
pub fn text_of(place: u64, bytes: u64) -> String {
    let line = |number| format!("line {number} of what job {place} has to say; ");
    (0..=bytes / 32).map(line).collect()
}

pub use wire::digest;

/// One call of the scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `serve`.
    Serve {
        /// So many workers.
        workers: u64,
        /// Whether `progress` is a pipe that nobody reads; else it leads to the judge.
        unread: bool,
        /// The jobs.
        jobs: Vec<Job>,
    },
    /// Stand at this checkpoint.
    Checkpoint(u64),
    /// From here on these faults, as in `drivers-faults`.
    Faults(u64),
    /// Block these signals and no others, see [`bits`].
    Block(u64),
    /// Stand at the gate [`AT_FORK`] right before the next fork.
    HoldFork,
    /// Have every child of the next call stand at the gate [`AT_BIRTH`] before it does anything else.
    HoldBirth,
    /// Have every child of the next call stand at the gate [`AT_GROUP`] before it leaves the caller's process group.
    HoldGroup,
    /// Start a child that is none of the answer's: it waits as task [`STRANGER`], and ends.
    Stranger,
    /// Wait for it.
    Await,
    /// Have the system refuse to fork after so many more forks.
    NoFork(u64),
    /// Have the system fork again.
    Fork,
    /// Have the system refuse to open more than so many descriptors more.
    FewFiles(u64),
    /// Have the system open descriptors again.
    Files,
}

impl Call {
    /// The call as numbers.
    pub fn to_words(&self) -> Vec<u64> {
        match *self {
            Call::Serve { workers, unread, ref jobs } => {
                let jobs = jobs.iter().flat_map(|job| job.to_words());
                [0, workers, unread.into()].into_iter().chain(jobs).collect()
            }
            Call::Checkpoint(number) => vec![1, number],
            Call::Faults(mode) => vec![2, mode],
            Call::Block(signals) => vec![3, signals],
            Call::HoldFork => vec![4],
            Call::NoFork(after) => vec![5, after],
            Call::Fork => vec![6],
            Call::FewFiles(more) => vec![7, more],
            Call::Files => vec![8],
            Call::HoldBirth => vec![9],
            Call::HoldGroup => vec![10],
            Call::Stranger => vec![11],
            Call::Await => vec![12],
        }
    }

    /// Reads what [`Call::to_words`] wrote.
    pub fn from_words(words: &[u64]) -> Option<Self> {
        Some(match *words {
            [0, workers, unread, ref jobs @ ..] if jobs.len() <= 2 * MOST_JOBS => {
                let (jobs, []) = jobs.as_chunks::<2>() else { return None };
                let jobs = jobs.iter().map(|&job| Job::from_words(job)).collect::<Option<_>>()?;
                Call::Serve { workers, unread: unread != 0, jobs }
            }
            [1, number] => Call::Checkpoint(number),
            [2, mode] => Call::Faults(mode),
            [3, signals] => Call::Block(signals),
            [4] => Call::HoldFork,
            [5, after] => Call::NoFork(after),
            [6] => Call::Fork,
            [7, more] => Call::FewFiles(more),
            [8] => Call::Files,
            [9] => Call::HoldBirth,
            [10] => Call::HoldGroup,
            [11] => Call::Stranger,
            [12] => Call::Await,
            _ => return None,
        })
    }
}

/// Signals as one number, as the kernel shows them: signal 1 is the lowest bit.
pub fn bits(signals: &[u64]) -> u64 {
    signals.iter().fold(0, |bits, signal| bits | 1 << (signal - 1))
}

/// The checkpoint at which the driver stands before a fork that the system will refuse.
pub const AT_REFUSAL: u64 = 99;

/// A call has returned; args: call, what (one of those below), its number, and length and digest of a text; text: its beginning.
pub const RETURNED: u64 = 1;
/// A result; args: call, place of the job, value.
pub const FINISHED: u64 = 2;
/// Jobs that were refused; args: call, and their places.
pub const REFUSED: u64 = 3;
/// What the kernel shows of the caller's signals before a call, and after it; args: call, and for each of the two what it blocks,
/// ignores, catches, and what is pending.
pub const SIGNALS: u64 = 4;
/// The system really refuses to fork.
pub const REFUSES: u64 = 5;
/// The child that is none of the answer's was waited for; args: whether its end could still be seen.
pub const AWAITED: u64 = 6;

/// `Ok`.
pub const OK: u64 = 0;
/// `Returned`.
pub const FAILED: u64 = 1;
/// `Panicked`.
pub const PANICKED: u64 = 2;
/// `Killed`, with the signal.
pub const KILLED: u64 = 3;
/// `Exited`, with the code.
pub const EXITED: u64 = 4;
/// `Os`, with the error's number.
pub const OS: u64 = 5;
