//! Runs a body under one schedule after another, and finds the shortest way to show a failure.
//!
//! Knows nothing of operations or of the story's text. A schedule is determined by its three numbers alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::chance::{Chance, Script};
use crate::context::{self, Here};
use crate::crew;
use crate::execution::Execution;
use crate::fault::{self, Failure, Fault};
use crate::hook::install_panic_hook;
use crate::pin::{Core, Pinned};
use crate::state::Outcome;
use crate::story::Record;
use crate::trace::Detail;

/// What a schedule runs.
pub type Body = Arc<dyn Fn() + Send + Sync>;

/// Priorities change somewhere in this many steps at least.
const LEAST_HORIZON: u32 = 20;
/// How many more schedules are tried for a shorter story.
const SHORTENING_SCHEDULES: u32 = 300;
/// How many failures are compared for a shorter story.
const SHORTENING_FAILURES: u32 = 40;

/// Fully determines one run of a deterministic body.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Schedule {
    /// Chosen by the user.
    pub seed: u64,
    /// Number of the schedule within the seed.
    pub index: u32,
    /// About how many steps the body takes.
    pub horizon: u32,
}

/// Limits and rules of a schedule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// A schedule with more steps is a busy wait.
    pub max_steps: u32,
    /// More sleeps and expired timed waits in a row of one thread are sleep polling.
    pub max_sleeps: u32,
    /// How time passes.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_steps: 5000, max_sleeps: 64, clock: Clock::Adversarial }
    }
}

/// How virtual time passes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Clock {
    /// Only when no thread can run, and then to the next deadline: a sleep means "until all have settled".
    Timed,
    /// In schedules with an odd index also a sleep or a timed wait may end at once, while others could run: a sleep
    /// means nothing but that time has passed.
    Adversarial,
}

/// One run.
#[derive(Debug)]
pub struct Ran {
    /// How to repeat it.
    pub schedule: Schedule,
    /// How many times a thread could have been interrupted or was.
    pub steps: u32,
    /// How many times another thread went on.
    pub switches: u32,
    /// What went wrong, if anything.
    pub failure: Option<Failure>,
    record: Record,
    tainted: bool,
}

impl Ran {
    /// One line a step, one column a thread, with the source line of each step.
    #[must_use]
    pub fn story(&self) -> Vec<String> {
        self.record.lines()
    }

    /// Whether something outside the body had a hand in this run: the machine refused a thread, or a stuck thread of
    /// an earlier, failed schedule still holds a lock that outlives schedules. A failure then proves nothing.
    #[must_use]
    pub fn is_tainted(&self) -> bool {
        self.tainted
    }

    /// Whether any load read a value that had already been replaced: then a failure may be one of weak memory.
    #[must_use]
    pub fn read_old_value(&self) -> bool {
        self.record.steps.iter().any(|step| matches!(step.detail, Detail::OldValue(..)))
    }
}

/// Runs schedules on one core.
#[derive(Debug, Default)]
pub(crate) struct Runner {
    /// Kept for a while: changing cores takes longer than many a schedule.
    pinned: Option<Pinned>,
    count: u32,
}

/// After so many schedules the machine may choose another core, if this one has become busy.
const SCHEDULES_PER_PIN: u32 = 32;

impl Runner {
    /// Installs the panic hook.
    pub(crate) fn new() -> Self {
        install_panic_hook();
        Self::default()
    }

    /// Runs one schedule, and gives its decisions back.
    pub(crate) fn run(
        &mut self,
        schedule: Schedule,
        options: &Options,
        chance: Chance,
        body: &Body,
    ) -> (Ran, Chance) {
        if self.count.is_multiple_of(SCHEDULES_PER_PIN) {
            self.pinned = None;
        }
        self.count = self.count.wrapping_add(1);
        let core = self.pinned.get_or_insert_with(Pinned::here).core();
        run(schedule, options, chance, core, body)
    }
}

/// Goes through the schedules of one seed.
#[derive(Debug)]
pub struct Explorer {
    seed: u64,
    next_index: u32,
    horizon: u32,
    options: Options,
    runner: Runner,
}

impl Explorer {
    /// Starts at schedule 0. Installs the panic hook.
    #[must_use]
    pub fn new(seed: u64, options: Options) -> Self {
        Self { seed, next_index: 0, horizon: LEAST_HORIZON, options, runner: Runner::new() }
    }

    /// Runs the next schedule.
    pub fn next(&mut self, body: &Body) -> Ran {
        let schedule = Schedule { seed: self.seed, index: self.next_index, horizon: self.horizon };
        let ran = self.runner.run(schedule, &self.options, chance_of(schedule), body).0;
        self.next_index += 1;
        // A run without an end says nothing about the length of the body.
        let endless =
            matches!(&ran.failure, Some(it) if matches!(it.fault, Fault::BusyWait | Fault::SleepPolling));
        if !endless {
            self.horizon = self.horizon.max(ran.steps);
        }
        ran
    }

    /// Runs a schedule again: the same run, to the byte of its story.
    pub fn replay(&self, schedule: Schedule, body: &Body) -> Ran {
        Runner::new().run(schedule, &self.options, chance_of(schedule), body).0
    }
}

fn chance_of(schedule: Schedule) -> Chance {
    Chance::drawn(schedule.seed, schedule.index, schedule.horizon)
}

/// What an exploration found.
#[derive(Debug)]
pub struct Report {
    /// How many schedules were run up to the first failure, or in all.
    pub schedules: u32,
    /// The shortest failing run that was seen.
    pub failure: Option<Ran>,
}

/// Runs up to `schedules` schedules, stops at the first failure, then looks for a shorter run that fails alike.
/// Everything is bounded by counts, so that the same arguments give the same report.
pub fn explore(seed: u64, schedules: u32, options: Options, body: Body) -> Report {
    let mut explorer = Explorer::new(seed, options);
    for count in 1..=schedules {
        let ran = explorer.next(&body);
        if ran.failure.is_some() {
            return Report { schedules: count, failure: Some(shorten(explorer, ran, &body)) };
        }
    }
    Report { schedules, failure: None }
}

fn shorten(mut explorer: Explorer, first: Ran, body: &Body) -> Ran {
    let fault = |ran: &Ran| ran.failure.as_ref().filter(|_| !ran.tainted).map(|failure| failure.fault);
    let wanted = fault(&first);
    let mut best = first;
    let mut seen = 1;
    for _ in 0..SHORTENING_SCHEDULES {
        if seen == SHORTENING_FAILURES {
            break;
        }
        let ran = explorer.next(body);
        if wanted.is_none() || fault(&ran) != wanted {
            continue;
        }
        seen += 1;
        // Ties go to the lower index, which came first.
        if (ran.switches, ran.steps) < (best.switches, best.steps) {
            best = ran;
        }
    }
    best
}

fn run(schedule: Schedule, options: &Options, chance: Chance, core: Core, body: &Body) -> (Ran, Chance) {
    static EPOCH: AtomicU64 = AtomicU64::new(context::NO_EPOCH + 1);
    let epoch = EPOCH.fetch_add(1, Ordering::Relaxed);
    let execution = Arc::new(Execution::new(epoch, schedule, chance, options, core));
    start_main(&execution, core, Arc::clone(body));
    let mut state = execution.wait_for_end();
    let record = Record {
        steps: std::mem::take(&mut state.trace),
        forgotten: state.steps_forgotten,
        objects: std::mem::take(&mut state.objects),
        names: state.threads.iter().map(|thread| thread.given_name.clone()).collect(),
    };
    let failure = match state.outcome.replace(Outcome::Passed) {
        Some(Outcome::Failed(failure)) => Some(failure),
        _ => None,
    };
    // After a failure the stuck threads stay where they are: unwinding them would run the student's code again.
    let (steps, switches, tainted) = (state.steps, state.switches, state.tainted);
    let nothing = Chance::Scripted(Script::new(Vec::new(), 0, 0));
    let chance = std::mem::replace(&mut state.chance, nothing);
    (Ran { schedule, steps, switches, failure, record, tainted }, chance)
}

fn start_main(execution: &Arc<Execution>, core: Core, body: Body) {
    let member = Here { execution: Arc::clone(execution), me: 0 };
    let main = move || {
        context::serve(member, |here| {
            if catch_unwind(AssertUnwindSafe(|| body())).is_err() {
                conclude_panic(&here.execution);
            }
        });
    };
    let baton = crew::hire(None, core, Box::new(main)).expect("the machine must allow one more thread");
    execution.inspect().threads[0].baton = Arc::clone(&baton);
    baton.pass();
}

fn conclude_panic(execution: &Execution) {
    let mut state = execution.inspect();
    let panic = state.threads[0].unwinding.take().unwrap_or_else(|| "panicked".into());
    let failure = fault::body_panicked(panic, &state);
    execution.conclude(state, Outcome::Failed(failure));
}
