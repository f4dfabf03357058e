//! Which schedule, and which of its threads, the current operating-system thread belongs to.
//!
//! Knows nothing of operations. An operating-system thread runs all threads of a schedule, and one schedule after another.

use std::cell::{Cell, RefCell};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use crate::execution::{Execution, Guard};
use crate::fiber::Next;
use crate::locals;
use crate::names::{Site, is_library};
use crate::unwinding::catch_unwind;

/// So many looks in vain are taken for a spin loop.
const SPINNING: u32 = 16;

/// One thread of one schedule.
#[derive(Clone)]
pub(crate) struct Here {
    pub(crate) execution: Rc<Execution>,
    pub(crate) me: usize,
}

std::thread_local! {
    static EXECUTION: RefCell<Option<Rc<Execution>>> = const { RefCell::new(None) };
    static ME: Cell<usize> = const { Cell::new(0) };
    static EPOCH: Cell<u64> = const { Cell::new(NO_EPOCH) };
}

/// The epoch of a thread outside any schedule.
pub(crate) const NO_EPOCH: u64 = 0;

/// Makes the current operating-system thread run a schedule while `work` lasts.
///
/// # Panics
/// If it runs one already.
pub(crate) fn within(execution: &Rc<Execution>, work: impl FnOnce()) {
    assert!(!is_inside(), "a schedule cannot be run inside of another one");
    EXECUTION.set(Some(Rc::clone(execution)));
    EPOCH.set(execution.epoch);
    work();
    EPOCH.set(NO_EPOCH);
    EXECUTION.set(None);
}

/// Says which thread of its schedule the current operating-system thread goes on with.
pub(crate) fn set_me(me: usize) {
    ME.set(me);
}

/// The life of one thread of a schedule: its work, then the end of its thread-local values. Says who goes on.
pub(crate) fn live(here: &Here, work: impl FnOnce(&Here)) -> Next {
    work(here);
    if here.execution.is_over() {
        // Destructors would be the student's code, run after the end.
        locals::forget_all();
    } else if catch_unwind(AssertUnwindSafe(locals::destroy_all)).is_err() {
        // Where the standard library aborts the process.
        here.execution.fail_by_destructor(here.me);
    }
    here.execution.finish(here.me)
}

/// Whether the current thread belongs to a schedule.
pub(crate) fn is_inside() -> bool {
    epoch() != NO_EPOCH
}

/// Which schedule the current thread belongs to; [`NO_EPOCH`] if none.
pub(crate) fn epoch() -> u64 {
    EPOCH.get()
}

/// The current thread's place in a schedule, if it has one.
pub(crate) fn here() -> Option<Here> {
    if !is_inside() {
        return None;
    }
    // Out of reach only while an operating-system thread ends, and then it runs no schedule.
    let execution = EXECUTION.try_with(|execution| execution.borrow().clone()).ok().flatten()?;
    Some(Here { execution, me: ME.get() })
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
