//! Places for whoever watches a program: functions that run before every fork, and first in every
//! child. It does not know why anybody would want that.

use std::sync::OnceLock;

static BEFORE_FORK: OnceLock<fn()> = OnceLock::new();
static IN_CHILD: OnceLock<fn()> = OnceLock::new();

/// Has `hook` called by the parent just before each of its forks. The first hook stays; later ones
/// are ignored.
pub fn before_fork(hook: fn()) {
    BEFORE_FORK.get_or_init(|| hook);
}

/// Has `hook` called by each child before anything else. The first hook stays; later ones are
/// ignored.
pub fn in_child(hook: fn()) {
    IN_CHILD.get_or_init(|| hook);
}

pub(crate) fn run() {
    if let Some(hook) = BEFORE_FORK.get() {
        hook();
    }
}

pub(crate) fn run_in_child() {
    if let Some(hook) = IN_CHILD.get() {
        hook();
    }
}
