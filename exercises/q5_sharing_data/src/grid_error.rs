//! Given: why there is no sum. Nothing to do here.

use toolkit::ForkError;

/// Why there is no grid, or no sum of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GridError {
    /// A process could not be started.
    Fork(ForkError),
    /// A process was killed by a signal, or left with whatever code, before its part was done.
    WorkerDied {
        /// The number of the signal, if it was one.
        signal: Option<i32>,
        /// The code, if it left.
        code: Option<i32>,
    },
    /// The system refused something else.
    Os(nix::Error),
}
