//! Given: why a message did not get through. Nothing to do here.

use std::error::Error;
use std::fmt;

/// Why a message was not sent, or not received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkError {
    /// Nobody is at the other end any more, and nothing that was sent is left.
    Disconnected,
    /// No whole message came within the limit.
    TimedOut,
    /// The other side has ended in the middle of a message.
    Truncated,
    /// The value cannot be turned into bytes, or the bytes not into a value of this type: why.
    Undecodable(String),
    /// The system refused.
    Os(nix::Error),
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnected => f.write_str("nobody is at the other end"),
            Self::TimedOut => f.write_str("no message came within the limit"),
            Self::Truncated => f.write_str("the other side ended in the middle of a message"),
            Self::Undecodable(why) => write!(f, "a value and its bytes do not fit together: {why}"),
            Self::Os(error) => write!(f, "a system call failed: {error}"),
        }
    }
}

impl Error for LinkError {}
