//! One schedule in progress: the state under its lock, and the handing over from thread to thread.
//!
//! Exactly one thread of a schedule runs at any time. Knows nothing of locks, channels or atomics.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::chance::Chance;
use crate::explore::{Options, Schedule};
use crate::fault::{self, Failure};
use crate::handover::{Baton, stop_for_ever};
use crate::names::nowhere;
use crate::pin::Core;
use crate::probe::ThreadRef;
use crate::state::{Outcome, State, Status, Wait};
use crate::trace::Detail;

/// Whether any schedule of this process has left threads behind.
static STUCK: AtomicBool = AtomicBool::new(false);

pub(crate) fn stuck_threads_exist() -> bool {
    STUCK.load(Ordering::Relaxed)
}

pub(crate) type Guard<'a> = MutexGuard<'a, State>;

/// A schedule in progress.
pub(crate) struct Execution {
    pub(crate) epoch: u64,
    state: Mutex<State>,
    /// Raised when the schedule is over; it belongs to the explorer.
    ended: Baton,
}

impl Execution {
    /// A schedule with its first thread, `main`, which already holds the right to run.
    pub(crate) fn new(epoch: u64, schedule: Schedule, chance: Chance, options: &Options, core: Core) -> Self {
        let mut state = State::new(schedule, chance, options, core);
        state.add_thread(None, Some("main".into()), nowhere());
        let ended = Baton::default();
        ended.belongs_to(std::thread::current());
        Self { epoch, state: Mutex::new(state), ended }
    }

    /// The state, whatever has become of the schedule.
    pub(crate) fn inspect(&self) -> Guard<'_> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, for a thread that wants to go on. If the schedule is over, the thread stops here for ever.
    pub(crate) fn lock(&self) -> Guard<'_> {
        let state = self.inspect();
        if state.outcome.is_some() {
            drop(state);
            stop_for_ever()
        }
        state
    }

    /// Like `inspect`, but gives up at once if the state is in use.
    pub(crate) fn try_inspect(&self) -> Option<Guard<'_>> {
        self.state.try_lock().ok()
    }

    /// Counts a step and lets whoever is next run; returns when `me` is next. While a thread unwinds it is not
    /// interrupted, but a thread that cannot go on always gives way.
    pub(crate) fn switch<'a>(&'a self, mut state: Guard<'a>, me: usize, yielding: bool) -> Guard<'a> {
        if let Some(failure) = count_step(&mut state, me) {
            self.fail(state, failure)
        }
        if std::thread::panicking() && state.threads[me].status == Status::Ready {
            return state;
        }
        match state.choose(me, yielding) {
            Some(next) if next == me => state,
            Some(next) => {
                let mine = state.threads[me].baton.clone();
                pass_on(state, next);
                mine.wait();
                self.lock()
            }
            None => {
                let failure = fault::nobody_can_run(&state);
                self.fail(state, failure)
            }
        }
    }

    /// Waits until somebody, or the clock, makes `me` ready again.
    pub(crate) fn block<'a>(
        &'a self,
        mut state: Guard<'a>,
        me: usize,
        wait: Wait,
        deadline: Option<u64>,
    ) -> Guard<'a> {
        let thread = &mut state.threads[me];
        thread.status = Status::Blocked(wait);
        thread.deadline = deadline;
        self.switch(state, me, false)
    }

    /// Ends the schedule; the first outcome stands.
    pub(crate) fn conclude(&self, mut state: Guard<'_>, outcome: Outcome) {
        if state.outcome.is_some() {
            return;
        }
        if matches!(outcome, Outcome::Failed(_)) {
            STUCK.store(true, Ordering::Relaxed);
        }
        let main_panic = state.threads[0].unwinding.take();
        state.outcome = Some(match (outcome, main_panic) {
            // What went wrong first is the panic, even if a destructor then waits for ever.
            (Outcome::Failed(later), Some(panic)) => Outcome::Failed(fault::panic_then(panic, later)),
            (outcome, _) => outcome,
        });
        // The explorer needs the state at once: give it back before waking anybody.
        drop(state);
        self.ended.pass();
    }

    /// Ends the schedule with a failure found by a thread that can go no further.
    pub(crate) fn fail(&self, state: Guard<'_>, failure: Failure) -> ! {
        self.conclude(state, Outcome::Failed(failure));
        stop_for_ever()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.inspect().outcome.is_some()
    }

    /// Ends the schedule because a destructor of a thread-local value of `me` has panicked.
    pub(crate) fn fail_by_destructor(&self, me: usize) -> ! {
        let mut state = self.lock();
        let panic = state.threads[me].unwinding.take().unwrap_or_else(|| "panicked".into());
        let failure = fault::destructor_panicked(me, &panic, &state);
        self.fail(state, failure)
    }

    /// The end of a thread. Unlike all other operations it returns even if the schedule is over: the
    /// operating-system thread is about to exit.
    pub(crate) fn finish(&self, me: usize) {
        let mut state = self.inspect();
        if state.outcome.is_some() {
            return;
        }
        if let Some(failure) = count_step(&mut state, me) {
            return self.conclude(state, Outcome::Failed(failure));
        }
        let site = state.threads[me].site;
        state.record(me, "ends", None, site, Detail::None);
        state.threads[me].status = Status::Finished;
        state.threads[me].has_returned = true;
        state.wake_all(me, |wait| wait == Wait::Join(ThreadRef(me as u32)));
        match state.choose(me, false) {
            Some(next) => pass_on(state, next),
            None if state.threads.iter().all(|thread| thread.status == Status::Finished) => {
                self.conclude(state, Outcome::Passed);
            }
            None => {
                let failure = fault::nobody_can_run(&state);
                self.conclude(state, Outcome::Failed(failure));
            }
        }
    }

    /// Waits for the end of the schedule.
    pub(crate) fn wait_for_end(&self) -> Guard<'_> {
        self.ended.wait();
        self.inspect()
    }
}

/// Counts a step of `me`; there may be too many.
fn count_step(state: &mut State, me: usize) -> Option<Failure> {
    state.steps += 1;
    let unwinding = std::thread::panicking();
    let note = &mut state.threads[me].unwinding;
    if !unwinding {
        *note = None;
    } else if note.is_none() {
        *note = Some("panicked".into());
    }
    (state.steps > state.options.max_steps).then(|| fault::busy_wait(state))
}

fn pass_on(mut state: Guard<'_>, next: usize) {
    state.switches += 1;
    let baton = state.threads[next].baton.clone();
    // The next thread needs the state at once: give it back before waking anybody.
    drop(state);
    baton.pass();
}
