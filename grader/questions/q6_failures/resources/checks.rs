//! `with_resource`: what each check wants to see, and how it reads a run.

use super::words::resources::{
    self as words, ACQUIRE, DROPPED, ERROR, FAILS, ON_PURPOSE, PANICKED, PANICS, Plan, RELEASE, USE, VALUE,
    WELL, number,
};
use crate::experiment::{Experiment, Numbers, Rules, World, Wrong};
use crate::fault::Fault;
use crate::script::{SECOND, Script, Speech, calls, sleep, without_panics};
use std::time::Duration;
use wire::Run;
use wire::script::Op;

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[VALUES, ERRORS, PANICS_IN_USE, PANICS_IN_RELEASE, NESTED, TOGETHER];

const SPEECH: Speech = Speech { call: words::call, result: words::result };

/// Kind, number, nanoseconds since the call.
type Event = [u64; 3];

/// Everything goes well.
const PLAN: Plan = Plan { acquire: WELL, use_: WELL, release: WELL, nested: 0, unwinding: 0, use_s: 0 };

/// What a call should do.
fn wanted(op: Op) -> Vec<Event> {
    let mut events = Vec::new();
    let (end, now) = at_depth(Plan::of(op), op[2], 0, 0, &mut events);
    events.push([end[0], end[1], now]);
    events
}

/// What a call at this depth does from this moment on; how it ends, and when.
fn at_depth(plan: Plan, base: u64, depth: u64, now: u64, events: &mut Vec<Event>) -> ([u64; 2], u64) {
    let resource = number(base, depth);
    let ends = |how: u64, kind: u64| match how {
        FAILS => [ERROR, number(base, 9)],
        PANICS => [PANICKED, kind],
        _ => [VALUE, resource],
    };
    events.push([ACQUIRE, resource, now]);
    if plan.acquire != WELL {
        return (ends(plan.acquire, ACQUIRE), now);
    }
    events.push([USE, resource, now]);
    let now = now + plan.use_s * SECOND;
    let is_inner = depth == plan.nested;
    let (end, now) =
        if is_inner { (ends(plan.use_, USE), now) } else { at_depth(plan, base, depth + 1, now, events) };
    events.push([RELEASE, resource, now]);
    let breaks = is_inner && plan.release == PANICS && end[0] != PANICKED;
    (if breaks { [PANICKED, RELEASE] } else { end }, now)
}

/// An event in words; with its time, if that matters.
fn told(event: Event, timed: bool) -> String {
    let what = words::event(event[0], event[1]);
    let when = format!(" at {} s", Duration::from_nanos(event[2]).as_secs_f64());
    if timed { what + &when } else { what }
}

/// What happened in each call is what should; times count only where they are virtual.
fn as_wanted(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    SPEECH.no_panic(&without_panics(run, ON_PURPOSE), |_| false)?;
    for call in calls(run).iter().filter(|call| call.is_tools()) {
        let timed = experiment.timed;
        let (seen, wanted) = (call.result.as_chunks::<3>().0, wanted(call.op));
        let same = |is: Event, should: Event| is[..2] == should[..2] && (!timed || is[2] == should[2]);
        let alike = seen.iter().zip(&wanted).take_while(|&(&is, &should)| same(is, should)).count();
        if alike == seen.len() && alike == wanted.len() {
            continue;
        }
        let (is, should) = (seen.get(alike).copied(), wanted.get(alike).copied());
        let fault = match (is, should) {
            (Some(is), Some(should)) if is[..2] == should[..2] => Fault::Timeout,
            (Some([VALUE | ERROR, ..]), Some([PANICKED, ..])) => Fault::SwallowedPanic,
            _ => Fault::WrongAnswer,
        };
        let what = match (is, should) {
            (Some(is @ [DROPPED, ..]), _) => format!("it {}", told(is, timed)),
            (Some(is), Some(should)) => {
                format!("it {}; right is: it {}", told(is, timed), told(should, timed))
            }
            (Some(is), None) => format!("it {}, which is once too often", told(is, timed)),
            (None, should) => {
                format!("it never {}", should.map(|event| told(event, timed)).unwrap_or_default())
            }
        };
        let what = format!("in `{}` {what}", words::call(call.op));
        let evidence = seen.iter().map(|&event| told(event, timed)).take(16).collect();
        return Err(Wrong::new(fault, what).with_evidence(evidence));
    }
    Ok(())
}

/// The calls, one after the other by one thread, and then again by two at once.
fn experiments(world: World, fresh: &mut Numbers, plans: &[Plan]) -> Vec<Experiment> {
    let mut ops = || plans.iter().map(|plan| plan.op(fresh.fresh())).collect::<Vec<Op>>();
    let (alone, mut back) = (ops(), ops());
    back.reverse();
    let scripts = [Script::new(&[], &[]).before(&alone), Script::new(&[], &[&ops()[..2], &back[..2]])];
    scripts.iter().map(|script| script.experiment(world)).collect()
}

// --- after a value -----------------------------------------------------------------------------------

const VALUES: Rules = Rules {
    check: "q6.resources_value",
    experiments: |world, fresh| experiments(world, fresh, &[PLAN, PLAN, PLAN]),
    judge: as_wanted,
    minds_leftover_threads: false,
};

// --- after an error ------------------------------------------------------------------------------------

const ERRORS: Rules = Rules {
    check: "q6.resources_error",
    experiments: |world, fresh| {
        let (use_fails, none) = (Plan { use_: FAILS, ..PLAN }, Plan { acquire: FAILS, ..PLAN });
        experiments(world, fresh, &[use_fails, none, PLAN, use_fails, none])
    },
    judge: as_wanted,
    minds_leftover_threads: false,
};

// --- after a panic --------------------------------------------------------------------------------------

const PANICS_IN_USE: Rules = Rules {
    check: "q6.resources_panic",
    experiments: |world, fresh| {
        let (breaks, none) = (Plan { use_: PANICS, ..PLAN }, Plan { acquire: PANICS, ..PLAN });
        experiments(world, fresh, &[breaks, PLAN, none, Plan { use_: FAILS, ..PLAN }, breaks, breaks, PLAN])
    },
    judge: as_wanted,
    minds_leftover_threads: false,
};

// --- when the release panics ----------------------------------------------------------------------------

const PANICS_IN_RELEASE: Rules = Rules {
    check: "q6.resources_release",
    experiments: |world, fresh| {
        let breaks = Plan { release: PANICS, ..PLAN };
        // In a destructor that another panic calls: there `thread::panicking` says nothing about `use_`.
        let unwinding = Plan { unwinding: 1, ..breaks };
        let mut ends = [WELL, FAILS, PANICS, WELL, PANICS].map(|use_| Plan { use_, ..breaks }).to_vec();
        ends.extend([WELL, FAILS, PANICS].map(|use_| Plan { use_, ..unwinding }));
        experiments(world, fresh, &ends)
    },
    judge: as_wanted,
    minds_leftover_threads: false,
};

// --- one in another, and in destructors -----------------------------------------------------------------

const NESTED: Rules = Rules {
    check: "q6.resources_nested",
    experiments: |world, fresh| {
        let nested = Plan { nested: 1, ..PLAN };
        let unwinding = Plan { unwinding: 1, ..PLAN };
        let plans = [
            nested,
            unwinding,
            Plan { nested: 2, ..PLAN },
            Plan { use_: FAILS, ..nested },
            Plan { use_: FAILS, ..unwinding },
            Plan { nested: 1, ..unwinding },
            nested,
        ];
        experiments(world, fresh, &plans)
    },
    judge: as_wanted,
    minds_leftover_threads: false,
};

// --- each thread for itself -----------------------------------------------------------------------------

const TOGETHER: Rules = Rules {
    check: "q6.resources_together",
    experiments: |world, fresh| {
        let mut op = |use_s: u64| Plan { use_s, ..PLAN }.op(fresh.fresh());
        let scripts = [
            Script::new(&[], &[&[op(5)], &[sleep(1), op(0), op(2)]]),
            Script::new(&[], &[&[op(3), op(1)], &[op(3)], &[sleep(2), op(0)]]),
        ];
        scripts.iter().filter_map(|script| script.timed(world)).collect()
    },
    judge: as_wanted,
    minds_leftover_threads: false,
};
