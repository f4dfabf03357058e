//! `retry`: what each check wants to see, and how it reads a run.

use super::words::retry::{
    self as words, AGES, BACKOFF, ENOUGH, ERROR, FALLBACK, ON_PURPOSE, PANICKED, Plan, TRY, VALUE, number,
};
use crate::experiment::{Experiment, Numbers, Rules, World, Wrong};
use crate::fault::Fault;
use crate::script::{Call, SECOND, Script, Speech, calls, without_panics};
use std::time::Duration;
use wire::Run;
use wire::script::Op;

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[TRIES, FALLBACKS, PAUSES, PANICS, TOGETHER];

const SPEECH: Speech = Speech { call: words::call, result: words::result };

/// Kind, number, nanoseconds since the call.
type Event = [u64; 3];

/// Three tries that fail, and a fallback that helps.
const PLAN: Plan = Plan {
    times: 3,
    good_at: 0,
    fallback: VALUE,
    try_breaks: 0,
    pause_breaks: 0,
    pause_s: 0,
    try_s: 0,
    ask_s: 0,
};

/// What a call should do.
fn wanted(op: Op) -> Vec<Event> {
    let (plan, base) = (Plan::of(op), op[2]);
    let (mut events, mut now) = (Vec::new(), 0);
    let times = if plan.times == 255 { u64::MAX } else { plan.times };
    for tried in 1..=times {
        events.push([TRY, tried, now]);
        now += plan.try_s * SECOND;
        if tried == plan.try_breaks {
            events.push([PANICKED, TRY, now]);
            return events;
        }
        if tried == plan.good_at {
            events.push([VALUE, number(base, tried), now]);
            return events;
        }
        if tried == times {
            break;
        }
        events.push([BACKOFF, tried, now]);
        now += plan.ask_s * SECOND;
        if tried == plan.pause_breaks {
            events.push([PANICKED, BACKOFF, now]);
            return events;
        }
        now += plan.pause_after(tried) * SECOND;
    }
    events.push([FALLBACK, number(base, times), now]);
    events.push(match plan.fallback {
        PANICKED => [PANICKED, FALLBACK, now],
        end => [end, number(base, ENOUGH), now],
    });
    events
}

/// What a call did, without the kinds of events that another check is about.
fn seen(call: &Call, kinds: &[u64]) -> Vec<Event> {
    only(call.result.as_chunks::<3>().0, kinds)
}

fn only(events: &[Event], kinds: &[u64]) -> Vec<Event> {
    events.iter().filter(|event| kinds.contains(&event[0])).copied().collect()
}

/// Whether two events are the same; which value or error it was is asked only where that is the matter.
fn same(one: Event, other: Event, kinds: &[u64]) -> bool {
    let blind = kinds.contains(&TRY) && matches!(one[0], FALLBACK | VALUE | ERROR);
    one[0] == other[0] && (blind || one[1] == other[1])
}

/// An event in words; with its time, if that matters.
fn told(event: Event, timed: bool) -> String {
    let what = words::event(event[0], event[1]);
    let when = format!(" at {} s", Duration::from_nanos(event[2]).as_secs_f64());
    if timed { what + &when } else { what }
}

/// All that a call did.
fn all_of(call: &Call, timed: bool) -> Vec<String> {
    let events = call.result.as_chunks::<3>().0.iter();
    events.map(|&event| told(event, timed)).take(16).collect()
}

/// The events of these kinds are those that should be; times count only where they are virtual.
fn as_wanted(
    experiment: &Experiment,
    run: &Run,
    kinds: &[u64],
    minds_time: impl Fn(Plan) -> bool,
) -> Result<(), Wrong> {
    SPEECH.no_panic(&without_panics(run, ON_PURPOSE), |_| false)?;
    for call in calls(run).iter().filter(|call| call.is_tools()) {
        let timed = experiment.timed && minds_time(Plan::of(call.op));
        let (seen, wanted) = (seen(call, kinds), only(&wanted(call.op), kinds));
        let alike =
            |(is, should): &(Event, Event)| same(*is, *should, kinds) && (!timed || is[2] == should[2]);
        let both = || seen.iter().copied().zip(wanted.iter().copied());
        let alike = both().take_while(alike).count();
        if alike == seen.len() && alike == wanted.len() {
            continue;
        }
        let fault = match both().nth(alike) {
            Some((is, should)) if same(is, should, kinds) => Fault::Timeout,
            Some((seen, [PANICKED, ..])) if seen[0] != PANICKED => Fault::SwallowedPanic,
            _ => Fault::WrongAnswer,
        };
        let is = seen.get(alike).map(|&event| told(event, timed));
        let should = wanted.get(alike).map(|&event| told(event, timed));
        let what = match (is, should) {
            (Some(is), Some(should)) => format!("it {is}; right is: it {should}"),
            (Some(is), None) => format!("it {is}, which is once too often"),
            (None, should) => format!("it never {}", should.unwrap_or_default()),
        };
        let what = format!("in `{}` {what}", words::call(call.op));
        return Err(Wrong::new(fault, what).with_evidence(all_of(call, timed)));
    }
    Ok(())
}

/// One call after the other, by one thread.
fn alone(world: World, fresh: &mut Numbers, plans: &[Plan]) -> Vec<Experiment> {
    let ops: Vec<Op> = plans.iter().map(|plan| plan.op(fresh.fresh())).collect();
    vec![Script::new(&[], &[]).before(&ops).experiment(world)]
}

const NEVER: fn(Plan) -> bool = |_| false;

// --- until it succeeds, and not for ever ---------------------------------------------------------------

const TRIES: Rules = Rules {
    check: "q6.retry_tries",
    experiments: |world, fresh| {
        let plans = [(1, 1), (3, 1), (3, 2), (3, 3), (5, 4), (255, 6), (1, 0), (2, 0), (4, 0)];
        alone(world, fresh, &plans.map(|(times, good_at)| Plan { times, good_at, ..PLAN }))
    },
    judge: |experiment, run| {
        as_wanted(experiment, run, &[TRY, PANICKED], NEVER)?;
        // What failed in the end is another check's business.
        let succeeded = |call: &&Call| Plan::of(call.op).good_at > 0;
        let ends = |events: Vec<Event>| events.iter().map(|event| [event[0], event[1]]).collect::<Vec<_>>();
        let wrong = |call: &&Call| {
            ends(seen(call, &[VALUE, ERROR, FALLBACK])) != ends(only(&wanted(call.op), &[VALUE]))
        };
        match calls(run).iter().filter(succeeded).find(wrong) {
            Some(call) => {
                let what = format!("`{}`, though a try had succeeded", SPEECH.told(call));
                Err(Wrong::new(Fault::WrongAnswer, what).with_evidence(all_of(call, false)))
            }
            None => Ok(()),
        }
    },
    minds_leftover_threads: false,
};

// --- then plan B ---------------------------------------------------------------------------------------

const FALLBACKS: Rules = Rules {
    check: "q6.retry_fallback",
    experiments: |world, fresh| {
        let plans = [(1, VALUE), (1, ERROR), (2, ERROR), (3, VALUE), (4, ERROR)];
        alone(world, fresh, &plans.map(|(times, fallback)| Plan { times, fallback, ..PLAN }))
    },
    judge: |experiment, run| as_wanted(experiment, run, &[FALLBACK, VALUE, ERROR, PANICKED], NEVER),
    minds_leftover_threads: false,
};

// --- a pause between tries, and nowhere else ------------------------------------------------------------

const PAUSES: Rules = Rules {
    check: "q6.retry_backoff",
    experiments: |world, fresh| {
        let mut wanted = alone(
            world,
            fresh,
            &[(1, 0), (3, 2), (3, 3), (4, 0)].map(|(times, good_at)| Plan { times, good_at, ..PLAN }),
        );
        let plans = [
            Plan { times: 4, pause_s: 3, ..PLAN },
            Plan { times: 5, good_at: 5, pause_s: 100, ..PLAN },
            Plan { times: 3, pause_s: 2, try_s: 1, fallback: ERROR, ..PLAN },
            Plan { times: 1, pause_s: 9, ..PLAN },
            Plan { times: 2, good_at: 1, pause_s: 9, ..PLAN },
        ];
        let ops = plans.map(|plan| plan.op(fresh.fresh()));
        let scripts = [
            Script::new(&[], &[&ops[..2], &ops[2..]]),
            Script::new(&[], &[&ops[2..], &ops[..1], &ops[1..2]]),
        ];
        wanted.extend(scripts.iter().filter_map(|script| script.timed(world)));
        // The pause begins when `backoff` has answered; and there are longer ones than 32 bits hold.
        let plans = [Plan { pause_s: 5, ask_s: 2, ..PLAN }, Plan { times: 2, pause_s: AGES, ..PLAN }];
        let ops = plans.map(|plan| plan.op(fresh.fresh()));
        wanted.extend(Script::new(&[], &[]).before(&ops).timed(world));
        wanted
    },
    judge: |experiment, run| {
        let all = [TRY, BACKOFF, FALLBACK, VALUE, ERROR, PANICKED];
        // Without virtual time only how often `backoff` was asked, and for what.
        as_wanted(experiment, run, if experiment.timed { &all } else { &[BACKOFF] }, |_| true)
    },
    minds_leftover_threads: false,
};

// --- a panic is no failed try ---------------------------------------------------------------------------

const PANICS: Rules = Rules {
    check: "q6.retry_panic",
    experiments: |world, fresh| {
        let plans = [
            Plan { try_breaks: 1, ..PLAN },
            Plan { try_breaks: 2, good_at: 3, ..PLAN },
            Plan { try_breaks: 3, ..PLAN },
            Plan { pause_breaks: 1, ..PLAN },
            Plan { pause_breaks: 2, good_at: 3, ..PLAN },
            Plan { fallback: PANICKED, ..PLAN },
            Plan { times: 1, fallback: PANICKED, ..PLAN },
            // Nothing of it is remembered.
            Plan { good_at: 2, ..PLAN },
        ];
        let mut wanted = alone(world, fresh, &plans);
        let ops = plans.map(|plan| plan.op(fresh.fresh()));
        wanted.push(Script::new(&[], &[&ops[..2], &[ops[7], ops[3]]]).experiment(world));
        wanted
    },
    judge: |experiment, run| {
        let relevant = |call: &Call| wanted(call.op).last().is_some_and(|event| event[0] == PANICKED);
        let broken = calls(run).iter().any(relevant);
        let kinds: &[u64] = if broken { &[TRY, FALLBACK, VALUE, ERROR, PANICKED] } else { &[PANICKED] };
        as_wanted(experiment, run, kinds, NEVER)
    },
    minds_leftover_threads: false,
};

// --- each thread for itself -----------------------------------------------------------------------------

const TOGETHER: Rules = Rules {
    check: "q6.retry_together",
    experiments: |world, fresh| {
        let mut op = |plan: Plan| plan.op(fresh.fresh());
        let slow = Plan { try_s: 2, ..PLAN };
        let [a, b, c] =
            [op(slow), op(Plan { times: 4, try_s: 3, ..PLAN }), op(Plan { pause_s: 7, try_s: 1, ..PLAN })];
        let d = op(Plan { good_at: 2, ..slow });
        let scripts = [Script::new(&[], &[&[a], &[b]]), Script::new(&[], &[&[c], &[d, a], &[b]])];
        scripts.iter().filter_map(|script| script.timed(world)).collect()
    },
    // Whoever is asked to pause is judged elsewhere; here nobody may be held up by that.
    judge: |experiment, run| as_wanted(experiment, run, &[TRY], |plan| plan.pause_s == 0),
    minds_leftover_threads: false,
};
