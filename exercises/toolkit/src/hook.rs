//! A place for whoever watches a program: a function that runs before every fork. It does not know
//! why anybody would want that.

use std::sync::OnceLock;

static BEFORE_FORK: OnceLock<fn()> = OnceLock::new();

/// Has `hook` called by the parent just before each of its forks. The first hook stays; later ones
/// are ignored.
pub fn before_fork(hook: fn()) {
    BEFORE_FORK.get_or_init(|| hook);
}

pub(crate) fn run() {
    if let Some(hook) = BEFORE_FORK.get() {
        hook();
    }
}
