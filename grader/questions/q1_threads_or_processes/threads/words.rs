//! The calls of jobs in threads, and what the jobs do. The script's own numbers are the jobs, one each.

use wire::script::Op;

/// `in_threads` with so many jobs, from this place on; what came of each comes back as two numbers, and the text of each panic is
/// put on record as [`MESSAGE`].
pub const RUN: u64 = 0;
/// What the jobs have written, by plain loads: the numbers of those that write.
pub const WRITTEN: u64 = 1;

/// What a job does besides giving back [`value`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Nothing.
    Plain,
    /// Panics with a text that names it: a `String`.
    Panic,
    /// The same with a text that is the same for all: a `&str`.
    PanicPlain,
    /// Panics with a value that is no text.
    PanicNumber,
    /// Waits, at most an hour, until so many jobs that gather have come.
    Gather(u64),
    /// Waits for that as long as it takes.
    GatherForEver(u64),
    /// Waits, at most an hour, until so many jobs have ended.
    HoldUntil(u64),
    /// Makes a plain store.
    Write,
    /// Sleeps so many seconds.
    Sleep(u64),
}

impl Job {
    /// One number.
    pub const fn word(self) -> u64 {
        match self {
            Job::Plain => 0,
            Job::Panic => 1,
            Job::PanicPlain => 2,
            Job::PanicNumber => 3,
            Job::Gather(count) => 4 + 16 * count,
            Job::GatherForEver(count) => 5 + 16 * count,
            Job::HoldUntil(count) => 6 + 16 * count,
            Job::Write => 7,
            Job::Sleep(seconds) => 8 + 16 * seconds,
        }
    }

    /// Reads [`Job::word`].
    pub const fn from_word(word: u64) -> Self {
        match word % 16 {
            1 => Job::Panic,
            2 => Job::PanicPlain,
            3 => Job::PanicNumber,
            4 => Job::Gather(word / 16),
            5 => Job::GatherForEver(word / 16),
            6 => Job::HoldUntil(word / 16),
            7 => Job::Write,
            8 => Job::Sleep(word / 16),
            _ => Job::Plain,
        }
    }
}

/// What the job at this place gives back.
pub const fn value(place: u64) -> u64 {
    place * 7 + 3
}

/// The text of [`Job::PanicPlain`].
pub const PLAIN_TEXT: &str = "a job panics on purpose";

/// The text of [`Job::Panic`].
pub fn text(place: u64) -> String {
    format!("job {place} panics on purpose")
}

/// What came of one job: `Done` and its number.
pub const DONE: u64 = 0;
/// `Panicked`.
pub const PANICKED: u64 = 1;
/// `Killed` and the signal.
pub const KILLED: u64 = 2;
/// `Exited` and the code.
pub const EXITED: u64 = 3;

/// `in_threads` is called; the thread is the caller's.
pub const CALLED: u64 = 1;
/// A job begins; args: its place. The thread is the world's.
pub const BEGINS: u64 = 2;
/// A job ends, well or not; args: its place.
pub const ENDS: u64 = 3;
/// A job waited in vain; args: its place.
pub const IN_VAIN: u64 = 4;
/// The text of an outcome that is a panic.
pub const MESSAGE: u64 = 5;

/// A call as a student would write it.
pub fn call(op: Op) -> String {
    match op {
        [RUN, _, 0] => "in_threads(&[])".into(),
        [RUN, first, 1] => format!("in_threads(job {first})"),
        [RUN, first, count] => format!("in_threads(jobs {first} to {})", first + count - 1),
        _ => "written()".into(),
    }
}

/// What came back.
pub fn result(op: Op, result: &[u64]) -> String {
    if op[0] != RUN {
        return format!(" -> {result:?}");
    }
    let items: Vec<String> = result.as_chunks::<2>().0.iter().map(told).collect();
    format!(" -> [{}]", items.join(", "))
}

/// One outcome as Rust prints it, save for texts.
pub fn told(item: &[u64; 2]) -> String {
    match *item {
        [DONE, number] => format!("Done({number})"),
        [PANICKED, _] => "Panicked(..)".into(),
        [KILLED, signal] => format!("Killed({signal})"),
        [_, code] => format!("Exited({code})"),
    }
}
