//! The engine's own bank: wrong programs that must be found under every seed, and correct ones that must stay quiet.
//!
//! An ordinary run takes 5 seeds and 500 schedules a program; `RACECOURSE_DEEP=1` takes 100 and 20,000.

#![expect(clippy::print_stdout, reason = "the figures of a deep run are there to be read")]

mod atomics;
mod barriers;
mod case;
mod cells;
mod channels;
mod deadlines;
mod guards;
mod latches;
mod library;
mod lists;
mod locals;
mod lockfree;
mod lockorder;
mod locks;
mod onces;
mod orderings;
mod panics;
mod parking;
mod poison;
mod pools;
mod queues;
mod rendezvous;
mod rwlocks;
mod scopes;
mod seqlocks;
mod time;
mod waiting;
mod workers;

use std::sync::Arc;

use case::Case;
use interleave::{Explorer, Options, Ran};

/// Within how many schedules a wrong program must be found.
const BUDGET: u32 = 500;

/// Programs that need more under some seed, at most one in twenty.
/// - `buffered_message_taken_for_received`: 99 of 100 seeds within [`BUDGET`].
const RARE: [&str; 1] = ["buffered_message_taken_for_received"];

const RARE_BUDGET: u32 = 5000;

const BANK: &[&[Case]] = &[
    lists::CASES,
    waiting::CASES,
    queues::CASES,
    locks::CASES,
    atomics::CASES,
    panics::CASES,
    pools::CASES,
    time::CASES,
    channels::CASES,
    library::CASES,
    barriers::CASES,
    cells::CASES,
    deadlines::CASES,
    guards::CASES,
    latches::CASES,
    locals::CASES,
    lockfree::CASES,
    lockorder::CASES,
    onces::CASES,
    orderings::CASES,
    parking::CASES,
    poison::CASES,
    rendezvous::CASES,
    rwlocks::CASES,
    scopes::CASES,
    seqlocks::CASES,
    workers::CASES,
];

fn cases(wrong: bool) -> impl Iterator<Item = &'static Case> {
    let only = std::env::var("RACECOURSE_CASE").ok();
    let wanted = move |case: &&Case| only.as_ref().is_none_or(|only| case.name.contains(only.as_str()));
    BANK.iter().copied().flatten().filter(move |case| case.faults.is_empty() != wrong).filter(wanted)
}

fn is_rare(case: &Case) -> bool {
    RARE.contains(&case.name)
}

fn deep() -> bool {
    std::env::var_os("RACECOURSE_DEEP").is_some()
}

/// How many schedules it takes under one seed, and the failing run.
fn first_failure(case: &Case, seed: u64, schedules: u32) -> Option<(u32, Ran)> {
    let body: interleave::Body = Arc::new(case.body);
    let mut explorer = Explorer::new(seed, Options { clock: case.clock, ..Options::default() });
    (1..=schedules).map(|count| (count, explorer.next(&body))).find(|(_, ran)| ran.failure.is_some())
}

#[test]
fn every_wrong_program_is_found_under_every_seed() {
    let seeds = if deep() { 100 } else { 20 };
    let mut complaints = Vec::new();
    let mut slowest = Vec::new();
    for case in cases(true) {
        let mut most = 0;
        for seed in 0..seeds {
            match first_failure(case, seed, if is_rare(case) { RARE_BUDGET } else { BUDGET }) {
                None => complaints.push(format!("{}: not found under seed {seed}", case.name)),
                Some((schedules, ran)) => {
                    most = most.max(schedules);
                    let failure = ran.failure.expect("the run failed");
                    if !case.faults.contains(&failure.fault) {
                        complaints
                            .push(format!("{}: {} under seed {seed}: {failure:?}", case.name, failure.fault));
                    }
                }
            }
        }
        slowest.push((most, case.name));
    }
    slowest.sort_unstable();
    println!("{} wrong programs, {seeds} seeds; most schedules needed:", slowest.len());
    slowest.iter().rev().take(10).for_each(|(most, name)| println!("{most:5} {name}"));
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_correct_program_is_quiet() {
    let schedules = if deep() { 20_000 } else { 2000 };
    let mut complaints = Vec::new();
    let mut count = 0;
    for case in cases(false) {
        count += 1;
        if let Some((schedule, ran)) = first_failure(case, 1, schedules) {
            let story = ran.story().join("\n");
            complaints.push(format!("{}: schedule {schedule}: {:?}\n{story}", case.name, ran.failure));
        }
    }
    println!("{count} correct programs, {schedules} schedules each");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn few_are_rare() {
    assert!(RARE.len() * 20 <= cases(true).count() || std::env::var_os("RACECOURSE_CASE").is_some());
}

#[test]
fn names_are_unique() {
    let mut names = BANK.iter().copied().flatten().map(|case| case.name).collect::<Vec<_>>();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}
