//! Variant: a closure is timed as a whole, its errors included.
//! Replaces: src/measure.rs

use crate::api::*;
use crate::run_error::RunError;
use crate::{processes, threads};
use std::time::{Duration, Instant};

/// As asked for.
pub fn elapsed(model: Model, job: Job<'_>) -> Result<Duration, RunError> {
    let run = || -> Result<(), RunError> {
        let outcomes = if model == Model::Processes {
            processes::in_processes(&[job])?
        } else {
            threads::in_threads(std::slice::from_ref(&job))
        };
        let [outcome] = <[Outcome; 1]>::try_from(outcomes).expect("one outcome");
        if let Outcome::Done(_) = outcome { Ok(()) } else { Err(RunError::Failed(outcome)) }
    };
    let before = Instant::now();
    let result = run();
    let took = before.elapsed();
    result.map(|()| took)
}
