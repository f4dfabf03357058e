//! Virtual time: reading it, sleeping, and the end of timed waits.
//!
//! Knows nothing of the real clock.

use std::time::Duration;

use crate::context::{self, Here};
use crate::execution::Guard;
use crate::fault;
use crate::names::Site;
use crate::state::{State, Wait, Woken};
use crate::trace::Detail;

/// When a timed wait ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Timer {
    /// At this moment, or never.
    At(Option<u64>),
    /// The adversarial clock has moved on already.
    EndsNow,
}

impl Timer {
    /// Under the adversarial clock one timed wait in `odds` is over at once.
    pub(crate) fn start(state: &mut State, timeout: Option<Duration>, odds: u64) -> Self {
        let Some(deadline) = timeout.and_then(|timeout| deadline_after(state.now, timeout)) else {
            return Self::At(None);
        };
        if state.adversarial && state.chance.surprise(odds) {
            state.advance_to(deadline);
            return Self::EndsNow;
        }
        Self::At(Some(deadline))
    }
}

/// Nothing if the moment lies beyond the end of virtual time, some 584 years away.
fn deadline_after(now: u64, timeout: Duration) -> Option<u64> {
    now.checked_add(u64::try_from(timeout.as_nanos()).ok()?)
}

/// Keeps count of the sleeps and expired waits in a row, and ends the schedule if there are too many.
pub(crate) fn count_idle_turn<'a>(here: &'a Here, mut state: Guard<'a>, woken: Woken) -> Guard<'a> {
    let limit = state.options.max_sleeps;
    let turns = &mut state.threads[here.me].idle_turns;
    match woken {
        Woken::By(_) => *turns = 0,
        Woken::Spuriously => (),
        Woken::Expired => *turns += 1,
    }
    if *turns > limit {
        let failure = fault::sleep_polling(&state, here.me);
        here.execution.fail(state, failure)
    }
    state
}

/// Virtual nanoseconds since the schedule began. Looking at the clock is a step, or a loop that does nothing else
/// would never end.
#[must_use]
pub fn now(site: Site) -> Option<u64> {
    let here = context::here()?;
    let (mut state, site) = here.point(site);
    let now = state.now;
    state.record(here.me, "reads the clock:", None, site, Detail::Nanos(now));
    Some(now)
}

/// `thread::sleep`; false outside a schedule.
pub fn sleep(duration: Duration, site: Site) -> bool {
    let Some(here) = context::here() else { return false };
    let (execution, me) = (&here.execution, here.me);
    let (mut state, site) = here.point(site);
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    state.record(me, "sleep", None, site, Detail::Nanos(nanos));
    state.sleeps += 1;
    state = count_idle_turn(&here, state, Woken::Expired);
    match Timer::start(&mut state, Some(duration), 2) {
        Timer::EndsNow => drop(execution.switch(state, me, true)),
        Timer::At(deadline) => drop(execution.block(state, me, Wait::Sleep, deadline)),
    }
    true
}
