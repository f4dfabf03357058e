//! What a job costs, with everything around it.
//!
//! Why this works: the clock is read on both sides of the whole call, in the caller. A clock inside the job would leave out
//! the start, and one after the start what the start itself takes, which is what the comparison is about.

use std::time::{Duration, Instant};

use crate::api::{Job, Model, Outcome};
use crate::processes::in_processes;
use crate::run_error::RunError;
use crate::threads::in_threads;

/// Runs `job` once, in a thread or in a process of its own, and says how long that took.
///
/// # Errors
///
/// If the job did not end well, or a process could not be started.
pub fn elapsed(model: Model, job: Job<'_>) -> Result<Duration, RunError> {
    let started = Instant::now(); // `SystemTime` may be set back between two looks
    let mut outcomes = match model {
        Model::Threads => in_threads(&[job]),
        Model::Processes => in_processes(&[job])?,
    };
    // Before the outcome is looked at: what comes now is not part of the job.
    let elapsed = started.elapsed();
    match outcomes.pop() {
        Some(Outcome::Done(_)) => Ok(elapsed),
        Some(failed) => Err(RunError::Failed(failed)),
        None => unreachable!("one job has one outcome"),
    }
}
