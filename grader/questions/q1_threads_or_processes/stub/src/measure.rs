//! What a job costs, with everything around it.

use std::time::Duration;

use crate::api::{Job, Model};
use crate::run_error::RunError;

/// Runs `job` once, in a thread of its own or in a process of its own, and says how long that took.
///
/// The time begins before the thread or the process is started and ends when the number that the job gave is in the caller's
/// hands; nothing else is counted, and nothing is left out. The time of day may be set meanwhile, and changes nothing. Blocks until
/// the job has ended. You may use `in_threads` and `in_processes`: your files are compiled together.
///
/// # Errors
///
/// [`RunError::Failed`] with the outcome if that is not [`Outcome::Done`](crate::api::Outcome::Done): a job that panicked, or whose
/// process died, has no duration that could be compared with others. Besides as in `in_processes`.
pub fn elapsed(model: Model, job: Job<'_>) -> Result<Duration, RunError> {
    // TODO 1/2: which clock never goes backwards, and where is it read first?
    // TODO 2/2: which outcomes are no success?
    let _ = job;
    todo!("measure a job in {model:?}")
}
