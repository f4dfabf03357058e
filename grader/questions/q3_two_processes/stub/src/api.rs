//! How a process ends, and what can go wrong. Given: the grader uses its own copy of this file.

use std::error::Error;
use std::fmt;
use toolkit::ForkError;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// It ended by itself with this code, 0 to 255. 0 means that all went well.
    Code(i32),
    /// This signal ended it, 1 to 31.
    Signal(i32),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// Why processes could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessError {
    /// A result does not fit into an `i64`.
    Overflow,
    /// A process could not be started.
    Fork(ForkError),
    /// The system refused a call.
    Os(nix::Error),
    /// A child ended in another way than with code 0.
    ChildFailed(Exit),
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overflow => write!(f, "a result does not fit into an `i64`"),
            Self::Fork(error) => write!(f, "failed to start a process: {error}"),
            Self::Os(error) => write!(f, "a system call failed: {error}"),
            Self::ChildFailed(exit) => write!(f, "a child failed: {exit}"),
        }
    }
}

impl Error for ProcessError {}
