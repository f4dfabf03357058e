//! Given: the types that the grader looks into. Nothing to do here.

use std::collections::BTreeMap;

/// Why a transfer between accounts was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferError {
    /// One of the two accounts does not exist.
    NoSuchAccount,
    /// Both are the same account.
    SameAccount,
    /// The paying account does not hold the amount and the fee.
    TooLittle {
        /// What it holds.
        balance: u64,
        /// The amount and the fee together.
        needed: u64,
    },
    /// A sum would not fit into a `u64`.
    Overflow,
}

/// For the part `shutdown`: what became of the jobs. Each place is in one of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The results, by the places of their jobs.
    pub finished: BTreeMap<usize, u64>,
    /// The places of the jobs without a result, in their order.
    pub refused: Vec<usize>,
}

/// What whoever reported an error is to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Try it again.
    Retry,
    /// Leave it out and go on.
    Skip,
    /// Give up.
    Stop,
}

/// For the part `daemon`: a beat of a daemon panicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonPanic {
    /// The panic's text.
    pub message: String,
}

/// For the part `futures`: why there is no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FutureError {
    /// The task panicked.
    Panicked {
        /// The panic's text.
        message: String,
    },
    /// The task was cancelled before it began.
    Cancelled,
    /// The executor was dropped before the task began.
    ExecutorGone,
}

/// For the part `futures`: why there is no executor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecutorError {
    /// Nobody would run the tasks.
    NoThreads,
    /// The system refused a thread, for this reason.
    Spawn(String),
}

/// For the part `threads`: what became of a thread that panicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskPanic {
    /// The thread's name.
    pub thread: String,
    /// The panic's text.
    pub message: String,
    /// Where it was: file, line and column, as in `src/main.rs:12:5`; the column may be left out.
    pub location: String,
}
