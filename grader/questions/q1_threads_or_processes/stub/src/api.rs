//! Given: jobs, how they end, and the words in which a choice is made. Nothing to do here.

use std::fmt;

/// Something to do that gives a number. It may be called by another thread, or in another process.
pub type Job<'a> = &'a (dyn Fn() -> u64 + Sync);

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It returned this number.
    Done(u64),
    /// It panicked with this text; "panic without a message" if the panic carried no text.
    Panicked(String),
    /// This signal, 1 to 31, ended its process before the job was done.
    Killed(i32),
    /// Its process left with this code, 0 to 255, before the job was done.
    Exited(i32),
}

/// The two ways to do several things at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Model {
    /// Several threads in one process.
    Threads,
    /// Several processes with one thread each.
    Processes,
}

/// What the program runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Runtime {
    /// Python's usual interpreter. Its global lock, the GIL, lets one thread of a process compute at a time.
    CPython,
    /// Compiled code without a lock of that kind.
    Rust,
}

/// What the tasks spend their time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// They wait: for files, for the network, for a user.
    Io,
    /// They compute.
    Cpu,
}

/// What the tasks share while they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// Nothing: they are independent of each other.
    Nothing,
    /// A large amount of data that they read and hardly ever change.
    ReadMostly,
    /// State that they change all the time.
    Mutable,
}

/// What is known of a program before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Workload {
    /// What it runs on.
    pub runtime: Runtime,
    /// What its tasks spend their time on.
    pub bound: Bound,
    /// What they share.
    pub sharing: Sharing,
    /// Whether some of its code is a stranger's, and must not reach the rest.
    pub untrusted: bool,
    /// Whether the others must go on when one task crashes.
    pub must_survive_crash: bool,
    /// Whether memory is short.
    pub memory_is_tight: bool,
    /// Whether tasks are started, or take turns, very often.
    pub starts_often: bool,
}

/// Why a model was chosen. Which of the assignment's scenarios stand behind each is told in the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Code that is not trusted gets memory of its own.
    Isolation,
    /// What crashes takes only itself along.
    CrashSurvival,
    /// Under the GIL only several processes compute at once.
    Gil,
    /// What is shared is simply there, without copies and messages.
    Sharing,
    /// Threads of one process need less memory.
    Memory,
    /// Threads start, and take turns, faster.
    StartCost,
    /// Whoever waits needs no processor: cheap threads will do, under the GIL, too.
    Waiting,
    /// Without a GIL threads compute on all processors at once.
    Parallelism,
}

/// A model, and the reason that decided for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Choice {
    /// Which.
    pub model: Model,
    /// Why.
    pub because: Reason,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(number) => write!(f, "{number}"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::Killed(signal) => write!(f, "killed by signal {signal}"),
            Self::Exited(code) => write!(f, "left with code {code}"),
        }
    }
}
