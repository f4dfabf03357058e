//! Which schedule, and which of its threads, the current operating-system thread belongs to.
//!
//! Knows nothing of operations. An operating-system thread belongs to one schedule after another.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::crew;
use crate::execution::{Execution, Guard};
use crate::locals;
use crate::names::{Site, is_library};

/// So many looks in vain are taken for a spin loop.
const SPINNING: u32 = 16;

/// One thread of one schedule.
#[derive(Clone)]
pub(crate) struct Here {
    pub(crate) execution: Arc<Execution>,
    pub(crate) me: usize,
}

std::thread_local! {
    static MEMBERSHIP: RefCell<Option<Here>> = const { RefCell::new(None) };
    static EPOCH: Cell<u64> = const { Cell::new(NO_EPOCH) };
}

/// The epoch of a thread outside any schedule.
pub(crate) const NO_EPOCH: u64 = 0;

/// Makes the current operating-system thread a thread of a schedule while `work` runs and its thread-local values
/// go, then ends it. Must be called with the right to run.
pub(crate) fn serve(here: Here, work: impl FnOnce(&Here)) {
    MEMBERSHIP.set(Some(here.clone()));
    EPOCH.set(here.execution.epoch);
    work(&here);
    if here.execution.is_over() {
        // Destructors would be the student's code, run after the end.
        locals::forget_all();
    } else if catch_unwind(AssertUnwindSafe(locals::destroy_all)).is_err() {
        // Where the standard library aborts the process.
        here.execution.fail_by_destructor(here.me);
    }
    EPOCH.set(NO_EPOCH);
    MEMBERSHIP.set(None);
    crew::rest();
    here.execution.finish(here.me);
}

/// Which schedule the current thread belongs to; [`NO_EPOCH`] if none.
pub(crate) fn epoch() -> u64 {
    EPOCH.try_with(Cell::get).unwrap_or(NO_EPOCH)
}

/// The current thread's place in a schedule, if it has one.
pub(crate) fn here() -> Option<Here> {
    MEMBERSHIP.try_with(|membership| membership.borrow().clone()).ok().flatten()
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
