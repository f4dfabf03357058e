//! The calls of the parts that are judged from outside, and what the jobs do.
//!
//! A scene is a list of calls, each a list of numbers; what came back is an entry for each call, and one for each outcome.

/// What a job does at last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Return its value, and what the gate has added if it was held.
    Return,
    /// The same, but a value that takes 64 bits.
    ReturnLarge,
    /// Panic with a text that names it: a `String`.
    Panic,
    /// The same with a text that is the same for all: a `&str`.
    PanicPlain,
    /// Panic with a value that is no text.
    PanicNumber,
    /// Panic with a text of about so many bytes.
    PanicLong(u32),
    /// Panic with one of [`SHORT_TEXTS`].
    PanicShort(u32),
    /// Panic with a text of about so many bytes, and be killed when half of that has been written somewhere.
    Torn(u32),
    /// The same with a text of so many ends of lines: wherever it is cut, it ends as a line does.
    TornLines(u32),
    /// Leave by `std::process::exit` with this code.
    Exit(u32),
    /// Abort.
    Abort,
    /// Be killed by this signal.
    Signal(u32),
    /// Add to the numbers that [`Call::Look`] looks at, and return the sum.
    Add(u32),
}

/// A job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Its number, by which it checks in with the judge.
    pub id: u64,
    /// Whether it waits at the judge's gate first.
    pub held: bool,
    /// What it does then.
    pub then: Then,
}

impl Job {
    /// A job that does this at once.
    pub fn plain(id: u64, then: Then) -> Self {
        Self { id, held: false, then }
    }

    /// A job that the judge holds first.
    pub fn held(id: u64, then: Then) -> Self {
        Self { id, held: true, then }
    }

    /// One number.
    pub fn word(self) -> u64 {
        let (then, with) = match self.then {
            Then::Return => (0, 0),
            Then::Panic => (1, 0),
            Then::PanicPlain => (2, 0),
            Then::PanicNumber => (3, 0),
            Then::PanicLong(bytes) => (4, bytes),
            Then::Exit(code) => (5, code),
            Then::Abort => (6, 0),
            Then::Signal(signal) => (7, signal),
            Then::Add(number) => (8, number),
            Then::PanicShort(which) => (9, which),
            Then::Torn(bytes) => (10, bytes),
            Then::TornLines(bytes) => (11, bytes),
            Then::ReturnLarge => (12, 0),
        };
        self.id << 40 | u64::from(self.held) << 39 | then << 32 | u64::from(with)
    }

    /// Reads [`Job::word`].
    pub fn from_word(word: u64) -> Option<Self> {
        let with = word as u32;
        let then = match word >> 32 & 0x7f {
            0 => Then::Return,
            1 => Then::Panic,
            2 => Then::PanicPlain,
            3 => Then::PanicNumber,
            4 => Then::PanicLong(with),
            5 => Then::Exit(with),
            6 => Then::Abort,
            7 => Then::Signal(with),
            8 => Then::Add(with),
            9 => Then::PanicShort(with),
            10 => Then::Torn(with),
            11 => Then::TornLines(with),
            12 => Then::ReturnLarge,
            _ => return None,
        };
        Some(Self { id: word >> 40, held: word >> 39 & 1 == 1, then })
    }

    /// What it gives back, as far as no gate adds to it.
    pub fn value(self) -> u64 {
        if self.then == Then::ReturnLarge { u64::MAX - self.id } else { self.id * 7 + 3 }
    }
}

/// The text of [`Then::PanicPlain`].
pub const PLAIN_TEXT: &str = "a job panics on purpose";
/// The texts of [`Then::PanicShort`].
pub const SHORT_TEXTS: [&str; 2] = ["", "\n"];

/// The text with which a job panics.
pub fn panic_text(job: Job) -> String {
    match job.then {
        Then::PanicPlain => PLAIN_TEXT.to_owned(),
        Then::PanicShort(which) => SHORT_TEXTS[which as usize % SHORT_TEXTS.len()].to_owned(),
        Then::PanicLong(bytes) | Then::Torn(bytes) => {
            let line = |number| format!("line {number} of what job {} has to say; ", job.id);
            (0..bytes / 32).map(line).collect()
        }
        Then::TornLines(bytes) => "\n".repeat(bytes as usize),
        _ => format!("job {} panics on purpose", job.id),
    }
}

/// A number that stands for a text.
pub fn digest(text: &str) -> u64 {
    wire::digest(text.as_bytes())
}

/// One call of the scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `in_processes` of these jobs.
    Run(Vec<Job>),
    /// `elapsed` of this job; 0 is `Threads`, 1 `Processes`.
    Elapsed(u64, Job),
    /// Stand at this checkpoint.
    Checkpoint(u64),
    /// From here on these faults, as in `drivers-faults`.
    Faults(u64),
    /// Set the numbers that jobs change.
    Set(u64),
    /// Look at them.
    Look,
    /// Let standard output go to the message socket, and print this without the end of the line.
    Print(u64),
    /// Flush standard output and put it back.
    Flush,
    /// Have the system refuse to fork after so many more forks.
    NoFork(u64),
    /// Have the system fork again.
    Fork,
    /// Have the system refuse to open more than so many descriptors more.
    FewFiles(u64),
    /// Have the system open descriptors again.
    Files,
    /// From here on the caller checks in as task [`START`] before each fork.
    HoldStart,
    /// The caller checks in as task [`START`] before the next thread is started.
    HoldThread,
    /// Start a child that is none of the answer's: it waits as task [`STRANGER`], and ends.
    Stranger,
    /// Wait for it.
    Await,
}

impl Call {
    /// The call as numbers.
    pub fn to_words(&self) -> Vec<u64> {
        match *self {
            Call::Run(ref jobs) => [0].into_iter().chain(jobs.iter().map(|job| job.word())).collect(),
            Call::Elapsed(model, job) => vec![1, model, job.word()],
            Call::Checkpoint(number) => vec![2, number],
            Call::Faults(mode) => vec![3, mode],
            Call::Set(number) => vec![4, number],
            Call::Look => vec![5],
            Call::Print(token) => vec![6, token],
            Call::Flush => vec![7],
            Call::NoFork(after) => vec![8, after],
            Call::Fork => vec![9],
            Call::FewFiles(more) => vec![10, more],
            Call::Files => vec![11],
            Call::HoldStart => vec![12],
            Call::Stranger => vec![13],
            Call::Await => vec![14],
            Call::HoldThread => vec![15],
        }
    }

    /// Reads what [`Call::to_words`] wrote.
    pub fn from_words(words: &[u64]) -> Option<Self> {
        Some(match *words {
            [0, ref jobs @ ..] => {
                Call::Run(jobs.iter().map(|&word| Job::from_word(word)).collect::<Option<_>>()?)
            }
            [1, model, job] => Call::Elapsed(model, Job::from_word(job)?),
            [2, number] => Call::Checkpoint(number),
            [3, mode] => Call::Faults(mode),
            [4, number] => Call::Set(number),
            [5] => Call::Look,
            [6, token] => Call::Print(token),
            [7] => Call::Flush,
            [8, after] => Call::NoFork(after),
            [9] => Call::Fork,
            [10, more] => Call::FewFiles(more),
            [11] => Call::Files,
            [12] => Call::HoldStart,
            [13] => Call::Stranger,
            [14] => Call::Await,
            [15] => Call::HoldThread,
            _ => return None,
        })
    }
}

/// What is printed without the end of the line.
pub fn half_line(token: u64) -> String {
    format!("half a line {token}; ")
}

/// The checkpoint at which the driver stands before a fork that the system will refuse.
pub const AT_REFUSAL: u64 = 99;
/// The task as which the caller checks in before a fork, or before a thread is started.
pub const START: u64 = 0xffff;
/// The task as which a child checks in that is none of the answer's.
pub const STRANGER: u64 = 0xfffe;

/// A call has returned; args: call, then what, one of those below, and its number.
pub const RETURNED: u64 = 1;
/// What came of a job; args: call, kind and number as below, length and digest of the text; text: its beginning.
pub const OUTCOME: u64 = 2;
/// The numbers that jobs change; args: call, a static, a local one.
pub const LOOKED: u64 = 3;
/// The system really refuses to fork.
pub const REFUSES: u64 = 4;
/// The child that is none of the answer's was waited for; args: call, whether its end could still be seen.
pub const AWAITED: u64 = 5;

/// `Ok`, with how many outcomes, or nanoseconds.
pub const OK: u64 = 0;
/// `Fork`.
pub const FORK: u64 = 1;
/// `Os`, with the error's number.
pub const OS: u64 = 2;
/// `Failed`, with an [`OUTCOME`].
pub const FAILED: u64 = 3;

pub use super::threads::{DONE, EXITED, KILLED, PANICKED};
