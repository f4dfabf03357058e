//! Question 5: the marking guides of its parts, a folder each. The order is that of `exercise.toml`.

use super::words;
use crate::catalogue::{Guide, Source};

#[path = "barrier/checks.rs"]
mod barrier;
#[path = "counter/checks.rs"]
mod counter;
#[path = "event/checks.rs"]
mod event;
#[path = "grid/checks.rs"]
mod grid;
#[path = "handoff/checks.rs"]
mod handoff;
#[path = "local/checks.rs"]
mod local;
#[path = "manager/checks.rs"]
mod manager;
#[path = "pipe/checks.rs"]
mod pipe;
#[path = "players/trace.rs"]
mod players;
#[path = "locks/checks.rs"]
mod locks;
#[path = "process_queue/checks.rs"]
mod process_queue;
#[path = "mapped/checks.rs"]
mod mapped;
#[path = "queue/checks.rs"]
mod queue;
#[path = "reentrant/checks.rs"]
mod reentrant;
#[path = "semaphore/checks.rs"]
mod semaphore;
#[path = "value/checks.rs"]
mod value;

/// A file of the stub, or one that the grader brings along.
macro_rules! file {
    ($path:literal) => {
        ($path, include_str!(concat!("stub/", $path)))
    };
}

/// What the catalogue needs of this question.
pub(crate) const SOURCE: &Source = &Source {
    exercise: include_str!("../../../exercises/q5_sharing_data/exercise.toml"),
    guides: &[
        Guide::Threads(counter::RULES),
        Guide::Threads(reentrant::RULES),
        Guide::Threads(semaphore::RULES),
        Guide::Threads(handoff::RULES),
        Guide::Threads(event::RULES),
        Guide::Threads(queue::RULES),
        Guide::Threads(barrier::RULES),
        Guide::Threads(local::RULES),
        Guide::Processes(pipe::RULES),
        Guide::Processes(locks::RULES),
        Guide::Processes(process_queue::RULES),
        Guide::Processes(value::RULES),
        Guide::Processes(mapped::RULES),
        Guide::Processes(grid::RULES),
        Guide::Processes(manager::RULES),
    ],
    given: &[
        file!("src/lib.rs"),
        file!("src/api.rs"),
        file!("src/grid_error.rs"),
        file!("src/link_error.rs"),
        file!("src/number.rs"),
    ],
    stub: &[
        file!("src/threads/counter.rs"),
        file!("src/threads/reentrant.rs"),
        file!("src/threads/semaphore.rs"),
        file!("src/threads/handoff.rs"),
        file!("src/threads/event.rs"),
        file!("src/threads/queue.rs"),
        file!("src/threads/barrier.rs"),
        file!("src/threads/local.rs"),
        file!("src/processes/pipe.rs"),
        file!("src/processes/locks.rs"),
        file!("src/processes/queue.rs"),
        file!("src/processes/value.rs"),
        file!("src/processes/mapped.rs"),
        file!("src/processes/grid.rs"),
        file!("src/processes/manager.rs"),
    ],
};
