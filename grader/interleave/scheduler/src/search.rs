//! The second mode, for small bodies: every schedule within a bound, and a word on whether that was all there is.
//!
//! Knows nothing of operations. Where chance draws a few hundred of the schedules, this leaves none out; the number
//! grows with a power of the number of steps, so a body of two or three threads and some twenty steps is what it can
//! do. Time is that of [`Clock::Timed`].

use crate::chance::{Chance, Script};
use crate::explore::{Body, Clock, Options, Ran, Schedule, run};
use crate::hook::install_panic_hook;

/// How far a search goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bound {
    /// How often a thread that could go on may be interrupted, in one schedule.
    pub preemptions: u32,
    /// How many spurious wake-ups and spurious failures there may be, in one schedule.
    pub surprises: u32,
    /// How many schedules are run at most.
    pub schedules: u32,
}

impl Default for Bound {
    /// Most bugs need no more than two preemptions (Musuvathi and Qadeer, PLDI 2007).
    fn default() -> Self {
        Self { preemptions: 2, surprises: 1, schedules: 100_000 }
    }
}

/// What a search without a failure has seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coverage {
    /// Every schedule that the model knows: the bound never mattered.
    Everything,
    /// Every schedule within the bound of preemptions and surprises.
    WithinBound,
    /// Some of them: the number of schedules was used up, or there is a failure.
    Part,
}

/// What a search came to.
#[derive(Debug)]
pub struct Found {
    /// How many schedules were run.
    pub schedules: u32,
    /// What they were of all there are.
    pub coverage: Coverage,
    /// The first failing run: among those with the fewest preemptions. The `index` of its schedule is its place in
    /// this search; to run it again, search again.
    pub failure: Option<Ran>,
}

/// Runs every schedule of `body` within the bound, those with fewer preemptions first, up to the first failure. The
/// body must be deterministic. The same arguments give the same result.
///
/// ```
/// use interleave::{Body, Bound, Coverage, Options, search};
/// let body: Body = std::sync::Arc::new(|| ());
/// let found = search(Bound::default(), &Options::default(), &body);
/// assert_eq!((found.schedules, found.coverage), (1, Coverage::Everything));
/// ```
pub fn search(bound: Bound, options: &Options, body: &Body) -> Found {
    let options = Options { clock: Clock::Timed, ..options.clone() };
    install_panic_hook();
    let mut schedules = 0;
    for preemptions in 0..=bound.preemptions {
        let mut restricted = false;
        let mut begin = Some(Vec::new());
        while let Some(first) = begin {
            if schedules == bound.schedules {
                return Found { schedules, coverage: Coverage::Part, failure: None };
            }
            let schedule = Schedule { seed: 0, index: schedules, horizon: 0 };
            let script = Script::new(first, preemptions, bound.surprises);
            let (ran, chance) = run(schedule, &options, Chance::Scripted(script), body);
            schedules += 1;
            if ran.failure.is_some() {
                return Found { schedules, coverage: Coverage::Part, failure: Some(ran) };
            }
            let Chance::Scripted(script) = chance else { unreachable!("a script stays one") };
            restricted |= script.was_restricted();
            begin = script.next();
        }
        if !restricted {
            return Found { schedules, coverage: Coverage::Everything, failure: None };
        }
    }
    Found { schedules, coverage: Coverage::WithinBound, failure: None }
}
