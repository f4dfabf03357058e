//! The calls of the part about processes, and what the bodies do.
//!
//! A scene is a list of calls, each a list of numbers; what came back is an entry for each call, and one for each text.

/// What a body does at last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Return so many bytes, see [`answer`].
    Give(u32),
    /// Return an error with a text of about so many bytes.
    Fail(u32),
    /// Panic with a text of about so many bytes that names it: a `String`.
    Panic(u32),
    /// Panic with a text that is the same for all: a `&str`.
    PanicPlain,
    /// Panic with a value that is no text.
    PanicNumber,
    /// Panic, catch it, and panic again elsewhere with another text.
    PanicTwice,
    /// Panic, and while that unwinds a thread of the body's panics as well.
    PanicBeside,
    /// Panic, and while that unwinds a `drop` panics elsewhere with another text, and catches it.
    PanicInDrop,
    /// Panic while a thread of the body's writes to standard error and does not come to an end with it.
    PanicMuted,
    /// Return so many bytes, and be killed when half of them have been written somewhere.
    Torn(u32),
    /// The same, but when half of them have been written it leaves with code 0, as if another thread had called `exit`.
    Leaves(u32),
    /// Panic, catch it, and return no byte.
    Catch,
    /// Leave by `std::process::exit` with this code.
    Exit(u32),
    /// Abort.
    Abort,
    /// Be killed by this signal.
    Signal(u32),
    /// Change memory, and return no byte.
    Change,
    /// Run another body in a process below this one, which panics, and return its message as bytes.
    Nest,
}

/// A body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    /// A number of its own, below 2^16.
    pub id: u64,
    /// Whether it waits at the judge's gate first.
    pub held: bool,
    /// What it does then.
    pub then: Then,
}

impl Task {
    /// One that does this at once.
    pub fn plain(id: u64, then: Then) -> Self {
        Self { id, held: false, then }
    }

    /// One that the judge holds first.
    pub fn held(id: u64, then: Then) -> Self {
        Self { id, held: true, then }
    }

    /// One number.
    pub fn word(self) -> u64 {
        let (then, with) = match self.then {
            Then::Give(bytes) => (0, bytes),
            Then::Fail(bytes) => (1, bytes),
            Then::Panic(bytes) => (2, bytes),
            Then::PanicPlain => (3, 0),
            Then::PanicNumber => (4, 0),
            Then::PanicTwice => (5, 0),
            Then::Catch => (6, 0),
            Then::Exit(code) => (7, code),
            Then::Abort => (8, 0),
            Then::Signal(signal) => (9, signal),
            Then::Change => (10, 0),
            Then::Nest => (11, 0),
            Then::PanicBeside => (12, 0),
            Then::Torn(bytes) => (13, bytes),
            Then::Leaves(bytes) => (14, bytes),
            Then::PanicMuted => (15, 0),
            Then::PanicInDrop => (16, 0),
        };
        self.id << 40 | u64::from(self.held) << 39 | then << 32 | u64::from(with)
    }

    /// Reads [`Task::word`].
    pub fn from_word(word: u64) -> Option<Self> {
        let with = word as u32;
        let then = match word >> 32 & 0x7f {
            0 => Then::Give(with),
            1 => Then::Fail(with),
            2 => Then::Panic(with),
            3 => Then::PanicPlain,
            4 => Then::PanicNumber,
            5 => Then::PanicTwice,
            6 => Then::Catch,
            7 => Then::Exit(with),
            8 => Then::Abort,
            9 => Then::Signal(with),
            10 => Then::Change,
            11 => Then::Nest,
            12 => Then::PanicBeside,
            13 => Then::Torn(with),
            14 => Then::Leaves(with),
            15 => Then::PanicMuted,
            16 => Then::PanicInDrop,
            _ => return None,
        };
        Some(Self { id: word >> 40, held: word >> 39 & 1 == 1, then })
    }
}

/// The text of [`Then::PanicPlain`].
pub const PLAIN_TEXT: &str = "a body panics on purpose";
/// The text of the second panic of [`Then::PanicTwice`] and [`Then::PanicInDrop`].
pub const SECOND_TEXT: &str = "it panics again, elsewhere";
/// The text with which the thread of [`Then::PanicBeside`] panics.
pub const BESIDE_TEXT: &str = "a thread of the body panics as well";

/// A text of about so many bytes, at least one line, with which a body fails or panics.
pub fn text_of(id: u64, bytes: u32) -> String {
    let line = |number| format!("line {number} of what body {id} has to say; ");
    (0..=bytes / 32).map(line).collect()
}

/// So many bytes that follow from the body's number and from what its gate added.
pub fn answer(id: u64, addend: u64, bytes: u32) -> Vec<u8> {
    let mut state = id.wrapping_add(addend) | 1;
    let mut step = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 33) as u8
    };
    (0..bytes).map(|_| step()).collect()
}

pub use wire::digest;

/// One call of the scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `run_isolated` with this body.
    Run(Task),
    /// Stand at this checkpoint.
    Checkpoint(u64),
    /// From here on these faults, as in `drivers-faults`.
    Faults(u64),
    /// Set the number that bodies change.
    Set(u64),
    /// Look at it.
    Look,
    /// Panic here, and catch it: the hook of this process is seen by what it writes down.
    PanicHere,
    /// Have the system refuse to fork after so many more forks.
    NoFork(u64),
    /// Have the system fork again.
    Fork,
    /// Have the system refuse to open more than so many descriptors more.
    FewFiles(u64),
    /// Have the system open descriptors again.
    Files,
    /// Start a child that is none of the answer's: it waits as task [`STRANGER`], and ends.
    Stranger,
    /// Wait for it.
    Await,
}

impl Call {
    /// The call as numbers.
    pub fn to_words(self) -> Vec<u64> {
        match self {
            Call::Run(task) => vec![0, task.word()],
            Call::Checkpoint(number) => vec![1, number],
            Call::Faults(mode) => vec![2, mode],
            Call::Set(number) => vec![3, number],
            Call::Look => vec![4],
            Call::PanicHere => vec![5],
            Call::NoFork(after) => vec![6, after],
            Call::Fork => vec![7],
            Call::FewFiles(more) => vec![8, more],
            Call::Files => vec![9],
            Call::Stranger => vec![10],
            Call::Await => vec![11],
        }
    }

    /// Reads what [`Call::to_words`] wrote.
    pub fn from_words(words: &[u64]) -> Option<Self> {
        Some(match *words {
            [0, task] => Call::Run(Task::from_word(task)?),
            [1, number] => Call::Checkpoint(number),
            [2, mode] => Call::Faults(mode),
            [3, number] => Call::Set(number),
            [4] => Call::Look,
            [5] => Call::PanicHere,
            [6, after] => Call::NoFork(after),
            [7] => Call::Fork,
            [8, more] => Call::FewFiles(more),
            [9] => Call::Files,
            [10] => Call::Stranger,
            [11] => Call::Await,
            _ => return None,
        })
    }
}

/// The number at the gate of a child that is none of the answer's.
pub const STRANGER: u64 = 90_004;
/// The checkpoint at which the driver stands before a fork that the system will refuse.
pub const AT_REFUSAL: u64 = 99;
/// The text of [`Call::PanicHere`].
pub const OWN_TEXT: &str = "the caller panics by itself";
/// The function that panics, as a list of calls names it.
pub const PANICKING_FUNCTION: &str = "the_body_that_panics";

/// A call has returned; args: call, what (one of those below), its number, and length and digest of bytes or text; text: the
/// beginning of that.
pub const RETURNED: u64 = 1;
/// Where a panic was; args: call; text: the place.
pub const PLACE: u64 = 2;
/// The calls that led to a panic; args: call, whether the function that panicked is among them, how many bytes.
pub const CALLS: u64 = 3;
/// The number that bodies change; args: call, the number.
pub const LOOKED: u64 = 4;
/// The system really refuses to fork.
pub const REFUSES: u64 = 5;
/// Where bodies panic, as the driver knows it; args: 0 for the first panic, 1 for the second; text: the place.
pub const SITE: u64 = 6;
/// The child that is none of the answer's was waited for; args: whether its end could still be seen.
pub const AWAITED: u64 = 7;

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
