//! What a measurement tells, and what can go wrong. Given: the grader uses its own copy of this
//! file.

use q2_process_pool::{PoolError, TaskError};
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// One measurement: what was computed, by how many workers, and how long each phase took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// How many processes, or threads, the pool had.
    pub workers: usize,
    /// The results, in the order of the inputs.
    pub results: Vec<u64>,
    /// How long it took to make the pool.
    pub start: Duration,
    /// How long the pool computed.
    pub map: Duration,
    /// How long it took to end the pool.
    pub stop: Duration,
}

/// Why there is no measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimingError {
    /// A pool of no workers was asked for.
    NoWorkers,
    /// The pool of processes could not be made, or could not be ended.
    Pool(PoolError),
    /// A number has no result.
    Task {
        /// Where the number stands among the inputs, from 0.
        index: usize,
        /// What went wrong.
        error: TaskError,
    },
    /// The pool of threads could not be made.
    Threads(String),
}

impl fmt::Display for TimingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoWorkers => write!(f, "a pool needs at least one worker"),
            Self::Pool(error) => write!(f, "the pool failed: {error}"),
            Self::Task { index, error } => write!(f, "input {index} has no result: {error}"),
            Self::Threads(error) => write!(f, "failed to make a pool of threads: {error}"),
        }
    }
}

impl Error for TimingError {}
