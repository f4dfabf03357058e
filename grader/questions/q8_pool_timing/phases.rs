//! Question 8: durations, compared with the judge's own clock.
//!
//! The judge holds one phase of a pool at a time, much longer than all the rest takes. Each figure is
//! then bounded on both sides by readings that enclose it, or that it encloses, on every machine: the
//! phase lasts at least from the moment in which the judge saw it begin until the judge let it go on,
//! and at most from the last thing seen before it until the first seen after it. A figure that covers
//! another region breaks a bound as soon as the hold is longer than what surrounds it; so one pool is
//! made beforehand without any hold, and holds are three times as long as that took.

use super::results::{Timing, explained, good_end, in_children, timings};
use super::scenes::{calls, held, plain, pool, trial};
use super::words::{Call, IN_CLOSE, IN_JOIN, START, STOP};
use crate::experiment::{Numbers, Wrong};
use crate::fault::Fault;
use crate::trial::{Event, Seen, Step, Trace, Trial, TrialRules};

/// As in `drivers-faults`: the time of day loses an hour at every look.
pub(super) const DAY_JUMPS: u64 = 4;

/// What the judge's clock said around the phases of one pool, in nanoseconds.
#[derive(Debug, Clone, Copy, Default)]
struct Marks {
    before: u64,
    start_seen: u64,
    start_opened: u64,
    first_job: u64,
    last_opened: u64,
    stop_seen: u64,
    stop_opened: u64,
    after: u64,
}

pub(super) const PHASES: TrialRules = TrialRules {
    check: "q8.phases",
    trials: |fresh| {
        let mut trials = Vec::new();
        for faults in [0, DAY_JUMPS] {
            for (phase, held_end) in [(0, IN_JOIN), (1, IN_JOIN), (2, IN_JOIN), (2, IN_CLOSE)] {
                let call = Call::TimePool(2, held(fresh, 10, 3));
                trials.push(scene(fresh, faults, held_end, call, &pool(2, 3, dwelling_in(phase))));
            }
            let script: Vec<Step> = (0..3).flat_map(|phase| pool(2, 3, dwelling_in(phase))).collect();
            let call = Call::Compare(vec![2, 3, 2], held(fresh, 10, 3));
            trials.push(scene(fresh, faults, IN_JOIN, call, &script));
        }
        trials
    },
    judge: |trial, trace| judge_phases(trial, trace).map_err(explained),
};

fn judge_phases(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    let day_jumps = calls(trial).first() == Some(&Call::Faults(DAY_JUMPS));
    if day_jumps && trace.panicked_calls().next().is_some() {
        let what =
            format!("while the time of day was set back, the measurement panicked: {}", trace.last_panic());
        return Err(Wrong::new(Fault::WrongAnswer, what));
    }
    in_children(trace)?;
    good_end(trial, trace)?;
    let figures = timings(trial, trace, CALL)?;
    let pools = marks(trace);
    if matches!(calls(trial).get(CALL), Some(Call::Compare(..))) {
        // Whether there is a pool for each size is another check's business.
        if pools.len() != figures.len() || !pools.iter().all(Marks::are_whole) {
            return Ok(());
        }
    }
    let Some(first) = pools.first() else {
        return Err(Wrong::new(Fault::WrongAnswer, "no pool was made, so no phase was measured"));
    };
    if first.start_opened > 0 && first.stop_seen == 0 {
        let what = "the pool was never ended, so `stop` measures nothing";
        return Err(Wrong::new(Fault::Orphan, what));
    }
    if figures.is_empty() || !pools.iter().all(Marks::are_whole) {
        return Err(Wrong::new(Fault::WrongAnswer, "the pool did not go through all three phases"));
    }
    figures.iter().zip(&pools).try_for_each(|(timing, marks)| fits(timing, marks, day_jumps))
}

/// Which of the calls is measured.
const CALL: usize = 5;

fn scene(fresh: &mut Numbers, faults: u64, held_end: u64, call: Call, script: &[Step]) -> Trial {
    let warm_up = Call::TimePool(2, plain(fresh, 0, 3));
    let calls = [
        Call::Faults(faults),
        Call::Checkpoint(1),
        warm_up,
        Call::Checkpoint(2),
        Call::Hold(held_end),
        call,
        Call::Checkpoint(3),
    ];
    let before = [Step::Checkpoint(1), Step::GoOn, Step::Checkpoint(2), Step::GoOn];
    trial(&calls, &[&before, script, &[Step::Checkpoint(3), Step::GoOn]].concat())
}

/// Let time pass in this phase and in no other.
fn dwelling_in(phase: usize) -> [&'static [Step]; 3] {
    let mut at: [&'static [Step]; 3] = [&[]; 3];
    at[phase] = &[Step::Dwell];
    at
}

/// The events between two checkpoints, both included.
pub(super) fn between(trace: &Trace, first: u64, last: u64) -> &[Event] {
    let at = |number| trace.events.iter().position(|event| event.seen == Seen::Checkpoint(number));
    match (at(first), at(last)) {
        (Some(first), Some(last)) if first < last => &trace.events[first..=last],
        _ => &[],
    }
}

/// The pools of the measured call, one after the other.
fn marks(trace: &Trace) -> Vec<Marks> {
    let mut pools: Vec<Marks> = Vec::new();
    let mut before = 0;
    for event in between(trace, 2, 3) {
        let at = event.at_ns;
        let last = pools.last_mut();
        match (&event.seen, last) {
            (Seen::WentOn, _) => before = at,
            (Seen::Arrived { task: START, who, .. }, last) if who.rank == 0 => {
                if let Some(last) = last {
                    (last.after, before) = (at, last.stop_opened);
                }
                pools.push(Marks { before, start_seen: at, ..Marks::default() });
            }
            (Seen::Opened { task: START, .. }, Some(pool)) => pool.start_opened = at,
            (Seen::Arrived { task: STOP, who, .. }, Some(pool)) if who.rank == 0 => pool.stop_seen = at,
            (Seen::Opened { task: STOP, .. }, Some(pool)) => pool.stop_opened = at,
            (Seen::Arrived { .. }, Some(pool)) if pool.first_job == 0 => pool.first_job = at,
            (Seen::Opened { .. }, Some(pool)) => pool.last_opened = at,
            (Seen::Checkpoint(3), Some(pool)) => pool.after = at,
            _ => {}
        }
    }
    pools
}

impl Marks {
    /// Whether the pool went through all its phases, one after the other.
    fn are_whole(&self) -> bool {
        let all = [
            self.before,
            self.start_seen,
            self.start_opened,
            self.first_job,
            self.last_opened,
            self.stop_seen,
            self.stop_opened,
            self.after,
        ];
        all[0] > 0 && all.is_sorted()
    }
}

/// A figure and what the judge knows of it.
struct Figure {
    name: &'static str,
    ns: u64,
    at_least: u64,
    at_most: u64,
}

fn fits(timing: &Timing<'_>, marks: &Marks, day_jumps: bool) -> Result<(), Wrong> {
    let figure = |name, ns, at_least, at_most| Figure { name, ns, at_least, at_most };
    let figures = [
        figure(
            "start",
            timing.start_ns,
            marks.start_opened - marks.start_seen,
            marks.first_job - marks.before,
        ),
        figure(
            "map",
            timing.map_ns,
            marks.last_opened - marks.first_job,
            marks.stop_seen - marks.start_opened,
        ),
        figure("stop", timing.stop_ns, marks.stop_opened - marks.stop_seen, marks.after - marks.last_opened),
    ];
    let evidence: Vec<String> = figures.iter().map(line).collect();
    let day = if day_jumps { "while the time of day was set back: " } else { "" };
    // What is too long comes last: it is counted twice, and what is missing says more.
    let short = figures.iter().find(|figure| figure.ns < figure.at_least);
    let long = figures.iter().find(|figure| figure.ns > figure.at_most);
    let what = match (short, long) {
        (Some(short), _) => format!(
            "{day}`{}` is {}, but the judge alone held that phase for {}",
            short.name,
            ms(short.ns),
            ms(short.at_least)
        ),
        (None, Some(long)) => format!(
            "{day}`{}` is {}, but all that belongs to it took at most {}",
            long.name,
            ms(long.ns),
            ms(long.at_most)
        ),
        (None, None) => return Ok(()),
    };
    Err(Wrong::new(Fault::WrongAnswer, what).with_evidence(evidence))
}

fn line(figure: &Figure) -> String {
    let Figure { name, ns, at_least, at_most } = figure;
    format!("{name}: {}; it took {} to {}", ms(*ns), ms(*at_least), ms(*at_most))
}

/// Nanoseconds as a text.
pub(super) fn ms(ns: u64) -> String {
    format!("{}.{:03} ms", ns / 1_000_000, ns / 1_000 % 1_000)
}
