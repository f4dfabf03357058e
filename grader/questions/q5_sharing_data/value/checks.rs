//! Shared values and arrays: what each check wants to see, and how it reads a trace.

use super::words::value as words;
use crate::actors::{DOOR, GO_ON, at, checkpoint, gather, kill_at, script, wait_for};
use crate::actors::{answers, gate, good_end, most_at_once, name, nothing_after_a_kill, one_by_one};
use crate::actors::{open, returned, trial};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::leftovers::nothing_at_the_end;
use crate::trial::{Pick, Seen, Step, Trace, Trial, TrialRules};
use wire::actors::{self as common, Op};

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[TrialRules] = &[UPDATES, WHOLE, DEATHS, EXACT, BOUNDS, CLEAN];

/// A value of this number.
fn value(number: u64) -> Vec<u64> {
    vec![words::VALUE, words::U64, number]
}

/// An array in which this number stands so often.
fn array(number: u64, count: u64) -> Vec<u64> {
    vec![words::ARRAY, words::U64, number, count]
}

const fn get(index: u64) -> Op {
    [words::GET, index, 0]
}

const fn set(index: u64, number: u64) -> Op {
    [words::SET, index, number]
}

const fn add(index: u64, number: u64) -> Op {
    [words::ADD, index, number]
}

/// Adds one to all, held as this task in the middle.
const fn add_held(task: u64) -> Op {
    [words::ADD_HELD, task, 0]
}

const SAME: Op = [words::SAME, 1, 0];
const CALLED: Op = [common::READ, words::CALLED, 0];

const STUCK: &str = "every process waits, and none can wake another";

fn ended(trial: &Trial, trace: &Trace, hang: Fault, what: &str) -> Result<(), Wrong> {
    good_end(trial, trace, words::say, hang, what)
}

/// What the caller's looks at numbers gave, in order, is right.
fn looks(trial: &Trial, trace: &Trace, right: &[u64], fault: Fault, when: &str) -> Result<(), Wrong> {
    let looks: Vec<_> =
        returned(trial, trace).into_iter().filter(|call| call.actor == 0 && is_look(call.op)).collect();
    for (look, &right) in looks.iter().zip(right) {
        if look.op[0] == words::SAME && look.with[1] > 0 {
            let what = format!("{when}, some numbers of an update are there and some are not");
            return Err(Wrong::new(Fault::Race, what));
        }
        if look.with[0] != right {
            let of = trial.words[0][1];
            let (got, right) = (words::show(of, look.with[0]), words::show(of, right));
            return Err(Wrong::new(fault, format!("{when}, the number is {got}, and should be {right}")));
        }
    }
    Ok(())
}

fn is_look(op: Op) -> bool {
    [words::GET, words::SAME].contains(&op[0])
}

// --- an update is one step ----------------------------------------------------------------------------------

const UPDATES: TrialRules = TrialRules {
    check: "q5.value_updates",
    trials: |fresh| {
        let start = fresh.fresh() % 1_000_000;
        let twice = |one: u64| [add_held(one * 10), add_held(one * 10 + 1)];
        let all = [wait_for(1), wait_for(2), wait_for(3)];
        let often = |index: u64| [[words::ADD_OFTEN, 120, index]];
        let set_meanwhile = script![gather(2), open(DOOR + 2), open(1)];
        let mut trials = Vec::new();
        for from in [value(start), array(start, 6)] {
            let then = |looks: &[Op]| [&all, looks].concat();
            trials.extend([
                trial(&from, &then(&[SAME, CALLED]), &[&twice(1), &twice(2), &twice(3)], &one_by_one(6)),
                trial(&from, &then(&[get(0), CALLED]), &[&often(0), &often(0), &often(0)], &[]),
                // Another number is put there while an update is at work.
                trial(
                    &from,
                    &[wait_for(1), wait_for(2), get(0)],
                    &[&[add_held(1)], &[gate(DOOR + 2), set(0, 5_000_000)]],
                    &set_meanwhile,
                ),
            ]);
        }
        trials.push(trial(
            &array(start, 3),
            &[&all[..], &[get(0), get(2)]].concat(),
            &[&often(0), &often(2), &often(0)],
            &[],
        ));
        trials
    },
    judge: |trial, trace| {
        if most_at_once(trace, |task| task < DOOR) > 1 {
            let what = "two processes were in `change` at the same time: one of the two changes will be lost";
            return Err(Wrong::new(Fault::Race, what));
        }
        ended(trial, trace, Fault::LostWakeUp, "an update is over, and those who wait for its end sleep on")?;
        let start = trial.words[0][2];
        let calls =
            |code: u64| trial.words[2..].iter().flatten().filter(|&&word| word == code).count() as u64;
        let first = trial.words[2][0];
        if trial.words.iter().any(|words| words.ends_with(&set(0, 5_000_000))) {
            let when = "after a `set` that waited for the end of an update";
            return looks(trial, trace, &[5_000_000], Fault::Race, when);
        }
        let when = "after all updates";
        if first == words::ADD_HELD {
            looks(trial, trace, &[start + 6], Fault::Race, when)?;
            return once(trial, trace, 6);
        }
        if calls(words::ADD_OFTEN) == 3 && trial.words[2] == trial.words[3] {
            looks(trial, trace, &[start + 360], Fault::Race, when)?;
            return once(trial, trace, 360);
        }
        looks(trial, trace, &[start + 240, start + 120], Fault::Race, when)
    },
};

/// Each change was called once.
fn once(trial: &Trial, trace: &Trace, right: u64) -> Result<(), Wrong> {
    match answers(trial, trace, 0, common::READ).first() {
        Some([got, _]) if *got != right => {
            let what = format!("of {right} updates `change` was called {got} times");
            Err(Wrong::new(Fault::WrongAnswer, what))
        }
        _ => Ok(()),
    }
}

// --- whole or not at all ---------------------------------------------------------------------------------------

/// So many numbers take a while to be replaced.
const MANY: u64 = 25_000;
/// How many processes are killed in the middle of it. One kill in two leaves half of an update (33 and 37 of 60).
const KILLED: u64 = 16;
/// The same where what it takes is rarer: one kill in five hits numbers that another has to put in place (13 of 60).
const OFTEN_KILLED: u64 = 44;
/// How often somebody is stopped, mostly in the middle of a look. One stop in two is enough (26 and 35 of 60).
const STOPPED: u64 = 10;
/// How many looks go with stores at both ends. Of ten, one at least sees what it should not in 43 to 60 trials of 60,
/// of thirty in 30 of 30, where one processor has to do for both.
const LOOKS: u64 = 100;

const WHOLE: TrialRules = TrialRules {
    check: "q5.value_whole",
    trials: |_| {
        let for_ever = [words::ADD_ALL, 1_000_000, 0];
        // Whoever comes next after a kill looks, or stores a single number before somebody looks.
        let killed = |times: u64, stores: bool| {
            let mut kills = Vec::new();
            for child in 1..=times {
                kills.extend([checkpoint(child), [words::WATCH, 2, child], [common::KILL, child, 0]]);
                kills.extend(stores.then_some(set(0, 7)));
                kills.push([words::SAME, 1, stores.into()]);
            }
            let children: Vec<[Op; 2]> = (1..=times).map(|child| [gate(DOOR + child), for_ever]).collect();
            let children: Vec<&[Op]> = children.iter().map(|ops| ops.as_slice()).collect();
            let script: Vec<Step> = (1..=times)
                .flat_map(|child| {
                    [
                        Step::Checkpoint(child),
                        Step::Gather((times - child + 1) as usize),
                        Step::Open(Pick::Task(DOOR + child)),
                        Step::GoOn,
                    ]
                })
                .collect();
            trial(&array(3, MANY), &kills, &children, &script)
        };
        let changes: Vec<Op> =
            (1..=STOPPED).flat_map(|time| [checkpoint(time), [words::ADD_ALL, 2, 0]]).collect();
        let stops: Vec<Step> = (1..=STOPPED)
            .flat_map(|time| [Step::Checkpoint(time), Step::Stop(0), Step::GoOn, Step::Quiet, Step::Continue])
            .collect();
        vec![
            killed(KILLED, false),
            killed(OFTEN_KILLED, true),
            // Stopped in a look, while another changes them or waits for the end of the look.
            trial(
                &array(3, MANY),
                &[&changes[..], &[[common::COUNT, words::ENOUGH, 0], wait_for(1), SAME]].concat(),
                &[&[[words::SAME, 1_000_000, 0]]],
                &stops,
            ),
            // Looked at while somebody puts numbers at the front and then at the back.
            trial(
                &array(0, MANY),
                &[[words::LOOK_AT_ENDS, LOOKS, 0], [common::COUNT, words::ENOUGH, 0], wait_for(1)],
                &[&[[words::SET_ENDS, 0, 0]]],
                &[],
            ),
            // A look while an update is half done waits, or finds what was before.
            trial(
                &array(3, 6),
                &[wait_for(1), wait_for(2), SAME],
                &[&[add_held(1)], &[gate(DOOR + 2), SAME]],
                &script![gather(2), open(DOOR + 2), open(1)],
            ),
        ]
    },
    judge: |trial, trace| {
        ended(
            trial,
            trace,
            Fault::HungOnCrash,
            "a process was killed in an update, and the others sleep on",
        )?;
        let seen = returned(trial, trace);
        if seen.iter().any(|call| call.op[0] == words::LOOK_AT_ENDS && call.with[1] > 0) {
            let what = "`to_vec` has what was put at the back, and not what was put at the front before that";
            return Err(Wrong::new(Fault::Race, what));
        }
        for look in seen.iter().filter(|call| call.op[0] == words::SAME) {
            let who = name(look.actor as u64);
            if look.with[1] > 0 {
                let killed = trial.words[2..].len() >= KILLED as usize;
                let what = match killed {
                    true => "a process was killed in an update, and half of that update is there".to_owned(),
                    false => format!("{who} saw some numbers from before an update and some from after it"),
                };
                return Err(Wrong::new(Fault::Race, what));
            }
        }
        Ok(())
    },
};

// --- a process dies, a change panics ---------------------------------------------------------------------------------

const DEATHS: TrialRules = TrialRules {
    check: "q5.value_deaths",
    trials: |fresh| {
        let start = fresh.fresh() % 1_000_000;
        let mut trials = Vec::new();
        for from in [value(start), array(start, 7)] {
            let panic = [words::ADD_PANIC, 0, 0];
            trials.extend([
                // Killed in the middle; nobody waits.
                trial(
                    &from,
                    &[checkpoint(1), SAME, add(0, 2), get(0)],
                    &[&[add_held(1)]],
                    &script![at(1), gather(1), kill_at(1), GO_ON],
                ),
                // One waits already.
                trial(
                    &from,
                    &[wait_for(2), get(0), add(0, 2), get(0)],
                    &[&[add_held(1)], &[gate(DOOR + 2), add(0, 0)]],
                    &script![gather(2), open(DOOR + 2), kill_at(1)],
                ),
                // It leaves.
                trial(&from, &[wait_for(1), SAME, add(0, 2), get(0)], &[&[[words::ADD_LEAVE, 0, 0]]], &[]),
                // It panics, here and elsewhere.
                trial(&from, &[panic, SAME, add(0, 2), get(0)], &[], &[]),
                trial(&from, &[wait_for(1), SAME, add(0, 2), get(0)], &[&[panic, add(0, 0)]], &[]),
            ]);
        }
        trials
    },
    judge: |trial, trace| {
        let stuck = "a process has died in an update, and the others wait for its end";
        ended(trial, trace, Fault::HungOnCrash, stuck)?;
        let (start, calls) = (trial.words[0][2], returned(trial, trace));
        let panicked = calls.iter().find(|call| call.op[0] == words::ADD_PANIC);
        if panicked.is_some_and(|call| call.with[0] == 0) {
            let what = "`change` panicked, and the caller of `update` was not told by that panic";
            return Err(Wrong::new(Fault::SwallowedPanic, what));
        }
        let when = match panicked {
            Some(_) => "after a `change` that panicked",
            None => "after a process has died in `change`",
        };
        looks(trial, trace, &[start, start + 2], Fault::WrongAnswer, when)
    },
};

// --- seen by all, exactly -----------------------------------------------------------------------------------------------

const EXACT: TrialRules = TrialRules {
    check: "q5.value_exact",
    trials: |fresh| {
        let of = [
            (words::U64, u64::MAX - fresh.bits() % 1000, fresh.bits()),
            (words::I64, i64::MIN.cast_unsigned() + 5, (-7_i64).cast_unsigned()),
            (words::U32, u64::from(u32::MAX), fresh.bits() & 0xffff_ffff),
            (words::F64, (0.1_f64 + 0.2).to_bits(), (-0.0_f64).to_bits()),
            (words::F64, f64::MIN_POSITIVE.to_bits() >> 3, 1e300_f64.to_bits()),
        ];
        let exchange = |from: Vec<u64>, index: u64, other: u64| {
            let first = from[2];
            // The child sees what was there, the caller what the child has put there, and the child what the caller has.
            let child = [gate(1), get(index), set(index, other), gate(2), get(index)];
            let caller =
                [get(index), checkpoint(1), get(index), set(index, first), checkpoint(2), get(index)];
            let steps = [at(1), gather(1), open(1), gather(1)];
            trial(&from, &caller, &[&child], &script![steps.concat(), GO_ON, at(2), open(2), GO_ON])
        };
        let mut trials = Vec::new();
        for (kind, number, other) in of {
            trials.push(exchange(vec![words::VALUE, kind, number], 0, other));
            trials.push(exchange(vec![words::ARRAY, kind, number, 5], 4, other));
        }
        trials
    },
    judge: |trial, trace| {
        ended(trial, trace, Fault::Hang, STUCK)?;
        let (of, first) = (trial.words[0][1], trial.words[0][2]);
        let other = common::ops(&trial.words, 1)[2][2];
        for (actor, right) in [(0, [first, other, first].as_slice()), (1, &[first, first])] {
            let got = answers(trial, trace, actor, words::GET);
            for (got, &right) in got.iter().zip(right) {
                if got[0] != right {
                    let (got, right, who) =
                        (words::show(of, got[0]), words::show(of, right), name(actor as u64));
                    let what = format!("{who} sees {got}, and what was put there is {right}");
                    return Err(Wrong::new(Fault::WrongAnswer, what));
                }
            }
        }
        Ok(())
    },
};

// --- the ends of an array -----------------------------------------------------------------------------------------------------

const BOUNDS: TrialRules = TrialRules {
    check: "q5.value_bounds",
    trials: |_| {
        let outside = |index: u64| {
            [
                [words::LEN, 0, 0],
                [words::GET_OUTSIDE, index, 0],
                [words::SET_OUTSIDE, index, 9],
                wait_for(1),
                SAME,
            ]
        };
        let child = [get(0), add(1, 0), set(2, 8)];
        vec![
            trial(&array(8, 3), &outside(3), &[&child], &[]),
            trial(&array(8, 3), &outside(6), &[&child], &[]),
            trial(&array(8, 3), &outside(u64::MAX), &[&child], &[]),
            trial(&array(8, 1), &[[words::LEN, 0, 0], get(0)], &[], &[]),
            trial(&array(8, 0), &[], &[], &[]),
        ]
    },
    judge: |trial, trace| {
        let count = trial.words[0][3];
        let made = !trace.entries.iter().any(|entry| entry.word == common::NO_TOOL);
        if count == 0 {
            trace.good_end(Fault::Hang, STUCK)?;
            return match made {
                true => {
                    Err(Wrong::new(Fault::WrongAnswer, "an array of no numbers was made, and is no error"))
                }
                false => Ok(()),
            };
        }
        let stuck = "an index was too large, and then the others wait for ever";
        ended(trial, trace, Fault::Hang, stuck)?;
        let got = answers(trial, trace, 0, words::LEN);
        if got.first().is_some_and(|got| got[0] != count) {
            let what = format!("`len` of {count} numbers is {}", got[0][0]);
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        for (code, call) in [(words::GET_OUTSIDE, "get"), (words::SET_OUTSIDE, "set")] {
            if answers(trial, trace, 0, code).first().is_some_and(|got| got[0] == 0) {
                let what = format!("`{call}` with an index that is too large does not panic");
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
        }
        looks(trial, trace, &[8], Fault::WrongAnswer, "after a call with an index that is too large")
    },
};

// --- idle, and nothing left --------------------------------------------------------------------------------------------------------

const CLEAN: TrialRules = TrialRules {
    check: "q5.value_clean",
    trials: |_| {
        let mut trials = Vec::new();
        for from in [value(5), array(5, 1000)] {
            trials.extend([
                trial(
                    &from,
                    &[],
                    &[&[add_held(1)], &[gate(DOOR + 2), add(0, 1)]],
                    &script![gather(2), open(DOOR + 2), [Step::Idle], open(1)],
                ),
                // All are killed: at once, and with a child at work.
                trial(&from, &[checkpoint(1)], &[], &script![at(1), [Step::KillCaller]]),
                trial(
                    &from,
                    &[get(0), checkpoint(1)],
                    &[&[add(0, 1), gate(1), get(0)]],
                    &script![at(1), gather(1), [Step::KillCaller]],
                ),
                // Children come and go, one after the other; the numbers stay.
                trial(
                    &from,
                    &[
                        checkpoint(1),
                        wait_for(1),
                        checkpoint(2),
                        wait_for(2),
                        checkpoint(3),
                        wait_for(3),
                        add(0, 1),
                        get(0),
                    ],
                    &[
                        &[gate(DOOR + 1), add(0, 1)],
                        &[gate(DOOR + 2), add(0, 1), [common::LEAVE, 0, 0]],
                        &[gate(DOOR + 3), add(0, 1)],
                    ],
                    &script![
                        at(1),
                        gather(3),
                        open(DOOR + 1),
                        GO_ON,
                        at(2),
                        open(DOOR + 2),
                        GO_ON,
                        at(3),
                        open(DOOR + 3),
                        GO_ON
                    ],
                ),
            ]);
        }
        trials
    },
    judge: |trial, trace| {
        ended(trial, trace, Fault::Hang, STUCK)?;
        if trace.events.iter().any(|event| matches!(event.seen, Seen::Survivors(_))) {
            return nothing_after_a_kill(trace);
        }
        trace.at_rest(3)?;
        looks(trial, trace, &[9], Fault::WrongAnswer, "after three children have come and gone")?;
        nothing_at_the_end(trace)
    },
};
