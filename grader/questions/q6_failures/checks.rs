//! Question 6: the marking guides of its parts, a folder each. The order is that of `exercise.toml`.

use super::words;
use crate::catalogue::{Guide, Source};

#[path = "accounts/checks.rs"]
mod accounts;
#[path = "context/checks.rs"]
mod context;
#[path = "daemon/checks.rs"]
mod daemon;
#[path = "futures/checks.rs"]
mod futures;
#[path = "processes/checks.rs"]
mod processes;
#[path = "resources/checks.rs"]
mod resources;
#[path = "retry/checks.rs"]
mod retry;
#[path = "shutdown/checks.rs"]
mod shutdown;
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
    exercise: include_str!("../../../exercises/q6_failures/exercise.toml"),
    guides: &[
        Guide::Threads(threads::RULES),
        Guide::Threads(futures::RULES),
        Guide::Threads(accounts::RULES),
        Guide::Threads(resources::RULES),
        Guide::Threads(context::RULES),
        Guide::Threads(retry::RULES),
        Guide::Threads(daemon::RULES),
        Guide::Processes(processes::RULES),
        Guide::Processes(shutdown::RULES),
    ],
    given: &[file!("src/lib.rs"), file!("src/api.rs"), file!("src/child_error.rs")],
    stub: &[
        file!("src/threads.rs"),
        file!("src/futures.rs"),
        file!("src/accounts.rs"),
        file!("src/resources.rs"),
        file!("src/context.rs"),
        file!("src/retry.rs"),
        file!("src/daemon.rs"),
        file!("src/processes.rs"),
        file!("src/shutdown.rs"),
    ],
};
