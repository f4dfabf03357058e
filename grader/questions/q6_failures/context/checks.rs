//! Error handlers: what each check wants to see, and how it reads a run.

use super::words::context::{
    self as words, ASKS, BEGAN, BREAKS, CAUGHT, DROPPED, ENDED, HANDLED, NESTS, ON_PURPOSE, PARTS, PASSES,
    REPORTED, RETRY, SKIP, SLOW, STOP, Step,
};
use crate::experiment::{Experiment, Rules, World, Wrong};
use crate::fault::Fault;
use crate::script::{SCHEDULES, without_panics};
use plain::{Event, wanted};
use std::time::Duration;
use wire::{Entry, Run};

#[path = "plain.rs"]
mod plain;

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[INNERMOST, DEFAULT, OWN_THREAD, PANICS, IN_HANDLERS, DROPS];

fn with(number: u64, kind: u64, body: &[Step]) -> Step {
    Step::With(number, kind, body.to_vec())
}

fn say(error: u64) -> Step {
    Step::Report(error)
}

fn catch(body: &[Step]) -> Step {
    Step::Catch(body.to_vec())
}

fn spawn(number: u64, body: &[Step]) -> Step {
    Step::Spawn(number, body.to_vec())
}

/// The programs, each by a thread of its own, all at once.
fn together(world: World, programs: &[&[Step]]) -> Experiment {
    let runs = match world {
        World::Model if programs.len() > 1 => SCHEDULES,
        World::Model => 20,
        World::Real => 10,
    };
    let words = programs.iter().map(|program| words::numbers(program)).collect();
    Experiment { scene: words::SCENE, words, timed: false, runs, one_by_one: false }
}

/// Each program by itself.
fn alone(world: World, programs: &[&[Step]]) -> Vec<Experiment> {
    programs.iter().map(|program| together(world, &[program])).collect()
}

/// What one thread did.
fn seen(run: &Run, thread: u64) -> Vec<Event> {
    let own = run.entries.iter().filter(|entry| entry.thread == thread && entry.word != Entry::PANIC);
    own.filter_map(|entry| Some([entry.word, *entry.args.first()?, *entry.args.get(1)?, *entry.args.get(2)?]))
        .collect()
}

fn told(event: Event, timed: bool) -> String {
    let what = words::event(event[0], event[1], event[2]);
    let when = format!(" at {} s", Duration::from_nanos(event[3]).as_secs_f64());
    if timed { what + &when } else { what }
}

/// Every thread does what it would do alone; events of these kinds count.
fn as_wanted(experiment: &Experiment, run: &Run, kinds: &[u64]) -> Result<(), Wrong> {
    let own_panic =
        without_panics(run, ON_PURPOSE).entries.into_iter().find(|entry| entry.word == Entry::PANIC);
    if let Some(panic) = own_panic {
        return Err(Wrong::new(Fault::Panic, format!("a panic that nobody ordered: {}", panic.text)));
    }
    let timed = experiment.timed;
    let programs: Vec<Vec<Step>> = experiment.words.iter().map(|words| words::program(words)).collect();
    let only =
        |events: Vec<Event>| events.into_iter().filter(|event| kinds.contains(&event[0])).collect::<Vec<_>>();
    for (thread, events) in wanted(&programs) {
        let (seen, wanted) = (only(seen(run, thread)), only(events));
        let same = |is: Event, should: Event| is[..3] == should[..3] && (!timed || is[3] == should[3]);
        let alike = seen.iter().zip(&wanted).take_while(|&(&is, &should)| same(is, should)).count();
        if alike == seen.len() && alike == wanted.len() {
            continue;
        }
        let (is, should) = (seen.get(alike).copied(), wanted.get(alike).copied());
        let fault = match (is, should) {
            (Some(is), Some(should)) if is[..3] == should[..3] => Fault::LockHeld,
            (Some([REPORTED | ENDED, ..]), Some([CAUGHT, ..])) => Fault::SwallowedPanic,
            _ if programs.len() > 1 => Fault::Race,
            _ => Fault::WrongAnswer,
        };
        let say = |event: Option<Event>| {
            event.map_or("nothing more happens".to_owned(), |event| told(event, timed))
        };
        let what = format!("in thread {thread} {}; right is: {}", say(is), say(should));
        let evidence = seen[..seen.len().min(alike + 1)].iter().map(|&event| told(event, timed));
        return Err(Wrong::new(fault, what).with_evidence(evidence.collect()));
    }
    Ok(())
}

/// Everything but drops.
const ALL: &[u64] = &[BEGAN, HANDLED, REPORTED, ENDED, CAUGHT];

// --- the innermost handler decides ---------------------------------------------------------------------

const INNERMOST: Rules = Rules {
    check: "q6.context_innermost",
    experiments: |world, fresh| {
        let mut next = || say(fresh.fresh());
        let two = [next(), with(2, RETRY, &[next(), next()]), next()];
        let three =
            [with(2, STOP, &[next(), with(3, RETRY, &[next()]), with(4, SKIP, &[next()]), next()]), next()];
        let row = [with(1, SKIP, &[next()]), with(2, RETRY, &[next()]), with(3, STOP, &[next()])];
        alone(world, &[&[with(1, SKIP, &two)], &[with(1, RETRY, &three)], &row])
    },
    judge: |experiment, run| as_wanted(experiment, run, ALL),
    minds_leftover_threads: false,
};

// --- without a handler the answer is `Stop` -------------------------------------------------------------

const DEFAULT: Rules = Rules {
    check: "q6.context_default",
    experiments: |world, fresh| {
        let mut next = || say(fresh.fresh());
        let around = [next(), with(1, SKIP, &[]), next(), with(2, RETRY, &[with(3, SKIP, &[])]), next()];
        let elsewhere = [spawn(9, &[next()]), next()];
        alone(world, &[&[next()], &around, &elsewhere])
    },
    judge: |experiment, run| as_wanted(experiment, run, &[HANDLED, REPORTED]),
    minds_leftover_threads: false,
};

// --- a handler belongs to its thread --------------------------------------------------------------------

const OWN_THREAD: Rules = Rules {
    check: "q6.context_thread",
    experiments: |world, fresh| {
        let mut next = || say(fresh.fresh());
        let a = [with(1, SKIP, &[next(), next()])];
        let b = [with(2, RETRY, &[next(), with(3, STOP, &[next()]), next()])];
        let bare = [next(), next()];
        let parent = [with(4, SKIP, &[spawn(9, &[next(), with(5, RETRY, &[next()])]), next()])];
        let mut wanted = vec![
            together(world, &[&a, &b]),
            together(world, &[&a, &bare]),
            together(world, &[&a, &b, &bare]),
            together(world, &[&parent]),
        ];
        if world == World::Model {
            let slow = [with(6, SLOW, &[next(), next()])];
            let late = [Step::Sleep(1), next(), with(7, SKIP, &[next(), Step::Sleep(1), next()]), next()];
            wanted.push(Experiment { timed: true, ..together(world, &[&slow, &late]) });
        }
        wanted
    },
    judge: |experiment, run| as_wanted(experiment, run, ALL),
    minds_leftover_threads: false,
};

// --- after a panic the handlers are what they were ------------------------------------------------------

const PANICS: Rules = Rules {
    check: "q6.context_panic",
    experiments: |world, fresh| {
        let [p, q] = [fresh.fresh(), fresh.fresh()];
        let mut next = || say(fresh.fresh());
        let body = [catch(&[with(1, SKIP, &[next(), Step::Break(p)])]), next()];
        let inner =
            [with(1, SKIP, &[catch(&[with(2, RETRY, &[with(3, STOP, &[Step::Break(q)])])]), next()]), next()];
        let handler = [with(1, RETRY, &[catch(&[with(2, BREAKS, &[next(), next()])]), next()])];
        let again = [with(
            1,
            SKIP,
            &[
                with(
                    2,
                    BREAKS,
                    &[catch(&[next()]), catch(&[next()]), with(3, RETRY, &[next()]), catch(&[next()])],
                ),
                next(),
            ],
        )];
        alone(world, &[&body, &inner, &handler, &again])
    },
    judge: |experiment, run| as_wanted(experiment, run, ALL),
    minds_leftover_threads: false,
};

// --- what a handler does itself -------------------------------------------------------------------------

const IN_HANDLERS: Rules = Rules {
    check: "q6.context_handler",
    experiments: |world, fresh| {
        let mut next = || say(fresh.fresh());
        let asks = [with(1, SKIP, &[with(2, ASKS, &[next(), next()]), next()])];
        let nobody = [with(1, ASKS, &[next()])];
        let far =
            [with(1, RETRY, &[with(2, ASKS, &[with(3, ASKS, &[next(), with(4, SKIP, &[next()]), next()])])])];
        let nests = [with(1, STOP, &[with(2, NESTS, &[next(), next()]), next()])];
        let both = [with(1, NESTS, &[with(2, ASKS, &[next()]), next()])];
        // The handler that is new inside of another one asks those outside of that other one, not the one that runs.
        let passes = [with(1, SKIP, &[with(2, PASSES, &[next()]), next()])];
        alone(world, &[&asks, &nobody, &far, &nests, &both, &passes])
    },
    judge: |experiment, run| as_wanted(experiment, run, ALL),
    minds_leftover_threads: false,
};

// --- a handler goes when its body has ended -------------------------------------------------------------

const DROPS: Rules = Rules {
    check: "q6.context_dropped",
    experiments: |world, fresh| {
        let p = fresh.fresh();
        let mut next = || say(fresh.fresh());
        let quiet = [with(1, SKIP, &[with(2, RETRY, &[])]), with(3, RETRY, &[next()])];
        let broken = [catch(&[with(1, SKIP, &[next(), Step::Break(p)])]), with(2, SKIP, &[next()])];
        // What a handler holds may have a destructor that reports: by then the one outside of it is asked.
        let parts = [with(1, SKIP, &[with(2, PARTS, &[])])];
        let torn = [with(1, SKIP, &[catch(&[with(2, PARTS, &[Step::Break(p)])])])];
        alone(world, &[&quiet, &broken, &parts, &torn])
    },
    judge: |experiment, run| as_wanted(experiment, run, &[BEGAN, HANDLED, DROPPED, ENDED, CAUGHT]),
    minds_leftover_threads: false,
};
