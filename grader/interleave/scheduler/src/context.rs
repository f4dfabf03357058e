//! Which schedule, and which of its threads, the current operating-system thread belongs to.
//!
//! Knows nothing of operations. The thread ends, for the schedule, when this thread-local value is destroyed:
//! it is the first to be created and therefore the last to go, so destructors of other thread-locals still
//! belong to the schedule.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::execution::{Execution, Guard};
use crate::names::{Site, is_library};

/// So many looks in vain are taken for a spin loop.
const SPINNING: u32 = 16;

/// One thread of one schedule.
#[derive(Clone, Debug)]
pub(crate) struct Here {
    pub(crate) execution: Arc<Execution>,
    pub(crate) me: usize,
}

struct Membership(OnceCell<Here>);

impl Drop for Membership {
    fn drop(&mut self) {
        if let Some(here) = self.0.take() {
            here.execution.finish(here.me);
        }
    }
}

std::thread_local! {
    static MEMBERSHIP: Membership = const { Membership(OnceCell::new()) };
}

/// Makes the current operating-system thread a thread of a schedule, until it exits.
pub(crate) fn enter(here: Here) {
    MEMBERSHIP.with(|membership| {
        let fresh = membership.0.set(here).is_ok();
        debug_assert!(fresh, "an operating-system thread serves one schedule only");
    });
}

/// The current thread's place in a schedule, if it has one.
pub(crate) fn here() -> Option<Here> {
    MEMBERSHIP.try_with(|membership| membership.0.get().cloned()).ok().flatten()
}

impl Here {
    /// The state, as it is: not a scheduling point.
    pub(crate) fn lock(&self) -> Guard<'_> {
        self.execution.lock()
    }

    /// A scheduling point: other threads may run before the operation that follows. Also gives the site to show,
    /// which is the latest one of the student's if the caller is library code.
    pub(crate) fn point(&self, site: Site) -> (Guard<'_>, Site) {
        let mut state = self.execution.lock();
        let latest = &mut state.threads[self.me].site;
        if !is_library(site) {
            *latest = site;
        }
        let site = *latest;
        // Whoever keeps looking waits for somebody else, and has only left out the hint that says so.
        let looks = &mut state.threads[self.me].looks;
        let spins = *looks >= SPINNING;
        if spins {
            *looks = 0;
        }
        (self.execution.switch(state, self.me, spins), site)
    }
}
