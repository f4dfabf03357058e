//! Jobs in processes: a copy of the caller's memory for each.
//!
//! Use [`toolkit::fork`]. Whatever a signal handler interrupts (`EINTR`) is done again, and what the system passes on in
//! pieces is put together again.

use crate::api::{Job, Outcome};
use crate::run_error::RunError;

/// Runs every job in a process of its own, all at once, and says how each of them ended, in the order of `jobs`.
///
/// All jobs are at work at the same time, however many there are, each in a child of the caller that was started for it. A child
/// works on a copy of the caller's memory: the caller sees nothing of what it changes, and what the caller has buffered but not yet
/// written is not written a second time, also where a job leaves by `std::process::exit`. Blocks until all have ended; then no
/// process, no zombie and no descriptor is left. A child that the caller has started otherwise is left to the caller, also when it
/// ends meanwhile. No job starts a process that outlives it. No jobs have no outcomes.
///
/// A job that panics is [`Outcome::Panicked`] with the text of its panic, however long, as in `in_threads`. If a signal ends
/// the process before its job is done, or before all of this has been said, that is [`Outcome::Killed`]; if the process leaves
/// before that, with whatever code, it is [`Outcome::Exited`]. The others go on, and their outcomes are kept.
///
/// # Errors
///
/// [`RunError::Fork`] if a process could not be started, and [`RunError::Os`] if the system refuses another call, such as a pipe when
/// too many descriptors are open. Then the processes that have been started are killed and waited for, without
/// waiting for their jobs: none is left.
pub fn in_processes(jobs: &[Job<'_>]) -> Result<Vec<Outcome>, RunError> {
    // TODO 1/4: how does a number, or a text, get from the child to the caller?
    // TODO 2/4: which ends does the child hold that it does not need, and which does the caller?
    // TODO 3/4: what does the caller know of a child that sent nothing?
    // TODO 4/4: what happens to those that are at work when a later one cannot be started?
    let count = jobs.len();
    todo!("run {count} jobs in {count} processes")
}
