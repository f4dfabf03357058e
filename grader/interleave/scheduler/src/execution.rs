//! One schedule in progress: its state, and the handing over from thread to thread.
//!
//! Exactly one thread of a schedule runs at any time. Knows nothing of locks, channels or atomics.

use std::cell::{RefCell, RefMut};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::chance::Chance;
use crate::explore::{Options, Schedule};
use crate::fault::{self, Failure};
use crate::fiber::{self, Next};
use crate::names::nowhere;
use crate::probe::ThreadRef;
use crate::state::{Outcome, State, Status, Wait};
use crate::trace::Detail;
use crate::unwinding::panicking;

/// Whether any schedule of this process has left threads behind.
static STUCK: AtomicBool = AtomicBool::new(false);

pub(crate) fn stuck_threads_exist() -> bool {
    STUCK.load(Ordering::Relaxed)
}

pub(crate) type Guard<'a> = RefMut<'a, State>;

/// A schedule in progress.
pub(crate) struct Execution {
    pub(crate) epoch: u64,
    state: RefCell<State>,
}

impl Execution {
    /// A schedule with its first thread, `main`, which already holds the right to run.
    pub(crate) fn new(epoch: u64, schedule: Schedule, chance: Chance, options: &Options) -> Self {
        let mut state = State::new(schedule, chance, options);
        state.add_thread(None, Some("main".into()), nowhere());
        Self { epoch, state: RefCell::new(state) }
    }

    /// The state, whatever has become of the schedule.
    pub(crate) fn inspect(&self) -> Guard<'_> {
        self.state.borrow_mut()
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
        self.state.try_borrow_mut().ok()
    }

    /// Counts a step and lets whoever is next run; returns when `me` is next. While a thread unwinds it is not
    /// interrupted, but a thread that cannot go on always gives way.
    pub(crate) fn switch<'a>(&'a self, mut state: Guard<'a>, me: usize, yielding: bool) -> Guard<'a> {
        if let Some(failure) = count_step(&mut state, me) {
            self.fail(state, failure)
        }
        if panicking() && state.threads[me].status == Status::Ready {
            return state;
        }
        match state.choose(me, yielding) {
            Some(next) if next == me => state,
            Some(next) => {
                state.switches += 1;
                drop(state);
                fiber::give_way(Next::Fiber(next));
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
        if state.threads.iter().any(|thread| thread.status != Status::Finished) {
            STUCK.store(true, Ordering::Relaxed);
        }
        let main = &mut state.threads[0];
        let main_panic = main.unwinding.take().filter(|_| !main.means_to_panic);
        state.outcome = Some(match (outcome, main_panic) {
            // What went wrong first is the panic, even if a destructor then waits for ever.
            (Outcome::Failed(later), Some(panic)) => Outcome::Failed(fault::panic_then(panic, later)),
            (outcome, _) => outcome,
        });
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

    /// The end of a thread: says who goes on.
    pub(crate) fn finish(&self, me: usize) -> Next {
        let mut state = self.inspect();
        if state.outcome.is_some() {
            return Next::Nobody;
        }
        if let Some(failure) = count_step(&mut state, me) {
            self.conclude(state, Outcome::Failed(failure));
            return Next::Nobody;
        }
        let site = state.threads[me].site;
        state.record(me, "ends", None, site, Detail::None);
        state.threads[me].status = Status::Finished;
        state.threads[me].has_returned = true;
        state.wake_all(me, |wait| wait == Wait::Join(ThreadRef(me as u32)));
        let goes_on =
            state.threads.iter().any(|thread| thread.status != Status::Finished && !thread.is_daemon);
        if !goes_on {
            self.conclude(state, Outcome::Passed);
            return Next::Nobody;
        }
        if let Some(next) = state.choose(me, false) {
            state.switches += 1;
            return Next::Fiber(next);
        }
        let failure = fault::nobody_can_run(&state);
        self.conclude(state, Outcome::Failed(failure));
        Next::Nobody
    }
}

/// Counts a step of `me`; there may be too many.
fn count_step(state: &mut State, me: usize) -> Option<Failure> {
    state.steps += 1;
    let unwinding = panicking();
    let note = &mut state.threads[me].unwinding;
    if !unwinding {
        *note = None;
    } else if note.is_none() {
        *note = Some("panicked".into());
    }
    (state.steps > state.options.max_steps).then(|| fault::busy_wait(state))
}

/// A thread of a schedule that is over: it never runs again and never unwinds.
fn stop_for_ever() -> ! {
    fiber::give_way(Next::Nobody);
    unreachable!("nobody goes on when a schedule is over")
}
