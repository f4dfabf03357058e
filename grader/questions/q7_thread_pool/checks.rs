//! Question 7: the marking guides of its parts, a folder each. The order is that of `exercise.toml`.

use super::words;
use crate::catalogue::{Guide, Source};

#[path = "factorials/checks.rs"]
mod factorials;
#[path = "pool/checks.rs"]
mod pool;
#[path = "with_rayon/checks.rs"]
mod with_rayon;

/// A file of the stub, or one that the grader brings along.
macro_rules! file {
    ($path:literal) => {
        ($path, include_str!(concat!("stub/", $path)))
    };
}

/// What the catalogue needs of this question.
pub(crate) const SOURCE: &Source = &Source {
    exercise: include_str!("../../../exercises/q7_thread_pool/exercise.toml"),
    guides: &[
        Guide::Threads(pool::RULES),
        Guide::Threads(factorials::RULES),
        Guide::Processes(with_rayon::RULES),
    ],
    given: &[file!("src/lib.rs"), file!("src/api.rs")],
    stub: &[file!("src/pool.rs"), file!("src/factorials.rs"), file!("src/with_rayon.rs")],
};
