//! Locks and semaphores whose holders die: what each check wants to see, and how it reads a trace.

use super::super::words::locks as words;
use super::{
    A_LOCK, ACQUIRE, AVAILABLE, LOCK, RELEASE, TRY_ACQUIRE, TRY_LOCK, UNLOCK, ended, is_inside, permits,
};
use crate::actors::{DOOR, GO_ON, at, checkpoint, gather, kill, kill_at, script, wait_for};
use crate::actors::{Returned, answers, gate, most_at_once, name, one_by_one, open, returned, trial};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Step, Trace, Trial, TrialRules};
use wire::actors::{self as common, Op};

// --- a holder dies ------------------------------------------------------------------------------------------------

/// A child of its own, which waits behind a door.
const HEIR: Op = [common::HEIR, DOOR + 9, 0];

const STUCK: &str = "a process has died, and those who wait for the lock sleep on";

pub(super) const HOLDER: TrialRules = TrialRules {
    check: "q5.locks_dead_holder",
    trials: |_| {
        let waits = |one: u64| [gate(DOOR + one), LOCK, gate(one), UNLOCK];
        let (first, second, third) = ([LOCK, gate(1)], waits(2), waits(3));
        let doors = script![gather(3), open(DOOR + 2), open(DOOR + 3)];
        vec![
            // Two wait already.
            trial(&A_LOCK, &[], &[&first, &second, &third], &script![doors, kill_at(1), one_by_one(2)]),
            // Nobody waits.
            trial(
                &A_LOCK,
                &[checkpoint(1), LOCK, UNLOCK, LOCK, UNLOCK, TRY_LOCK],
                &[&first],
                &script![at(1), gather(1), kill_at(1), GO_ON],
            ),
            trial(
                &A_LOCK,
                &[checkpoint(1), TRY_LOCK, UNLOCK, TRY_LOCK, UNLOCK, LOCK],
                &[&first],
                &script![at(1), gather(1), kill_at(1), GO_ON],
            ),
            // Who was told dies, too; then the next.
            trial(
                &A_LOCK,
                &[wait_for(3), LOCK, UNLOCK, LOCK],
                &[&first, &second, &third],
                &script![
                    gather(3),
                    kill_at(1),
                    open(DOOR + 2),
                    gather(2),
                    kill_at(2),
                    open(DOOR + 3),
                    gather(1),
                    kill_at(3)
                ],
            ),
            // One leaves with it.
            trial(
                &A_LOCK,
                &[wait_for(1), LOCK, UNLOCK, checkpoint(1), LOCK],
                &[&[LOCK, [common::LEAVE, 0, 0]], &[gate(DOOR + 2), LOCK, UNLOCK]],
                &script![at(1), gather(1), open(DOOR + 2), GO_ON],
            ),
            // Killed while it waits.
            trial(
                &A_LOCK,
                &[LOCK, checkpoint(1), kill(1), UNLOCK, wait_for(2), LOCK],
                &[&waits(1), &second],
                &script![at(1), gather(2), open(DOOR + 1), open(DOOR + 2), GO_ON, one_by_one(1)],
            ),
            // Its child lives on, with copies of everything that it had open.
            trial(
                &A_LOCK,
                &[checkpoint(1), TRY_LOCK, UNLOCK, checkpoint(2), LOCK],
                &[&[LOCK, UNLOCK, HEIR, LOCK, gate(1)]],
                &script![at(1), gather(2), kill_at(1), GO_ON, at(2), GO_ON],
            ),
            // Killed after it has given the lock back.
            trial(
                &A_LOCK,
                &[checkpoint(1), LOCK, UNLOCK],
                &[&[LOCK, UNLOCK, gate(DOOR + 1)]],
                &script![at(1), gather(1), kill_at(DOOR + 1), GO_ON],
            ),
        ]
    },
    judge: |trial, trace| {
        ended(trial, trace, Fault::HungOnCrash, STUCK)?;
        if most_at_once(trace, is_inside) > 1 {
            return Err(Wrong::new(
                Fault::Race,
                "a holder has died, and then two processes had the lock at once",
            ));
        }
        // Nobody who lives has it whenever that is asked here.
        if returned(trial, trace).iter().any(|call| call.op == TRY_LOCK && call.with[0] != 1) {
            let what = "`try_lock` does not get the lock, though whoever had it is dead";
            return Err(Wrong::new(Fault::HungOnCrash, what));
        }
        told_once(trial, trace)
    },
};

/// Who took the lock, in order, and whether each was told of a death.
fn takers(trial: &Trial, trace: &Trace) -> Vec<(Returned, bool)> {
    let taken = |call: Returned| match call.op[0] {
        words::LOCK => Some((call, call.with[0] == 1)),
        words::TRY_LOCK if call.with[0] == 1 => Some((call, call.with[1] == 1)),
        _ => None,
    };
    returned(trial, trace).into_iter().filter_map(taken).collect()
}

/// Whether a process died with the lock that it got by this call: it neither gave it back nor came to the end of its calls.
fn died_with_it(trial: &Trial, calls: &[Returned], taken: Returned) -> bool {
    let last = common::ops(&trial.words, taken.actor).len() - 1;
    let later = |call: &&Returned| call.actor == taken.actor && call.place > taken.place;
    !calls.iter().filter(later).any(|call| call.op == UNLOCK || call.place == last) && taken.place != last
}

/// The first to get the lock after a death is told, and nobody else.
pub(super) fn told_once(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    let (calls, takers) = (returned(trial, trace), takers(trial, trace));
    let mut died = None;
    for (taken, told) in takers {
        let who = name(taken.actor as u64);
        match (died, told) {
            (Some(dead), false) => {
                let what =
                    format!("{} died with the lock, and {who}, the next to get it, was not told", name(dead));
                return Err(Wrong::new(Fault::WrongAnswer, what).with_evidence(vec![
                    "whoever is not told takes for whole what lies half changed".to_owned(),
                ]));
            }
            (None, true) => {
                let what =
                    format!("{who} was told of a death, and whoever had the lock before has given it back");
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
            _ => {}
        }
        died = died_with_it(trial, &calls, taken).then_some(taken.actor as u64);
    }
    Ok(())
}

// --- a permit comes back ---------------------------------------------------------------------------------------------------

pub(super) const PERMIT_BACK: TrialRules = TrialRules {
    check: "q5.locks_permit_back",
    trials: |_| {
        let waits = |one: u64| [gate(DOOR + one), ACQUIRE, gate(one), RELEASE];
        let holds = |one: u64| [ACQUIRE, gate(one)];
        let free = [AVAILABLE, TRY_ACQUIRE, TRY_ACQUIRE, TRY_ACQUIRE];
        let after = |first: &[Op]| [first, &free].concat();
        vec![
            // One waits for it already.
            trial(
                &permits(1),
                &after(&[wait_for(2)]),
                &[&holds(1), &waits(2)],
                &script![
                    gather(2),
                    open(DOOR + 2),
                    [Step::Quiet],
                    kill_at(1),
                    [Step::DwellLong, Step::Quiet, Step::NoLater(1)],
                    gather(1),
                    open(2)
                ],
            ),
            // Two wait for two.
            trial(
                &permits(2),
                &after(&[wait_for(3), wait_for(4)]),
                &[&holds(1), &holds(2), &waits(3), &waits(4)],
                &script![
                    gather(4),
                    open(DOOR + 3),
                    open(DOOR + 4),
                    kill_at(1),
                    kill_at(2),
                    gather(2),
                    open(3),
                    open(4)
                ],
            ),
            // Nobody waits.
            trial(
                &permits(2),
                &after(&[checkpoint(1)]),
                &[&holds(1), &holds(2)],
                &script![at(1), gather(2), kill_at(1), kill_at(2), GO_ON],
            ),
            // One dies with both, and one has given one of two back.
            trial(
                &permits(2),
                &after(&[checkpoint(1)]),
                &[&[ACQUIRE, ACQUIRE, RELEASE, ACQUIRE, gate(1)]],
                &script![at(1), gather(1), kill_at(1), GO_ON],
            ),
            trial(
                &permits(2),
                &after(&[checkpoint(1)]),
                &[&[ACQUIRE, ACQUIRE, RELEASE, gate(1)]],
                &script![at(1), gather(1), kill_at(1), GO_ON],
            ),
            // One leaves with it.
            trial(
                &permits(1),
                &after(&[wait_for(1), ACQUIRE, RELEASE]),
                &[&[ACQUIRE, [common::LEAVE, 7, 0]]],
                &[],
            ),
            // Killed while it waits.
            trial(
                &permits(1),
                &after(&[ACQUIRE, checkpoint(1), kill(1), RELEASE]),
                &[&waits(1)],
                &script![at(1), gather(1), open(DOOR + 1), GO_ON],
            ),
            // Its child lives on.
            trial(
                &permits(2),
                &after(&[checkpoint(1)]),
                &[&[ACQUIRE, RELEASE, HEIR, ACQUIRE, gate(1)]],
                &script![at(1), gather(2), kill_at(1), GO_ON],
            ),
            // Three deaths, one after the other, and an end in peace.
            trial(
                &permits(2),
                &after(&[checkpoint(1), wait_for(4)]),
                &[&waits(1), &waits(2), &waits(3), &waits(4)],
                &script![
                    at(1),
                    gather(4),
                    open(DOOR + 1),
                    gather(4),
                    kill_at(1),
                    open(DOOR + 2),
                    gather(3),
                    open(DOOR + 3),
                    gather(3),
                    kill_at(2),
                    kill_at(3),
                    open(DOOR + 4),
                    gather(1),
                    open(4),
                    GO_ON
                ],
            ),
        ]
    },
    judge: |trial, trace| {
        let count = trial.words[0][1];
        if most_at_once(trace, is_inside) as u64 > count {
            return Err(Wrong::new(
                Fault::Race,
                "a holder has died, and then more permits were out than there are",
            ));
        }
        let lost = "a process has died with a permit, and nobody can have it any more";
        if trace.waited_in_vain().is_some() {
            return Err(Wrong::new(Fault::HungOnCrash, lost).with_evidence(trace.in_vain()));
        }
        if trace.is_late() {
            let what = "a process died with a permit more than a second ago, and one that waits for it does not have it";
            return Err(Wrong::new(Fault::HungOnCrash, what));
        }
        ended(trial, trace, Fault::HungOnCrash, lost)?;
        let got = answers(trial, trace, 0, words::AVAILABLE);
        let tried: Vec<u64> = answers(trial, trace, 0, words::TRY_ACQUIRE).iter().map(|got| got[0]).collect();
        let right: Vec<u64> = (0..3).map(|try_| u64::from(try_ < count)).collect();
        if got.first().is_some_and(|got| got[0] != count) {
            let what = format!("all holders are gone; of {count} permits `available` sees {}", got[0][0]);
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        if tried != right {
            let taken: u64 = tried.iter().sum();
            let what = format!("all holders are gone; of {count} permits `try_acquire` got {taken}");
            return Err(Wrong::new(Fault::HungOnCrash, what));
        }
        Ok(())
    },
};
