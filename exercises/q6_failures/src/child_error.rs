//! Given: what can become of a body that runs in a process of its own. Nothing to do here.

use std::error::Error;
use std::fmt;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChildError {
    /// The body returned an error: its text.
    Returned(String),
    /// The body panicked.
    Panicked {
        /// The panic's text, or "panic without a message" if it has none.
        message: String,
        /// Where it panicked, as in `src/main.rs:12:5`.
        location: String,
        /// The calls that led there, as `std::backtrace::Backtrace` shows them.
        backtrace: String,
    },
    /// A signal killed the process before it had said everything.
    Killed {
        /// Its number.
        signal: i32,
    },
    /// The process ended by itself before it had said everything.
    Exited {
        /// Its exit code.
        code: i32,
    },
    /// The system refused.
    Os(nix::Error),
}

impl fmt::Display for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned(text) => f.write_str(text),
            Self::Panicked { message, location, .. } => write!(f, "it panicked at {location}: {message}"),
            Self::Killed { signal } => write!(f, "signal {signal} killed it"),
            Self::Exited { code } => write!(f, "it left with exit code {code} and without an answer"),
            Self::Os(error) => write!(f, "a system call failed: {error}"),
        }
    }
}

impl Error for ChildError {}
