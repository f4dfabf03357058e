//! Given: the types that the grader looks into. Nothing to do here.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// A task panicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskPanic {
    /// The whole text of the panic, or "panic without a message" if it had none.
    pub message: String,
}

/// A factorial that is too large for 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overflow {
    /// Of which number.
    pub n: u32,
}

/// Why there is no pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoolError {
    /// A pool without threads does nothing.
    NoThreads,
    /// The system has refused a thread, in its own words.
    Spawn(String),
}

/// A function that computes a factorial; the grader hands in its own.
pub type Factorial = Arc<dyn Fn(u32) -> Result<u128, Overflow> + Send + Sync>;

impl fmt::Display for TaskPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the task panicked: {}", self.message)
    }
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}! does not fit into 128 bits", self.n)
    }
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoThreads => f.write_str("a pool needs at least one thread"),
            Self::Spawn(why) => write!(f, "a thread could not be started: {why}"),
        }
    }
}

impl Error for TaskPanic {}
impl Error for Overflow {}
impl Error for PoolError {}
