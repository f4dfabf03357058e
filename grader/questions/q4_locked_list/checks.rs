//! Question 4: what each check wants to see, and how it reads a run. Read from top to bottom, this
//! is the marking guide; the order is that of `exercise.toml`.

use super::words::{self, ON_PURPOSE, Op, Pause};
use crate::catalogue::{Guide, Source};
use crate::experiment::{Experiment, Numbers, Rules, World, Wrong};
use crate::fault::Fault;
use calls::{Call, calls, list, threads_that_paused};
use one_at_a_time::{Spec, explain, first_misfit};
use scenes::{few, half, meeting, script, script_then_drop, work};
use std::collections::VecDeque;
use wire::{Entry, Run};

#[path = "calls.rs"]
mod calls;
#[path = "one_at_a_time.rs"]
mod one_at_a_time;
#[path = "scenes.rs"]
mod scenes;

/// What the catalogue needs of this question.
pub(crate) const SOURCE: &Source = &Source {
    exercise: include_str!("../../../exercises/q4_locked_list/exercise.toml"),
    guides: &[Guide::Threads(&[
        NO_LOST_UPDATE,
        HISTORY,
        EMPTY,
        COUNTS,
        TWO_THREADS,
        PAUSE_UNLOCKED,
        PACE,
        ENDED,
        PANICS,
    ])],
    given: &[("src/api.rs", include_str!("stub/src/api.rs"))],
    stub: &[("src/lib.rs", include_str!("stub/src/lib.rs"))],
};

/// A bug that shows with one thread is no race; nor is one that shows in every schedule, which the
/// judge finds out, nor one that takes a long list.
fn fault_of(experiment: &Experiment) -> Fault {
    let alone = experiment.scene != "work" && experiment.words.len() == 1;
    if alone || is_long(experiment) { Fault::WrongAnswer } else { Fault::Race }
}

/// Whether this is about many numbers, and nothing else.
fn is_long(experiment: &Experiment) -> bool {
    experiment.scene == "work" && experiment.words[0].len() > 1000
}

/// A panic that nobody ordered, inside an operation of the list.
fn no_panic(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    let broke = |entry: &&Entry| entry.word == words::BROKE && entry.args != Op::InspectAndPanic.pair();
    let Some(broken) = run.entries.iter().find(broke) else { return Ok(()) };
    let [code, number] = broken.args[..] else { return Ok(()) };
    let op = Op::from_pair([code, number]).map_or_else(|| "a call".to_owned(), Op::call);
    let panic = run.entries.iter().find(|e| e.word == Entry::PANIC && !e.text.starts_with(ON_PURPOSE));
    let message = panic.map_or("panic without a message", |entry| entry.text.as_str());
    let fault = match fault_of(experiment) {
        Fault::Race => Fault::Race,
        _ => Fault::Panic,
    };
    Err(Wrong::new(fault, format!("`{op}` panicked: {message}")))
}

// --- no number is lost, none is taken twice -----------------------------------------------------

const NO_LOST_UPDATE: Rules = Rules {
    check: "q4.no_lost_update",
    experiments: |world, fresh| {
        let [a, b, c, d] = [fresh.fresh(), fresh.fresh(), fresh.fresh(), fresh.fresh()];
        let mut wanted = vec![
            script(world, &[&[Op::Add(a), Op::Remove, Op::Add(b), Op::Add(c)]]),
            script(world, &[&[], &[Op::Add(a), Op::Add(b)], &[Op::Add(c), Op::Add(d)]]),
            script(world, &[&[Op::Add(a)], &[Op::Remove], &[Op::Remove], &[Op::Add(b)]]),
            work(world, vec![a, b, c], 4, Pause::Nothing),
        ];
        if world == World::Real {
            // More numbers than a list with an end would take, some of them more than once.
            let full = (0..1100).map(|number| number % 700).collect();
            wanted.push(Experiment { runs: 1, ..work(world, full, 0, Pause::Nothing) });
            // Here nobody chooses the schedule: many steps make up for it.
            let many: Vec<Op> = (0..100).map(Op::Add).collect();
            let more: Vec<Op> = (100..200).map(Op::Add).collect();
            for scripts in [[&[][..], &many, &more], [&many, &[Op::Remove; 60], &[Op::Remove; 60]]] {
                wanted.push(Experiment { runs: 10, ..script(world, &scripts) });
            }
        }
        wanted
    },
    judge: |experiment, run| {
        no_panic(experiment, run)?;
        let work = experiment.scene == "work";
        let added: Vec<u64> = match work {
            true => experiment.words[0].clone(),
            false => calls(run).iter().filter_map(Call::added).collect(),
        };
        let mut left_over = added.clone();
        let removed: Vec<u64> = match work {
            true => events(run, 1),
            false => calls(run).iter().filter_map(Call::removed).collect(),
        };
        let fault = fault_of(experiment);
        for number in removed {
            match left_over.iter().position(|&added| added == number) {
                Some(place) => drop(left_over.remove(place)),
                None if added.contains(&number) => {
                    let what = format!("{number} was put into the list once and taken out twice");
                    return Err(Wrong::new(fault, what));
                }
                None => {
                    let what = format!("{number} was taken out of the list, but nobody had put it in");
                    return Err(Wrong::new(fault, what));
                }
            }
        }
        let mut left = entry(run, words::LEFT)?.to_vec();
        if work {
            attempts(experiment, run)?;
        }
        left.sort_unstable();
        left_over.sort_unstable();
        if left == left_over {
            return Ok(());
        }
        let lost = missing(&left_over, &left);
        Err(Wrong::new(
            fault,
            match lost.as_slice() {
                [] => {
                    format!("the list ends with {}, though it should hold {}", list(&left), list(&left_over))
                }
                lost => {
                    format!("lost: {}, added and never removed, yet not in the list at the end", list(lost))
                }
            },
        ))
    },
    minds_leftover_threads: false,
};

/// What is missing of `wanted`, each as often as it is.
fn missing(wanted: &[u64], found: &[u64]) -> Vec<u64> {
    let mut found = found.to_vec();
    let mut missing = wanted.to_vec();
    missing.retain(|number| match found.iter().position(|other| other == number) {
        Some(place) => {
            found.swap_remove(place);
            false
        }
        None => true,
    });
    missing
}

/// `add_and_remove` takes every step that it was asked for.
fn attempts(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    let (numbers, asked) = (&experiment.words[0], experiment.words[1][0] as usize);
    let made = events(run, 1).len() + events(run, 2).len();
    let added = events(run, 0);
    if added != *numbers && is_long(experiment) {
        let what = format!(
            "asked to add {} numbers, some of them twice, the list has {} additions in its history",
            numbers.len(),
            added.len()
        );
        return Err(Wrong::new(fault_of(experiment), what));
    }
    if added != *numbers {
        let what = format!("asked to add {}, the adder added {}", list(numbers), list(&added));
        return Err(Wrong::new(Fault::Race, what));
    }
    if made != asked {
        let what = format!("asked to try {asked} removals, the remover tried {made}");
        return Err(Wrong::new(Fault::Race, what));
    }
    Ok(())
}

/// The numbers of all events of one kind in the final history.
fn events(run: &Run, kind: u64) -> Vec<u64> {
    let history = run.entries.iter().find(|entry| entry.word == words::HISTORY);
    let pairs = history.map_or(&[][..], |entry| entry.args.as_chunks::<2>().0);
    pairs.iter().filter(|pair| pair[0] == kind).map(|pair| pair[1]).collect()
}

/// What a run must have on record to be judged at all.
fn entry(run: &Run, word: u64) -> Result<&[u64], Wrong> {
    let found = run.entries.iter().find(|entry| entry.word == word);
    found.map(|entry| entry.args.as_slice()).ok_or_else(|| match panic_of(run) {
        Some(text) => Wrong::new(Fault::Panic, format!("the call panicked: {text}")),
        None => Wrong::new(Fault::EarlyExit, "the run ended before its end"),
    })
}

fn panic_of(run: &Run) -> Option<&str> {
    let found = run.entries.iter().find(|e| e.word == Entry::PANIC && !e.text.starts_with(ON_PURPOSE));
    found.map(|entry| entry.text.as_str())
}

// --- the history is what a list used by one thread at a time would have written -----------------

const HISTORY: Rules = Rules {
    check: "q4.history",
    experiments: |world, fresh| {
        let [a, b, c] = [fresh.fresh(), fresh.fresh(), fresh.fresh()];
        vec![
            script(
                world,
                &[&[Op::Add(a), Op::Add(b), Op::Remove, Op::History, Op::Remove, Op::Remove, Op::Add(c)]],
            ),
            script(world, &[&[Op::Add(a)], &[Op::Add(b), Op::Remove], &[Op::Remove, Op::Add(c)]]),
            script(world, &[&[], &[Op::Add(a), Op::History], &[Op::Remove, Op::Add(b)]]),
            work(world, vec![a, b, c], 4, Pause::Nothing),
        ]
    },
    judge: |experiment, run| {
        no_panic(experiment, run)?;
        let calls = calls(run);
        let history = entry(run, words::HISTORY)?.as_chunks::<2>().0;
        if experiment.scene == "work" {
            return first_in_first_out(history);
        }
        if explain(&calls, Spec::Fifo { history }) {
            return Ok(());
        }
        let mut evidence = calls::table(&calls);
        evidence.push(format!("history at the end: {}", words::history(history)));
        let fault = match fault_of(experiment) {
            Fault::WrongAnswer if explain(&calls, Spec::Queue) => Fault::WrongAnswer,
            Fault::WrongAnswer if explain(&calls, Spec::Bag { left: None }) => Fault::WrongOrder,
            fault => fault,
        };
        let headline = match fault {
            Fault::Race => "no order of these calls, one at a time, explains the history",
            Fault::WrongOrder => "the numbers do not come out in the order in which they went in",
            _ => "the history does not say what happened",
        };
        Err(Wrong::new(fault, headline).with_evidence(evidence))
    },
    minds_leftover_threads: false,
};

/// Whether a plain list, used by one thread, could have written this history.
fn first_in_first_out(history: &[[u64; 2]]) -> Result<(), Wrong> {
    let mut numbers = VecDeque::new();
    for &[kind, number] in history {
        let fits = match kind {
            0 => {
                numbers.push_back(number);
                true
            }
            1 => numbers.pop_front() == Some(number),
            _ => numbers.is_empty(),
        };
        if !fits {
            let what = "no list used by one thread at a time could have written this history";
            let line = format!("history: {}", words::history(history));
            return Err(Wrong::new(Fault::Race, what).with_evidence(vec![line]));
        }
    }
    Ok(())
}

// --- removing from an empty list is `None`: never a wait, never a panic --------------------------

const EMPTY: Rules = Rules {
    check: "q4.empty",
    experiments: |world, fresh| {
        let a = fresh.fresh();
        vec![
            script(world, &[&[Op::Remove, Op::Add(a), Op::Remove, Op::Remove]]),
            half(script(world, &[&[], &[Op::Remove, Op::Remove], &[Op::Remove]])),
            half(script(world, &[&[], &[Op::Remove, Op::Remove], &[Op::Add(a)]])),
        ]
    },
    judge: |experiment, run| {
        no_panic(experiment, run)?;
        let calls = calls(run);
        let in_vain = calls.iter().filter(|call| call.op == Op::Remove && call.result.is_empty()).count();
        let recorded = events(run, 2).len();
        let fault = fault_of(experiment);
        if experiment.words.len() == 1 {
            let pattern: Vec<bool> = calls
                .iter()
                .filter(|call| call.op == Op::Remove)
                .map(|call| call.result.is_empty())
                .collect();
            if pattern != [true, false, true] {
                let what = "an empty list must give `None`, a list with a number that number";
                return Err(Wrong::new(fault, what).with_evidence(calls::table(&calls)));
            }
        }
        if in_vain == recorded {
            return Ok(());
        }
        let what = format!("{in_vain} removals found the list empty, but the history has {recorded} `Empty`");
        Err(Wrong::new(fault, what).with_evidence(calls::table(&calls)))
    },
    minds_leftover_threads: false,
};

// --- `len`, `is_empty`, `inspect` and `into_numbers` agree with the steps ------------------------

const COUNTS: Rules = Rules {
    check: "q4.counts",
    experiments: |world, fresh| {
        let [a, b, c] = [fresh.fresh(), fresh.fresh(), fresh.fresh()];
        let alone = [
            [Op::Len, Op::IsEmpty, Op::Inspect, Op::Remove],
            [Op::Add(a), Op::Len, Op::IsEmpty, Op::Add(b)],
            [Op::Inspect, Op::Remove, Op::Len, Op::Add(c)],
            [Op::Inspect, Op::Len, Op::IsEmpty, Op::Remove],
        ];
        vec![
            script(world, &[alone.as_flattened()]),
            script(world, &[&[Op::Add(a)], &[Op::Add(b), Op::Len], &[Op::Remove, Op::IsEmpty, Op::Len]]),
            script(world, &[&[Op::Add(a)], &[Op::Len, Op::IsEmpty], &[Op::Remove, Op::Add(b)]]),
            script(world, &[&[Op::Add(a)], &[Op::Add(b), Op::Remove], &[Op::Inspect, Op::Len]]),
            script(world, &[&looks_on_the_way(fresh)]),
        ]
    },
    judge: |experiment, run| {
        no_panic(experiment, run)?;
        let calls = calls(run);
        if let Some(call) = changed_during_look(run, &calls) {
            let op = call.op.call();
            let what = format!("`{op}` changed the list while `inspect` was still showing it");
            return Err(Wrong::new(fault_of(experiment), what));
        }
        let left = entry(run, words::LEFT)?;
        if explain(&calls, Spec::Bag { left: Some(left) }) {
            return Ok(());
        }
        if fault_of(experiment) == Fault::WrongAnswer {
            let (place, what) = first_misfit(&calls, left);
            let until = &calls[..calls.len().min(place + 1)];
            return Err(Wrong::new(Fault::WrongAnswer, what).with_evidence(calls::last_of_table(until)));
        }
        let what = "no order of these calls, one at a time, explains these counts";
        let mut evidence = calls::table(&calls);
        evidence.push(format!("numbers at the end: {}", list(left)));
        Err(Wrong::new(Fault::Race, what).with_evidence(evidence))
    },
    minds_leftover_threads: false,
};

/// The list moves on, as in a ring, and is looked at; what was seen before comes again in part.
fn looks_on_the_way(fresh: &mut Numbers) -> Vec<Op> {
    let mut ops: Vec<Op> = fresh.some(4).into_iter().map(Op::Add).collect();
    for number in fresh.some(16) {
        ops.extend([Op::Remove, Op::Add(number), Op::Inspect]);
    }
    let [a, b, c] = [fresh.fresh(), fresh.fresh(), fresh.fresh()];
    let again = [&[Op::Remove; 4][..], &[Op::Add(a), Op::Add(b), Op::Inspect], &[Op::Remove; 2]];
    ops.extend(again.concat());
    ops.extend([Op::Add(a), Op::Add(c), Op::Inspect]);
    ops
}

/// A change that began and ended while another thread was in `look`.
fn changed_during_look<'c>(run: &Run, calls: &'c [Call]) -> Option<&'c Call> {
    let places = |word: u64| (0..run.entries.len()).filter(move |&place| run.entries[place].word == word);
    places(words::LOOK).find_map(|look| {
        let same = |place: &usize| *place > look && run.entries[*place].thread == run.entries[look].thread;
        let looked = places(words::LOOKED).find(same)?;
        calls.iter().find(|call| {
            matches!(call.op, Op::Add(_) | Op::Remove) && call.began > look && call.returned < looked
        })
    })
}

// --- two threads of their own take the steps, both at work at the same time ----------------------

const TWO_THREADS: Rules = Rules {
    check: "q4.two_threads",
    experiments: |world, fresh| {
        let mut wanted = meeting(world, fresh);
        if world == World::Model {
            wanted.push(work(world, fresh.some(3), 5, Pause::HoldFirst));
        }
        wanted.push(few(work(world, Vec::new(), 2, Pause::Nothing))); // nothing to add
        wanted.push(few(work(world, fresh.some(2), 0, Pause::Nothing))); // nothing to remove
        wanted
    },
    judge: |experiment, run| {
        let sequential = |what: &str| Err(Wrong::new(Fault::Sequential, what));
        let Some(end) = run.entries.iter().find(|entry| entry.word == words::RETURNED) else {
            return entry(run, words::RETURNED).map(drop);
        };
        let threads = threads_that_paused(run);
        if threads.iter().any(|&(thread, _)| thread == end.thread) {
            let fault = if threads.len() == 1 { Fault::Sequential } else { Fault::TooFewWorkers };
            let what = "the caller itself took steps: both threads shall be of their own";
            return Err(Wrong::new(fault, what));
        }
        let mut asked = vec![experiment.words[0].len() as u64, experiment.words[1][0]];
        let mut counts: Vec<u64> = threads.iter().map(|&(_, count)| count).collect();
        asked.retain(|&count| count > 0);
        counts.sort_unstable();
        asked.sort_unstable();
        if counts != asked {
            return Err(miscounted(experiment, &counts, asked.len()));
        }
        match first_stall(run) {
            Some(0) => sequential(
                "while one thread paused there was no other: the steps are taken one after the other",
            ),
            Some(2) => {
                sequential("while one thread paused, the other waited for it instead of taking its steps")
            }
            _ => steps_of_their_own(experiment, run, &threads),
        }
    },
    minds_leftover_threads: false,
};

/// The wrong threads called `pause`, or the right ones not once for each step.
fn miscounted(experiment: &Experiment, counts: &[u64], asked: usize) -> Wrong {
    let missing = counts.iter().sum::<u64>() < experiment.words[0].len() as u64 + experiment.words[1][0];
    match counts.len() {
        n if n < asked && !missing => Wrong::new(Fault::TooFewWorkers, "one thread took all the steps"),
        n if n > 2 => Wrong::new(Fault::TooManyWorkers, format!("{n} threads took the steps, not 2")),
        _ => Wrong::new(
            Fault::WrongAnswer,
            format!(
                "for {} adds and {} attempts to remove, the threads called `pause` {counts:?} times",
                experiment.words[0].len(),
                experiment.words[1][0]
            ),
        ),
    }
}

/// The thread that pauses is the one that took the step: while one was held after its first step,
/// only steps of the other can have been taken, two of them at least.
fn steps_of_their_own(experiment: &Experiment, run: &Run, threads: &[(u64, u64)]) -> Result<(), Wrong> {
    let Some(held) = run.entries.iter().find(|entry| entry.word == words::HELD) else { return Ok(()) };
    let count = threads.iter().find(|(thread, _)| *thread == held.thread).map_or(0, |(_, count)| *count);
    let adder = count == experiment.words[0].len() as u64;
    let history = entry(run, words::HISTORY)?.as_chunks::<2>().0;
    if first_in_first_out(history).is_err() || attempts(experiment, run).is_err() {
        return Ok(()); // it says nothing about who did what; another check minds
    }
    let mut own = (0..history.len()).filter(|&place| (history[place][0] == 0) == adder);
    let second = own.nth(1).unwrap_or(history.len());
    let others = history[..second].iter().filter(|event| (event[0] == 0) != adder).count();
    if others >= 2 {
        return Ok(());
    }
    let what = "the thread that calls `pause` is not the one that took the step";
    let line = format!("history: {}", words::history(history));
    Err(Wrong::new(Fault::Sequential, what).with_evidence(vec![line]))
}

/// Why the first thread that waited at the gate in vain did so. What comes after it is disturbed.
fn first_stall(run: &Run) -> Option<u64> {
    let stalled = run.entries.iter().find(|entry| entry.word == words::STALLED);
    stalled.and_then(|entry| entry.args.first().copied())
}

// --- the lock is not held while `pause` runs -----------------------------------------------------

const PAUSE_UNLOCKED: Rules = Rules {
    check: "q4.pause_unlocked",
    experiments: meeting,
    judge: |_, run| {
        let what = "while one thread was in `pause`, the other could not take its step";
        match first_stall(run) {
            Some(1) => return Err(Wrong::new(Fault::LockHeld, what)),
            Some(3) => {
                let unless_seen = Some(words::STALLED);
                return Err(Wrong { unless_seen, ..Wrong::new(Fault::LockHeld, what) });
            }
            _ => {}
        }
        entry(run, words::RETURNED).map(drop)
    },
    minds_leftover_threads: false,
};

// --- between the steps nobody spins and nobody sleeps --------------------------------------------

const PACE: Rules = Rules {
    check: "q4.pace",
    experiments: |world, fresh| match world {
        // Real sleeping and spinning can be seen only with a stopwatch, and no verdict is by time.
        World::Real => Vec::new(),
        World::Model => vec![
            half(work(world, fresh.some(2), 4, Pause::Rest)),
            half(Experiment { timed: true, ..work(world, fresh.some(2), 5, Pause::Nothing) }),
        ],
    },
    judge: |experiment, run| {
        let (sleeps, elapsed) = (entry(run, words::SLEEPS)?, entry(run, words::ELAPSED)?);
        let rests = experiment.words[1][1] == Pause::Rest.pair()[0];
        if sleeps != [0] {
            let what = "the answer sleeps on its own: the pace comes from `pause` alone";
            return Err(Wrong::new(Fault::SleepAsSync, what));
        }
        if !rests && elapsed != [0] {
            let what =
                "the answer lets time pass, though `pause` returns at once: it waits with a time limit";
            return Err(Wrong::new(Fault::SleepAsSync, what));
        }
        Ok(())
    },
    minds_leftover_threads: false,
};

// --- both threads have ended on return, and no thread outlives the list --------------------------

const ENDED: Rules = Rules {
    check: "q4.ended",
    experiments: |world, fresh| {
        vec![
            half(work(world, fresh.some(2), 3, Pause::Nothing)),
            half(script_then_drop(world, &[&[], &[Op::Add(fresh.fresh())], &[Op::Remove]])),
        ]
    },
    judge: |experiment, run| {
        if experiment.scene == "work" {
            ended(run)?;
        }
        match entry(run, words::THREADS_LEFT)? {
            [] => Ok(()),
            _ => Err(Wrong::new(Fault::LeakedThread, "the list is gone, but a thread of it is still there")),
        }
    },
    minds_leftover_threads: true,
};

fn ended(run: &Run) -> Result<(), Wrong> {
    match entry(run, words::STILL_THERE)?.len() {
        0 => Ok(()),
        1 => Err(Wrong::new(Fault::LeakedThread, "the call returned while one of its two threads still ran")),
        _ => Err(Wrong::new(Fault::LeakedThread, "the call returned while both of its threads still ran")),
    }
}

// --- a panic in `look` or `pause` does no harm ---------------------------------------------------

const PANICS: Rules = Rules {
    check: "q4.panics",
    experiments: |world, fresh| {
        let [a, b, c] = [fresh.fresh(), fresh.fresh(), fresh.fresh()];
        let look = Op::InspectAndPanic;
        // Some numbers stand in the list twice: they are two all the same.
        let alone = [
            [Op::Add(a), Op::Add(a), Op::Add(b), Op::Remove],
            [look, Op::Len, Op::Inspect, Op::Add(c)],
            [look, Op::Remove, Op::Add(a), Op::IsEmpty],
        ];
        vec![
            script(world, &[alone.as_flattened()]),
            script(world, &[&[Op::Add(a)], &[look, Op::Add(b)], &[Op::Remove, Op::IsEmpty]]),
            few(work(world, fresh.some(5), 3, Pause::PanicAt(5))), // only the adder comes that far
            few(work(world, fresh.some(3), 5, Pause::PanicAt(5))), // only the remover does
        ]
    },
    judge: |experiment, run| {
        if experiment.scene == "work" {
            let thrown = |entry: &Entry| entry.word == Entry::PANIC && entry.text.starts_with(ON_PURPOSE);
            let returned = run.entries.iter().any(|entry| entry.word == words::RETURNED);
            if returned && run.entries.iter().any(thrown) {
                let what = "`pause` panicked, but `add_and_remove` returned as if nothing had happened";
                return Err(Wrong::new(Fault::SwallowedPanic, what));
            }
            return ended(run);
        }
        let after = |entry: &&Entry| entry.word == words::BROKE && entry.args != Op::InspectAndPanic.pair();
        if let Some(broken) = run.entries.iter().find(after) {
            let op = broken.args.as_chunks::<2>().0.first().and_then(|&pair| Op::from_pair(pair));
            let op = op.map_or_else(|| "a call".to_owned(), Op::call);
            let message = panic_of(run).unwrap_or("panic without a message");
            let what = format!("after a panic in `look`, `{op}` panicked: {message}");
            return Err(Wrong::new(Fault::Panic, what));
        }
        let swallowed =
            |entry: &Entry| entry.word == words::END && entry.args.starts_with(&Op::InspectAndPanic.pair());
        if run.entries.iter().any(swallowed) {
            let what = "`look` panicked, but `inspect` returned as if nothing had happened";
            return Err(Wrong::new(Fault::SwallowedPanic, what));
        }
        let left = entry(run, words::LEFT)?;
        let calls = calls(run);
        if explain(&calls, Spec::Bag { left: Some(left) }) {
            let steps = calls.iter().filter(|call| matches!(call.op, Op::Add(_) | Op::Remove)).count();
            let told = entry(run, words::HISTORY)?.len() / 2;
            let what = format!("after a panic in `look` the history tells {told} of {steps} steps");
            return if told == steps { Ok(()) } else { Err(Wrong::new(Fault::WrongAnswer, what)) };
        }
        let mut evidence = calls::table(&calls);
        evidence.push(format!("numbers at the end: {}", list(left)));
        let headline = "after a panic in `look` the list does not hold what it should";
        Err(Wrong::new(fault_of(experiment), headline).with_evidence(evidence))
    },
    minds_leftover_threads: false,
};
