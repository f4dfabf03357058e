//! Question 1: the marking guides of its parts, a folder each. The order is that of `exercise.toml`.

use super::words;
use crate::catalogue::{Guide, Source};

#[path = "choose/checks.rs"]
mod choose;
#[path = "measure/checks.rs"]
mod measure;
#[path = "processes/checks.rs"]
mod processes;
#[path = "threads/checks.rs"]
mod threads;

/// A file of the stub, or one that the grader brings along.
macro_rules! file {
    ($path:literal) => {
        ($path, include_str!(concat!("stub/", $path)))
    };
}

/// What the catalogue needs of this question.
pub(crate) const SOURCE: &Source = &Source {
    exercise: include_str!("../../../exercises/q1_threads_or_processes/exercise.toml"),
    guides: &[
        Guide::Threads(threads::RULES),
        Guide::Processes(processes::RULES),
        Guide::Threads(choose::RULES),
        Guide::Processes(measure::RULES),
    ],
    given: &[file!("src/lib.rs"), file!("src/api.rs"), file!("src/run_error.rs")],
    stub: &[
        file!("src/threads.rs"),
        file!("src/processes.rs"),
        file!("src/choose.rs"),
        file!("src/measure.rs"),
    ],
};
