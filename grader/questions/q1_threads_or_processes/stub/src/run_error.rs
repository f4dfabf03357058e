//! Given: why jobs could not be run, or not be measured. Nothing to do here.

use std::error::Error;
use std::fmt;
use toolkit::ForkError;

use crate::api::Outcome;

/// Why there are no outcomes, or no duration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunError {
    /// A process could not be started.
    Fork(ForkError),
    /// The system refused another call.
    Os(nix::Error),
    /// The job that was to be measured did not end well.
    Failed(Outcome),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fork(error) => write!(f, "failed to start a process: {error}"),
            Self::Os(error) => write!(f, "a system call failed: {error}"),
            Self::Failed(outcome) => write!(f, "the job did not end well: {outcome}"),
        }
    }
}

impl Error for RunError {}
