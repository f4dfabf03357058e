//! Jobs in processes, until somebody says that it is enough (`signal`, `KeyboardInterrupt`, `Pool.close` and `Pool.terminate`).

use std::num::NonZeroUsize;
use std::os::fd::AsFd;

use crate::api::Served;
use crate::child_error::ChildError;

/// What is to be done in another process. It starts no process that outlives it.
pub type Job = fn() -> u64;

/// Runs the jobs in child processes, each job once, and gives back their results.
///
/// Jobs begin in their order, as many at a time as `workers` says; when one has ended, the next one begins. How many jobs one process
/// runs is up to you.
///
/// # Signals
///
/// From the first child on, and until the call returns, these signals to this process have this effect and no other:
///
/// - After the first `SIGTERM` or `SIGINT` no further job begins. Jobs that are under way are finished, and then the call returns `Ok`;
///   the jobs that never began are `refused`.
/// - At another `SIGTERM` or `SIGINT`, the same or the other one, the jobs that are still under way are killed, and the call returns at once:
///   `Ok` with what was finished before, also if nobody had heard of it yet. The jobs that were killed are `refused`, too.
/// - At `SIGUSR1` the line `finished 3 of 10` is written to `progress`, with a newline, whatever is under way, also after the first
///   `SIGTERM`: how many jobs have brought a result, of how many. For several signals that come together one line is enough. If
///   nobody reads `progress` any more, the jobs go on without it.
///
/// Ctrl-C in a terminal sends `SIGINT` to the whole process group. None of the three that comes to the group of the caller does any harm
/// to a child, however young it is, and yet a job runs with the signal mask that the caller had before this call.
///
/// When the call returns, with or without an error, all its processes have ended and been waited for, no descriptor is left, this
/// thread has its signal mask back, and none of the three signals that came meanwhile is left to hit anybody. Children of the caller
/// that it did not start are none of its business. Whoever waits uses no processor.
///
/// # Errors
///
/// The first failure ends it: other jobs that are under way are killed, and there are no results.
///
/// - [`ChildError::Panicked`] with the message if a job panicked; place and calls may be left empty;
/// - [`ChildError::Killed`] or [`ChildError::Exited`] if a process ended before its job had a result; leaving with code 0 is none;
/// - [`ChildError::Os`] if the system refuses a process or a descriptor.
pub fn serve(jobs: &[Job], workers: NonZeroUsize, progress: impl AsFd) -> Result<Served, ChildError> {
    // TODO 1/4: a signal that nobody blocks ends this process. Who blocks, before what, and how does it then hear of them?
    // TODO 2/4: what is one wait that ends with a result, with a failure and with a signal alike?
    // TODO 3/4: what does a child inherit that its job should not have, and what may have come to it before it was rid of that?
    // TODO 4/4: every way out of here, errors too: who ends the children, and in which order is the mask put back?
    let progress = progress.as_fd();
    todo!("run {jobs:?} in {workers} processes at a time and tell {progress:?} of it")
}
