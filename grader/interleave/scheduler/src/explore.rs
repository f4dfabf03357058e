//! Runs a body under one schedule after another, and finds the shortest way to show a failure.
//!
//! Knows nothing of operations or of the story's text. A schedule is determined by its three numbers alone.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::chance::{Chance, Script};
use crate::context::{self, Here};
use crate::execution::Execution;
use crate::fault::{self, Failure, Fault};
use crate::fiber;
use crate::hook::install_panic_hook;
use crate::state::Outcome;
use crate::story::Record;
use crate::trace::{Detail, Step};
use crate::unwinding::catch_unwind;

/// What a schedule runs.
pub type Body = Arc<dyn Fn() + Send + Sync>;

/// Priorities change somewhere in this many steps at least.
const LEAST_HORIZON: u32 = 20;
/// How many more schedules are tried for a shorter story.
const SHORTENING_SCHEDULES: u32 = 3000;
/// How many failures are compared for a shorter story.
const SHORTENING_FAILURES: u32 = 400;
/// And how many steps all of them may take: some 200 milliseconds, counted so that the same arguments give the same story.
const SHORTENING_STEPS: u32 = 500_000;

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
    /// Names of threads that may still be there when all others have ended: the schedule ends without them, as a
    /// program does. They stop where they are, and no destructor of theirs runs.
    pub daemons: Vec<Arc<str>>,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_steps: 5000, max_sleeps: 64, clock: Clock::Adversarial, daemons: Vec::new() }
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
        self.record.lines(|_| false)
    }

    /// The story without what the files do, of which `is_stage` says so, with locks and condition variables: a driver's own, at which
    /// no reader wonders. Threads that they start and atomics that they load and store stay in it. A file is named as the compiler
    /// was told its name.
    #[must_use]
    pub fn story_without(&self, is_stage: impl Fn(&str) -> bool) -> Vec<String> {
        let hidden = |step: &Step| is_stage(step.site.file()) && self.record.is_of_a_monitor(step);
        self.record.lines(hidden)
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

/// Goes through the schedules of one seed.
#[derive(Debug)]
pub struct Explorer {
    seed: u64,
    next_index: u32,
    horizon: u32,
    options: Options,
}

impl Explorer {
    /// Starts at schedule 0. Installs the panic hook.
    #[must_use]
    pub fn new(seed: u64, options: Options) -> Self {
        install_panic_hook();
        Self { seed, next_index: 0, horizon: LEAST_HORIZON, options }
    }

    /// Runs the next schedule.
    pub fn next(&mut self, body: &Body) -> Ran {
        let schedule = Schedule { seed: self.seed, index: self.next_index, horizon: self.horizon };
        let ran = run(schedule, &self.options, chance_of(schedule), body).0;
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
        run(schedule, &self.options, chance_of(schedule), body).0
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
    let (mut seen, mut steps) = (1, 0_u32);
    for _ in 0..SHORTENING_SCHEDULES {
        if seen == SHORTENING_FAILURES || steps > SHORTENING_STEPS {
            break;
        }
        let ran = explorer.next(body);
        steps = steps.saturating_add(ran.steps);
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

/// Runs one schedule on the current operating-system thread, and gives its decisions back.
pub(crate) fn run(schedule: Schedule, options: &Options, chance: Chance, body: &Body) -> (Ran, Chance) {
    static EPOCH: AtomicU64 = AtomicU64::new(context::NO_EPOCH + 1);
    let epoch = EPOCH.fetch_add(1, Ordering::Relaxed);
    let execution = Rc::new(Execution::new(epoch, schedule, chance, options));
    context::within(&execution, || {
        let (main, body) = (Here { execution: Rc::clone(&execution), me: 0 }, Arc::clone(body));
        let live = move || {
            context::live(&main, |here| {
                if catch_unwind(AssertUnwindSafe(|| body())).is_err() {
                    conclude_panic(&here.execution);
                }
            })
        };
        fiber::add(None, Box::new(live)).expect("the machine must have room for one more stack");
        fiber::run();
    });
    let mut state = execution.inspect();
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
    let (steps, switches, tainted) = (state.steps, state.switches, state.tainted);
    let nothing = Chance::Scripted(Script::new(Vec::new(), 0, 0));
    let chance = std::mem::replace(&mut state.chance, nothing);
    (Ran { schedule, steps, switches, failure, record, tainted }, chance)
}

fn conclude_panic(execution: &Execution) {
    let mut state = execution.inspect();
    let panic = state.threads[0].unwinding.take().unwrap_or_else(|| "panicked".into());
    let failure = fault::body_panicked(panic, &state);
    execution.conclude(state, Outcome::Failed(failure));
}
