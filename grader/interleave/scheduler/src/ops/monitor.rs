//! A small monitor: data that changes only at scheduling points, and threads that wait for it to change.
//!
//! Channels, barriers and one-time initialisation are built on it. It is no lock in the eyes of the story or of
//! [`crate::probe`]: only its name appears ("recv Channel#1"). Outside a schedule it is a real mutex and condvar.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::context::{self, Here};
use crate::fault;
use crate::names::Site;
use crate::object::{Hold, Kind, ObjectId};
use crate::ops::time::{Timer, count_idle_turn};
use crate::probe::ThreadRef;
use crate::state::{Wait, Woken};
use crate::trace::Detail;

/// What an attempt to do an operation comes to.
#[derive(Debug)]
pub enum Try<R> {
    /// Done, with this result, and the data has changed: everybody who waits looks again.
    Done(R),
    /// Done, with this result, by looking only.
    Seen(R),
    /// Not possible until the data changes.
    Wait,
    /// Half done: the data has changed, but the rest has to wait for another change.
    HalfDone,
}

/// The monitor.
#[derive(Debug)]
pub struct Monitor<S> {
    id: ObjectId,
    data: Mutex<S>,
    changed: Condvar,
}

impl<S> Monitor<S> {
    /// A monitor with its first data.
    pub const fn new(data: S) -> Self {
        Self { id: ObjectId::new(), data: Mutex::new(data), changed: Condvar::new() }
    }

    /// Its identity.
    pub const fn id(&self) -> &ObjectId {
        &self.id
    }

    /// Does an operation that may have to wait. Nothing is returned only if `timeout` is over.
    /// `attempt` runs under the monitor's lock: it must run no code of the student's.
    pub fn run<R>(
        &self,
        kind: Kind,
        verb: &'static str,
        site: Site,
        timeout: Option<Duration>,
        mut attempt: impl FnMut(&mut S) -> Try<R>,
    ) -> Option<R> {
        match context::here() {
            Some(here) => self.run_modelled(&here, kind, verb, site, timeout, attempt),
            None => self.run_for_real(timeout, &mut attempt),
        }
    }

    /// Changes the data with no scheduling point and no step of its own; waiting threads look again.
    pub fn quietly<R>(&self, change: impl FnOnce(&mut S) -> R) -> R {
        let result = change(&mut self.data());
        match context::here() {
            Some(here) => {
                let mut state = here.lock();
                if let Some(object) = self.id.index_in(here.execution.epoch) {
                    state.publish(here.me, object);
                    state.wake_all(here.me, |wait| wait == Wait::Change(object));
                }
            }
            None => self.changed.notify_all(),
        }
        result
    }

    /// Says that the current thread is the one that the others will have to wait for, or no longer.
    pub fn set_busy(&self, busy: Option<Site>) {
        let Some(here) = context::here() else { return };
        let mut state = here.lock();
        if let Some(object) = self.id.index_in(here.execution.epoch) {
            let me = ThreadRef(here.me as u32);
            state.object_mut(object).owner = busy.map(|since| Hold { thread: me, since });
        }
    }

    /// The site of the current thread's latest operation, for destructors, which have no caller to name.
    #[must_use]
    pub fn latest_site(&self, otherwise: Site) -> Site {
        context::here().map_or(otherwise, |here| here.execution.inspect().threads[here.me].site)
    }

    /// Does an operation that may have to wait for as long as it takes.
    pub fn wait_until<R>(
        &self,
        kind: Kind,
        verb: &'static str,
        site: Site,
        attempt: impl FnMut(&mut S) -> Try<R>,
    ) -> R {
        match self.run(kind, verb, site, None, attempt) {
            Some(result) => result,
            None => unreachable!("only a timeout ends a wait without a result"),
        }
    }

    /// Looks at the data without a scheduling point.
    pub fn peek<R>(&self, look: impl FnOnce(&S) -> R) -> R {
        look(&self.data())
    }

    /// The data, for exclusive access.
    pub fn get_mut(&mut self) -> &mut S {
        self.data.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn data(&self) -> MutexGuard<'_, S> {
        // Attempts run no code of the student's that could panic half-way.
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_modelled<R>(
        &self,
        here: &Here,
        kind: Kind,
        verb: &'static str,
        site: Site,
        timeout: Option<Duration>,
        mut attempt: impl FnMut(&mut S) -> Try<R>,
    ) -> Option<R> {
        let (execution, me) = (&here.execution, here.me);
        let (mut state, site) = here.point(site);
        let object = state.object(execution.epoch, &self.id, kind);
        let mut timer = None;
        loop {
            let tried = attempt(&mut self.data());
            let changed = matches!(tried, Try::Done(_) | Try::HalfDone);
            if changed {
                // Something was sent, received or begun: what went before was no idle polling.
                state.threads[me].idle_turns = 0;
                state.publish(me, object);
                state.wake_all(me, |wait| wait == Wait::Change(object));
            }
            if let Try::Done(result) | Try::Seen(result) = tried {
                state.record(me, verb, Some(object), site, Detail::None);
                state.learn(me, object);
                return Some(result);
            }
            if state.threads[me].woken == Woken::Expired && timer.is_some() {
                state.record(me, verb, Some(object), site, Detail::Says("times out"));
                return None;
            }
            if timer.is_none() || changed {
                state.record(me, verb, Some(object), site, Detail::Says("waits"));
            }
            if state.object_mut(object).owner.is_some_and(|busy| busy.thread.0 as usize == me) {
                let failure = fault::self_deadlock(&state, me, object);
                execution.fail(state, failure)
            }
            state = match *timer.get_or_insert_with(|| Timer::start(&mut state, timeout, 8)) {
                Timer::EndsNow => {
                    state.threads[me].woken = Woken::Expired;
                    execution.switch(state, me, true)
                }
                Timer::At(deadline) => execution.block(state, me, Wait::Change(object), deadline),
            };
            let woken = state.threads[me].woken;
            state = count_idle_turn(here, state, woken);
        }
    }

    fn run_for_real<R>(
        &self,
        timeout: Option<Duration>,
        attempt: &mut dyn FnMut(&mut S) -> Try<R>,
    ) -> Option<R> {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut data = self.data();
        loop {
            let tried = attempt(&mut data);
            if matches!(tried, Try::Done(_) | Try::HalfDone) {
                self.changed.notify_all();
            }
            if let Try::Done(result) | Try::Seen(result) = tried {
                return Some(result);
            }
            data = match end.map(|end| end.saturating_duration_since(Instant::now())) {
                None => self.changed.wait(data).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return None,
                Some(left) => {
                    let waited = self.changed.wait_timeout(data, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}
