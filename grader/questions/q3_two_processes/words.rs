//! The words that the driver and the checks of this question share.
//!
//! A scene is a list of calls, each a list of numbers; what came back is an entry for each call.

/// What a child does at last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Return this code.
    Return(i32),
    /// Panic with a text.
    Panic,
    /// Panic with something that is no text.
    PanicWithNumber,
    /// Leave by `std::process::exit` with this code.
    Exit(i32),
    /// Abort.
    Abort,
    /// Be killed by this signal.
    Signal(i32),
    /// Add to the numbers that [`Call::Look`] looks at, and return the sum as a code.
    Add(i32),
    /// Wait for ever.
    Forever,
    /// Wait for `SIGTERM` twice, and return this code. The child must be deaf.
    Outlive(i32),
}

/// What a child is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body {
    /// Its number, by which it checks in with the judge.
    pub task: u64,
    /// Whether it waits at the judge's gate first.
    pub held: bool,
    /// Whether it first blocks `SIGTERM`.
    pub deaf: bool,
    /// What it does then.
    pub then: Then,
}

impl Body {
    /// A child that does this at once.
    pub fn plain(then: Then) -> Self {
        Body { task: 0, held: false, deaf: false, then }
    }

    /// A child that the judge holds first.
    pub fn held(task: u64, then: Then) -> Self {
        Body { task, held: true, deaf: false, then }
    }
}

/// Where `square_and_cube` writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Out {
    /// The judge's message socket.
    Records,
    /// A descriptor that cannot be written to.
    ReadOnly,
    /// A pipe that takes only a part of what is written at once.
    ShortPipe,
    /// A file that may grow to so many bytes.
    File(u64),
}

/// One call of the scene. Children are numbered in the order in which they are started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `start(body)`.
    Start(Body),
    /// `child.id()`.
    Id(u64),
    /// `child.is_alive()`, so many times.
    IsAlive(u64, u64),
    /// `child.terminate()`.
    Terminate(u64),
    /// `child.join()`.
    Join(u64),
    /// `drop(child)`.
    Drop(u64),
    /// A panic, caught, of a body that owns the child.
    Unwind(u64),
    /// `square_and_cube(number, out)`.
    Square(i64, Out),
    /// Stand at this checkpoint.
    Checkpoint(u64),
    /// From here on these faults, as in `drivers-faults`.
    Faults(u64),
    /// Set the numbers that children change.
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
    /// Wait for the child, so that the system tells nobody else how it ended.
    Steal(u64),
}

impl Call {
    /// The call as numbers.
    pub fn to_words(self) -> Vec<u64> {
        match self {
            Call::Start(Body { task, held, deaf, then }) => {
                let (then, with) = match then {
                    Then::Return(code) => (0, code),
                    Then::Panic => (1, 0),
                    Then::PanicWithNumber => (2, 0),
                    Then::Exit(code) => (3, code),
                    Then::Abort => (4, 0),
                    Then::Signal(signal) => (5, signal),
                    Then::Add(number) => (6, number),
                    Then::Forever => (7, 0),
                    Then::Outlive(code) => (8, code),
                };
                vec![0, task, held.into(), deaf.into(), then, with.cast_unsigned().into()]
            }
            Call::Id(child) => vec![1, child],
            Call::IsAlive(child, times) => vec![2, child, times],
            Call::Terminate(child) => vec![3, child],
            Call::Join(child) => vec![4, child],
            Call::Drop(child) => vec![5, child],
            Call::Square(number, out) => {
                let (out, bytes) = match out {
                    Out::Records => (0, 0),
                    Out::ReadOnly => (1, 0),
                    Out::ShortPipe => (2, 0),
                    Out::File(bytes) => (3, bytes),
                };
                vec![6, number.cast_unsigned(), out, bytes]
            }
            Call::Checkpoint(number) => vec![7, number],
            Call::Faults(mode) => vec![8, mode],
            Call::Set(number) => vec![9, number],
            Call::Look => vec![10],
            Call::Print(token) => vec![11, token],
            Call::Flush => vec![12],
            Call::NoFork(after) => vec![13, after],
            Call::Fork => vec![14],
            Call::Steal(child) => vec![15, child],
            Call::Unwind(child) => vec![16, child],
        }
    }

    /// Reads what [`Call::to_words`] wrote.
    pub fn from_words(words: &[u64]) -> Option<Self> {
        Some(match *words {
            [0, task, held, deaf, then, with] => {
                let with = u32::try_from(with).ok()?.cast_signed();
                let then = match then {
                    0 => Then::Return(with),
                    1 => Then::Panic,
                    2 => Then::PanicWithNumber,
                    3 => Then::Exit(with),
                    4 => Then::Abort,
                    5 => Then::Signal(with),
                    6 => Then::Add(with),
                    7 => Then::Forever,
                    8 => Then::Outlive(with),
                    _ => return None,
                };
                Call::Start(Body { task, held: held != 0, deaf: deaf != 0, then })
            }
            [1, child] => Call::Id(child),
            [2, child, times] => Call::IsAlive(child, times),
            [3, child] => Call::Terminate(child),
            [4, child] => Call::Join(child),
            [5, child] => Call::Drop(child),
            [6, number, out, bytes] => {
                let out = match out {
                    0 => Out::Records,
                    1 => Out::ReadOnly,
                    2 => Out::ShortPipe,
                    3 => Out::File(bytes),
                    _ => return None,
                };
                Call::Square(number.cast_signed(), out)
            }
            [7, number] => Call::Checkpoint(number),
            [8, mode] => Call::Faults(mode),
            [9, number] => Call::Set(number),
            [10] => Call::Look,
            [11, token] => Call::Print(token),
            [12] => Call::Flush,
            [13, after] => Call::NoFork(after),
            [14] => Call::Fork,
            [15, child] => Call::Steal(child),
            [16, child] => Call::Unwind(child),
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

/// A call has returned; args: call, then what, one of those below, and its number.
pub const RETURNED: u64 = 1;
/// `is_alive` was called some times; args: call, how often it said true, how often false.
pub const ALIVE: u64 = 3;
/// A process id; args: call, id.
pub const ID: u64 = 4;
/// The numbers that children change; args: call, a static, a local one.
pub const LOOKED: u64 = 5;
/// How many processes a call of `square_and_cube` has started; args: call, count.
pub const FORKS: u64 = 6;
/// A call has sent signals to numbers that no process has; args: call, count.
pub const LOST_SIGNALS: u64 = 7;
/// What `square_and_cube` has written to something other than the socket; args: call.
pub const WROTE: u64 = 8;
/// The system really refuses to fork.
pub const REFUSES: u64 = 9;
/// A call has sent other signals than `SIGKILL`; args: call, count.
pub const SOFT_SIGNALS: u64 = 10;

/// `Ok(())`.
pub const OK: u64 = 0;
/// `Overflow`.
pub const OVERFLOW: u64 = 1;
/// `Fork`.
pub const FORK: u64 = 2;
/// `Os`, with the error's number.
pub const OS: u64 = 3;
/// `ChildFailed(Code)`.
pub const FAILED_CODE: u64 = 4;
/// `ChildFailed(Signal)`.
pub const FAILED_SIGNAL: u64 = 5;
/// `Ok(Code)`.
pub const CODE: u64 = 6;
/// `Ok(Signal)`.
pub const SIGNAL: u64 = 7;
