//! Condition variables.
//!
//! Knows who waits and who notifies; the predicate is the student's business.

use std::time::Duration;

use crate::context;
use crate::names::Site;
use crate::object::{Hold, Kind, ObjectId};
use crate::ops::lock::{Mode, enter, leave};
use crate::ops::time::{Timer, count_idle_turn};
use crate::probe::ThreadRef;
use crate::state::{Wait, Woken};
use crate::trace::Detail;

const KIND: Kind = Kind::new("Condvar", "");

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// By a notification, or spuriously.
    Woken,
    /// The time was up.
    Expired,
}

/// Whether the caller belongs to a schedule. If not, it must use the real condition variable.
#[must_use]
pub fn is_modelled() -> bool {
    context::here().is_some()
}

/// Gives `mutex` up, waits, and takes it again. `unlock` must free the real lock; it runs while nobody else can.
pub fn wait(
    id: &ObjectId,
    mutex: &ObjectId,
    timeout: Option<Duration>,
    verb: &'static str,
    site: Site,
    unlock: impl FnOnce(),
) -> End {
    let Some(here) = context::here() else { unreachable!("asked by `is_modelled`") };
    let (execution, me) = (&here.execution, here.me);
    let (mut state, site) = here.point(site);
    let condvar = state.object(execution.epoch, id, KIND);
    let Some(lock) = mutex.index_in(execution.epoch) else {
        unreachable!("its guard was taken in this schedule")
    };
    unlock();
    state.record(me, verb, Some(condvar), site, Detail::GivesUp(lock));
    leave(&here, &mut state, lock, Mode::Alone, false);
    let timer = Timer::start(&mut state, timeout, 8);
    let woken = match timer {
        Timer::EndsNow => {
            state = execution.switch(state, me, true);
            Woken::Expired
        }
        Timer::At(deadline) => {
            state = execution.block(state, me, Wait::Condvar(condvar), deadline);
            state.threads[me].woken
        }
    };
    let detail = match woken {
        Woken::By(thread) => ("is woken by", Detail::Thread(thread)),
        Woken::Expired => ("times out", Detail::None),
        Woken::Spuriously => ("wakes spuriously", Detail::None),
    };
    state.record(me, detail.0, None, site, detail.1);
    state = count_idle_turn(&here, state, woken);
    drop(enter(&here, state, lock, Mode::Alone, "lock", site));
    if woken == Woken::Expired { End::Expired } else { End::Woken }
}

/// Wakes one waiting thread, which may be any of them.
pub fn notify_one(id: &ObjectId, site: Site) {
    let Some(here) = context::here() else { return };
    let (mut state, site) = here.point(site);
    let condvar = state.object(here.execution.epoch, id, KIND);
    let count = state.waiting_on(condvar).count();
    let detail = if count == 0 {
        state.object_mut(condvar).idle_notify = Some(Hold { thread: ThreadRef(here.me as u32), since: site });
        Detail::Waiting(0)
    } else {
        let drawn = state.chance.below(count);
        let chosen = state.waiting_on(condvar).nth(drawn).unwrap_or_default();
        state.wake(chosen, Woken::By(ThreadRef(here.me as u32)));
        Detail::Wakes(ThreadRef(chosen as u32))
    };
    state.record(here.me, "notify_one", Some(condvar), site, detail);
}

/// Wakes all waiting threads.
pub fn notify_all(id: &ObjectId, site: Site) {
    let Some(here) = context::here() else { return };
    let (mut state, site) = here.point(site);
    let condvar = state.object(here.execution.epoch, id, KIND);
    let count = state.waiting_on(condvar).count();
    if count == 0 {
        state.object_mut(condvar).idle_notify = Some(Hold { thread: ThreadRef(here.me as u32), since: site });
    }
    state.record(here.me, "notify_all", Some(condvar), site, Detail::Waiting(count as u32));
    state.wake_all(here.me, |wait| wait == Wait::Condvar(condvar));
}
