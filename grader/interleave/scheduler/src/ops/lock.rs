//! Mutual exclusion: `Mutex` and `RwLock`.
//!
//! Knows who may enter. The data itself sits in a real lock of the modelled type, which is always free when the
//! model lets a thread in.

use crate::context::{self, Here};
use crate::execution::{Guard, stuck_threads_exist};
use crate::fault;
use crate::names::Site;
use crate::object::{Hold, Kind, ObjectId, ObjectIndex};
use crate::probe::ThreadRef;
use crate::state::{Status, Thread, Wait};
use crate::trace::Detail;

/// How a lock is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// By one thread alone.
    Alone,
    /// By any number of readers.
    Shared,
}

/// What became of an attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attempt {
    /// The caller belongs to no schedule and must ask the real lock.
    Outside,
    /// The caller has it.
    Taken,
    /// Somebody else has it.
    Busy,
}

/// Takes a lock, waiting if need be; false outside a schedule.
pub fn lock(id: &ObjectId, kind: Kind, mode: Mode, verb: &'static str, site: Site) -> bool {
    let Some(here) = context::here() else { return false };
    let (mut state, site) = here.point(site);
    let object = state.object(here.execution.epoch, id, kind);
    drop(enter(&here, state, object, mode, verb, site));
    true
}

/// Takes a lock if it is free.
pub fn try_lock(id: &ObjectId, kind: Kind, mode: Mode, verb: &'static str, site: Site) -> Attempt {
    let Some(here) = context::here() else { return Attempt::Outside };
    let object = {
        let mut state = here.lock();
        let object = state.object(here.execution.epoch, id, kind);
        state.object_mut(object).tried = true;
        object
    };
    let (mut state, site) = here.point(site);
    let busy = obstacle(&mut state, object, mode).is_some();
    state.count_look(here.me, busy);
    if busy {
        state.record(here.me, verb, Some(object), site, Detail::Says("would block"));
        return Attempt::Busy;
    }
    drop(enter(&here, state, object, mode, verb, site));
    Attempt::Taken
}

/// Waits for the lock and takes it; the last part of `lock` and of every condition wait.
pub(crate) fn enter<'a>(
    here: &'a Here,
    mut state: Guard<'a>,
    object: ObjectIndex,
    mode: Mode,
    verb: &'static str,
    site: Site,
) -> Guard<'a> {
    let me = ThreadRef(here.me as u32);
    while let Some(holder) = obstacle(&mut state, object, mode) {
        state.record(here.me, verb, Some(object), site, Detail::HeldBy(holder.thread, holder.since));
        if state.object_mut(object).holders().any(|hold| hold.thread == me) {
            let failure = fault::self_deadlock(&state, here.me, object);
            here.execution.fail(state, failure)
        }
        let wait = if mode == Mode::Alone { Wait::Lock(object) } else { Wait::Shared(object) };
        state = here.execution.block(state, here.me, wait, None);
    }
    state.record(here.me, verb, Some(object), site, Detail::None);
    let hold = Hold { thread: me, since: site };
    match mode {
        Mode::Alone => state.object_mut(object).owner = Some(hold),
        Mode::Shared => state.object_mut(object).readers.push(hold),
    }
    state.learn(here.me, object);
    state
}

/// Who is in the way. A reader may find readers in the way, if a writer waits for them: which of the two goes first is
/// left open by the standard library.
fn obstacle(state: &mut Guard<'_>, object: ObjectIndex, mode: Mode) -> Option<Hold> {
    let entry = state.object_mut(object);
    let (owner, first) = (entry.owner, entry.holders().next().copied());
    let reader = first.filter(|_| owner.is_none());
    match mode {
        Mode::Alone => first,
        Mode::Shared if reader.is_some() && writer_goes_first(state, object) => reader,
        Mode::Shared => owner,
    }
}

fn writer_goes_first(state: &mut Guard<'_>, object: ObjectIndex) -> bool {
    let waits = |thread: &Thread| thread.status == Status::Blocked(Wait::Lock(object));
    state.threads.iter().any(waits) && state.prefers_writers()
}

/// Gives a lock back.
pub fn unlock(id: &ObjectId, mode: Mode) {
    let Some(here) = context::here() else { return };
    let mut state = here.lock();
    let Some(object) = id.index_in(here.execution.epoch) else { return };
    if state.object_mut(object).tried {
        state = here.execution.switch(state, here.me, false);
    }
    leave(&here, &mut state, object, mode, true);
    drop(here.execution.switch(state, here.me, false));
}

/// The change itself, without a scheduling point; also used when a condition wait gives its lock up.
pub(crate) fn leave(here: &Here, state: &mut Guard<'_>, object: ObjectIndex, mode: Mode, told: bool) {
    let me = ThreadRef(here.me as u32);
    let entry = state.object_mut(object);
    let hold = match mode {
        Mode::Alone => entry.owner.take(),
        Mode::Shared => {
            let mine = entry.readers.iter().position(|hold| hold.thread == me);
            mine.map(|index| entry.readers.remove(index))
        }
    };
    if let Some(hold) = hold.filter(|_| told) {
        let site = state.threads[here.me].site;
        state.record(here.me, "unlock", Some(object), site, Detail::TakenAt(hold.since));
    }
    state.publish(here.me, object);
    state.wake_all(here.me, |wait| wait == Wait::Lock(object) || wait == Wait::Shared(object));
}

/// Exchanges sole ownership for reading.
pub fn downgrade(id: &ObjectId, site: Site) {
    let Some(here) = context::here() else { return };
    let (mut state, site) = here.point(site);
    let Some(object) = id.index_in(here.execution.epoch) else { return };
    state.record(here.me, "downgrade", Some(object), site, Detail::None);
    leave(&here, &mut state, object, Mode::Alone, false);
    let hold = Hold { thread: ThreadRef(here.me as u32), since: site };
    state.object_mut(object).readers.push(hold);
}

/// The model has let the caller in, but the real lock is taken. Once a schedule has failed, one of its stuck threads
/// may hold the lock for ever, and then this schedule is over as well. Otherwise it returns: a thread outside the
/// model has the lock and will give it back.
pub fn found_taken(id: &ObjectId) {
    let Some(here) = context::here() else { return };
    if !stuck_threads_exist() {
        return;
    }
    let mut state = here.lock();
    if let Some(object) = id.index_in(here.execution.epoch) {
        state.tainted = true;
        let failure = fault::inherited(&state, here.me, object);
        here.execution.fail(state, failure)
    }
}
