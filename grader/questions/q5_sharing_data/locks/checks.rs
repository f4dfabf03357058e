//! Locks, semaphores and conditions for processes: what each check wants to see, and how it reads a trace.

use super::words::locks as words;
use crate::actors::{DOOR, GO_ON, at, checkpoint, gather, kill, kill_at, script, wait_for};
use crate::actors::{Returned, answers, gate, good_end, has_come, most_at_once, one_by_one, open};
use crate::actors::{nothing_after_a_kill, returned, times_over, trial};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::leftovers::nothing_at_the_end;
use crate::trial::{Event, Pick, Seen, Step, Trace, Trial, TrialRules};
use wire::actors::{self as common, Op};

#[path = "deaths.rs"]
mod deaths;

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[TrialRules] =
    &[EXCLUSIVE, deaths::HOLDER, PERMITS, deaths::PERMIT_BACK, CONDITION, CLEAN];

const A_LOCK: [u64; 3] = [1, 0, 0];
const A_CONDITION: [u64; 3] = [0, 0, 1];
const fn permits(count: u64) -> [u64; 3] {
    [0, count, 0]
}

const fn op(code: u64) -> Op {
    [code, 0, 0]
}

const LOCK: Op = op(words::LOCK);
const TRY_LOCK: Op = op(words::TRY_LOCK);
const UNLOCK: Op = op(words::UNLOCK);
const ACQUIRE: Op = op(words::ACQUIRE);
const TRY_ACQUIRE: Op = op(words::TRY_ACQUIRE);
const RELEASE: Op = op(words::RELEASE);
const AVAILABLE: Op = op(words::AVAILABLE);
const ENTER: Op = op(words::ENTER);
const WAIT: Op = op(words::WAIT);
const WAIT_FOR_ONE: Op = [words::WAIT_FOR, 1, 0];
const RAISE: Op = op(words::RAISE);
const NOTIFY_ONE: Op = op(words::NOTIFY_ONE);
const NOTIFY_ALL: Op = op(words::NOTIFY_ALL);
const EXIT: Op = op(words::EXIT);
const COUNT: Op = [common::COUNT, words::COUNTED, 0];
const READ: Op = [common::READ, words::COUNTED, 0];

fn is_inside(task: u64) -> bool {
    task < DOOR
}

fn ended(trial: &Trial, trace: &Trace, hang: Fault, what: &str) -> Result<(), Wrong> {
    good_end(trial, trace, words::say, hang, what)
}

/// Codes of calls that may all have been made, and what came back to the caller from each, in order.
fn told(trial: &Trial, trace: &Trace, code: u64, right: &[u64], what: &str) -> Result<(), Wrong> {
    let got: Vec<u64> = answers(trial, trace, 0, code).iter().map(|answer| answer[0]).collect();
    match got == right {
        true => Ok(()),
        false => Err(Wrong::new(Fault::WrongAnswer, format!("{what}: {got:?}, and should be {right:?}"))),
    }
}

// --- one at a time ------------------------------------------------------------------------------------------

const EXCLUSIVE: TrialRules = TrialRules {
    check: "q5.locks_exclusive",
    trials: |_| {
        let twice = |one: u64| {
            let task = one * 10;
            [LOCK, gate(task), COUNT, UNLOCK, LOCK, gate(task + 1), COUNT, UNLOCK]
        };
        let waits = |one: u64| [gate(DOOR + one), LOCK, gate(one), COUNT, UNLOCK];
        let often = [[words::COUNT_OFTEN, 100, 0]];
        vec![
            trial(
                &A_LOCK,
                &[wait_for(1), wait_for(2), wait_for(3), READ],
                &[&twice(1), &twice(2), &twice(3)],
                &one_by_one(6),
            ),
            // The caller holds it, and two wait.
            trial(
                &A_LOCK,
                &[LOCK, checkpoint(1), UNLOCK, wait_for(1), wait_for(2), READ],
                &[&waits(1), &waits(2)],
                &script![at(1), gather(2), open(DOOR + 1), open(DOOR + 2), GO_ON, one_by_one(2)],
            ),
            trial(&A_LOCK, &[wait_for(1), wait_for(2), wait_for(3), READ], &[&often, &often, &often], &[]),
            // Tried while it is held, and while it is free.
            trial(
                &A_LOCK,
                &[TRY_LOCK, TRY_LOCK, checkpoint(1), UNLOCK, checkpoint(2), wait_for(2), TRY_LOCK],
                &[&[gate(DOOR + 1), TRY_LOCK], &[gate(DOOR + 2), TRY_LOCK, UNLOCK]],
                &script![at(1), gather(2), open(DOOR + 1), GO_ON, at(2), open(DOOR + 2), GO_ON],
            ),
        ]
    },
    judge: |trial, trace| {
        match most_at_once(trace, is_inside) {
            0 | 1 => {}
            most => {
                let what = format!("{most} processes held the lock at the same time");
                return Err(Wrong::new(Fault::Race, what));
            }
        }
        if let Some(went_on) = trace.events.iter().position(|event| event.seen == Seen::WentOn)
            && trace.events[..went_on].iter().any(is_arrival_inside)
        {
            return Err(Wrong::new(Fault::Race, "a process got the lock while the caller held it"));
        }
        ended(
            trial,
            trace,
            Fault::LostWakeUp,
            "the lock was given back, and those who wait for it sleep on",
        )?;
        let calls = returned(trial, trace);
        if calls.iter().any(|call| call.op == TRY_LOCK) {
            told(
                trial,
                trace,
                words::TRY_LOCK,
                &[1, 0, 1],
                "`try_lock` while free, while held, and after (1: taken)",
            )?;
            for (child, right) in [(1, 0), (2, 1)] {
                if answers(trial, trace, child, words::TRY_LOCK).iter().any(|got| got[0] != right) {
                    let (state, what) =
                        if right == 0 { ("held", "took it") } else { ("free", "did not take it") };
                    let what = format!("the lock was {state}, and `try_lock` of another process {what}");
                    return Err(Wrong::new(Fault::WrongAnswer, what));
                }
            }
        }
        counted(trial, trace, &calls)?;
        deaths::told_once(trial, trace)
    },
};

fn is_arrival_inside(event: &Event) -> bool {
    matches!(event.seen, Seen::Arrived { task, .. } if is_inside(task))
}

/// What was counted under the lock is as much as was counted.
fn counted(trial: &Trial, trace: &Trace, calls: &[Returned]) -> Result<(), Wrong> {
    let of = |call: &Returned| match call.op {
        [common::COUNT, ..] => 1,
        [words::COUNT_OFTEN, times, _] => times,
        _ => 0,
    };
    let right: u64 = calls.iter().map(of).sum();
    match answers(trial, trace, 0, common::READ).first() {
        Some([got, _]) if *got != right => {
            let what = format!("{right} were counted one by one under the lock, and the sum is {got}");
            Err(Wrong::new(Fault::Race, what))
        }
        _ => Ok(()),
    }
}

// --- so many at once ---------------------------------------------------------------------------------------------------

/// So often `try_acquire` may be refused a permit that is free. The judge looks at open files from outside, and the kernel keeps a
/// file open as long as such a look takes, and with it a lock on it that was just given back by closing: 182 times in 922,600
/// if somebody looks all the time, and never in 650,800 if nobody does. Whoever counts by taking refuses thousands.
const SEEN_FROM_OUTSIDE: u64 = 10;

const PERMITS: TrialRules = TrialRules {
    check: "q5.locks_permits",
    trials: |_| {
        let one = |task: u64| [ACQUIRE, gate(task), RELEASE];
        let two = |task: u64| [ACQUIRE, ACQUIRE, gate(task)];
        let often = [[words::COUNT_OFTEN, 20, 1]];
        let pairs = times_over(4, 2);
        vec![
            trial(
                &permits(2),
                &[],
                &[&one(1), &one(2), &one(3), &one(4), &one(5)],
                &script![pairs, one_by_one(1)],
            ),
            trial(
                &permits(3),
                &[
                    AVAILABLE,
                    ACQUIRE,
                    AVAILABLE,
                    TRY_ACQUIRE,
                    ACQUIRE,
                    AVAILABLE,
                    TRY_ACQUIRE,
                    RELEASE,
                    AVAILABLE,
                    TRY_ACQUIRE,
                    AVAILABLE,
                ],
                &[],
                &[],
            ),
            // A release lets the one go on who waits; another sees what is taken.
            trial(
                &permits(1),
                &[ACQUIRE, checkpoint(1), RELEASE, checkpoint(2), AVAILABLE, TRY_ACQUIRE, checkpoint(3)],
                &[&[gate(DOOR + 1), TRY_ACQUIRE, gate(DOOR + 2), ACQUIRE, gate(1)]],
                &script![
                    at(1),
                    gather(1),
                    open(DOOR + 1),
                    gather(1),
                    open(DOOR + 2),
                    [Step::Quiet],
                    GO_ON,
                    at(2),
                    [Step::Quiet, Step::NoLater(1)],
                    gather(1),
                    GO_ON,
                    at(3)
                ],
            ),
            trial(&permits(4), &[], &[&two(1), &two(2)], &gather(2)),
            // Only asked for meanwhile: the permit is free all the time.
            trial(
                &permits(1),
                &[],
                &[
                    &[gate(DOOR + 1), [words::ASK_OFTEN, 0, 0]],
                    &[gate(DOOR + 2), [words::TRY_OFTEN, 3_000, 0]],
                ],
                &script![gather(2), [1, 2].map(|door| Step::Open(Pick::Task(DOOR + door)))],
            ),
            trial(
                &permits(1),
                &[wait_for(1), wait_for(2), wait_for(3), READ],
                &[&often, &often, &often],
                &[],
            ),
        ]
    },
    judge: |trial, trace| {
        let count = trial.words[0][1];
        let calls = returned(trial, trace);
        let each =
            if trial.words[2..].iter().any(|words| words.starts_with(&two_acquires())) { 2 } else { 1 };
        let most = most_at_once(trace, is_inside) as u64 * each;
        if most > count {
            let what = format!("{most} permits were out at the same time, and there are {count}");
            return Err(Wrong::new(Fault::Race, what));
        }
        if trace.waited_in_vain().is_some() || trace.is_late() {
            let what = "a permit is free, and a process that waits for it sleeps on";
            return Err(Wrong::new(Fault::LostWakeUp, what).with_evidence(trace.in_vain()));
        }
        ended(
            trial,
            trace,
            Fault::LostWakeUp,
            "permits were given back, and those who wait for them sleep on",
        )?;
        counted(trial, trace, &calls)?;
        let tries = |call: &&Returned| call.op[0] == words::TRY_OFTEN && call.with[0] > SEEN_FROM_OUTSIDE;
        if let Some(call) = calls.iter().find(tries) {
            let what =
                format!("the permit was free, and `try_acquire` said {} times that it was not", call.with[0]);
            return Err(Wrong::new(Fault::Race, what));
        }
        match count {
            3 => {
                told(trial, trace, words::AVAILABLE, &[3, 2, 0, 1, 0], "`available`, of 3 permits")?;
                told(trial, trace, words::TRY_ACQUIRE, &[1, 0, 1], "`try_acquire` (1: taken)")
            }
            1 if calls.iter().any(|call| call.op == TRY_ACQUIRE) => {
                told(
                    trial,
                    trace,
                    words::AVAILABLE,
                    &[0],
                    "`available` while another process has the only permit",
                )?;
                let what = "`try_acquire` while another process has the only permit (1: taken)";
                told(trial, trace, words::TRY_ACQUIRE, &[0], what)?;
                match answers(trial, trace, 1, words::TRY_ACQUIRE).first() {
                    Some([1, _]) => Err(Wrong::new(Fault::Race, "a second process got the only permit")),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    },
};

/// How the calls of whoever takes two permits begin, in words.
fn two_acquires() -> Vec<u64> {
    [ACQUIRE, ACQUIRE].concat()
}

// --- waiting for a change ------------------------------------------------------------------------------------------------------

/// So many notices make a count of 8 or of 16 bits look as if there had been none.
const WRAPS: u64 = 1 << 16;

const SLEEPS_ON: &str = "somebody was notified, and those who wait sleep on";

const CONDITION: TrialRules = TrialRules {
    check: "q5.locks_condition",
    trials: |_| {
        let waits = |one: u64| [ENTER, WAIT_FOR_ONE, gate(one), EXIT];
        let once = |one: u64| [gate(DOOR + one), ENTER, WAIT, EXIT, gate(one)];
        let turns = |rest: u64| [[words::TAKE_TURNS, 60, rest]];
        let notify = |how: Op| [ENTER, RAISE, how, EXIT];
        vec![
            // All go on, and each has the lock again.
            trial(
                &A_CONDITION,
                &[&[checkpoint(1)][..], &notify(NOTIFY_ALL)].concat(),
                &[&waits(1), &waits(2), &waits(3)],
                &script![at(1), GO_ON, one_by_one(3)],
            ),
            trial(
                &A_CONDITION,
                &[&[checkpoint(1)][..], &notify(NOTIFY_ONE), &[checkpoint(2)], &notify(NOTIFY_ALL)].concat(),
                &[&once(1), &once(2)],
                &script![
                    at(1),
                    gather(2),
                    open(DOOR + 1),
                    open(DOOR + 2),
                    GO_ON,
                    at(2),
                    gather(1),
                    GO_ON,
                    gather(2)
                ],
            ),
            // Who was killed while it waited takes no notice with it.
            trial(
                &A_CONDITION,
                &[&[checkpoint(1), kill(1)][..], &notify(NOTIFY_ONE), &[checkpoint(2)]].concat(),
                &[&once(1), &once(2)],
                &script![at(1), gather(2), open(DOOR + 1), open(DOOR + 2), GO_ON, at(2), gather(1), GO_ON],
            ),
            // Nothing is missed, however often.
            trial(
                &A_CONDITION,
                &[&[checkpoint(1)][..], &notify([words::NOTIFY_ONE, WRAPS, 0]), &[wait_for(1)]].concat(),
                &[&once(1)],
                &script![at(1), gather(1), open(DOOR + 1), [Step::Quiet], GO_ON],
            ),
            trial(
                &A_CONDITION,
                &[wait_for(1), wait_for(2), [common::READ, words::TURN, 0]],
                &[&turns(0), &turns(1)],
                &[],
            ),
            // Killed with the lock, right after it has notified.
            trial(
                &A_CONDITION,
                &[wait_for(2), ENTER, EXIT],
                &[&[gate(DOOR + 1), ENTER, RAISE, NOTIFY_ALL, gate(1)], &waits(2)],
                &script![gather(1), open(DOOR + 1), gather(1), kill_at(1), gather(1), open(2)],
            ),
            trial(
                &A_CONDITION,
                &[checkpoint(1), ENTER, EXIT, ENTER, EXIT],
                &[&[ENTER, gate(1)]],
                &script![at(1), gather(1), kill_at(1), GO_ON],
            ),
        ]
    },
    judge: |trial, trace| {
        let are_inside = trial.words[2..].iter().all(|words| words.ends_with(&in_the_lock()));
        if are_inside && most_at_once(trace, is_inside) > 1 {
            let what = "two processes came back from `wait` and had the lock at the same time";
            return Err(Wrong::new(Fault::Race, what));
        }
        if trace.waited_in_vain().is_some() {
            return Err(Wrong::new(Fault::LostWakeUp, SLEEPS_ON).with_evidence(trace.in_vain()));
        }
        ended(trial, trace, Fault::LostWakeUp, SLEEPS_ON)?;
        if let Some([got, _]) = answers(trial, trace, 0, common::READ).first()
            && *got != 120
        {
            let what = format!("two processes took turns under the lock, 120 in all, and counted {got}");
            return Err(Wrong::new(Fault::Race, what));
        }
        deaths_told(trial, trace)
    },
};

/// How the calls of whoever is held inside the lock end, in words.
fn in_the_lock() -> Vec<u64> {
    EXIT.to_vec()
}

/// Whether those who got a condition's lock were told of a death, where one died with it.
fn deaths_told(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    let entered: Vec<u64> = answers(trial, trace, 0, words::ENTER).iter().map(|got| got[0]).collect();
    let waited = answers(trial, trace, 2, words::WAIT_FOR).first().map(|got| got[0]);
    let killed_inside =
        has_come(trace, 1) && trace.events.iter().any(|event| matches!(event.seen, Seen::Killed(_)));
    let right = match (killed_inside, waited) {
        (true, Some(told)) => told == 1 && entered == [0],
        (true, None) => entered == [1, 0],
        (false, _) => entered.iter().all(|&told| told == 0),
    };
    match (right, killed_inside) {
        (true, _) => Ok(()),
        (false, true) => {
            let what =
                "a process died with the lock of the condition, and not exactly the next who got it was told";
            Err(Wrong::new(Fault::WrongAnswer, what))
        }
        (false, false) => {
            let what = "somebody was told of a death, and nobody has died with the lock of the condition";
            Err(Wrong::new(Fault::WrongAnswer, what))
        }
    }
}

// --- idle, and nothing left ---------------------------------------------------------------------------------------------------------

const CLEAN: TrialRules = TrialRules {
    check: "q5.locks_clean",
    trials: |_| {
        let all = [1, 2, 1];
        let waits = |first: Op| [gate(DOOR + 2), first, gate(2)];
        let idle = script![gather(2), open(DOOR + 2), [Step::Idle], kill_at(1), gather(1), open(2)];
        let gone = script![at(1), [Step::KillCaller]];
        vec![
            trial(&A_LOCK, &[], &[&[LOCK, gate(1)], &waits(LOCK)], &idle),
            // Here it is given back: that a death is no end is for another check.
            trial(
                &permits(1),
                &[],
                &[&[ACQUIRE, gate(1)], &waits(ACQUIRE)],
                &script![gather(2), open(DOOR + 2), [Step::Idle], open(1), gather(1), open(2)],
            ),
            trial(
                &A_CONDITION,
                // Nobody is woken: whether a call comes too early is for another check.
                &[checkpoint(1), kill(1), kill(2)],
                &[&[ENTER, WAIT_FOR_ONE], &[ENTER, WAIT_FOR_ONE]],
                &script![at(1), [Step::Idle], GO_ON],
            ),
            trial(
                &all,
                &[LOCK, UNLOCK, ACQUIRE, RELEASE, ENTER, NOTIFY_ALL, EXIT, wait_for(1)],
                &[&[LOCK, UNLOCK, ACQUIRE, ENTER, EXIT], &[ACQUIRE, [common::LEAVE, 3, 0]]],
                &[],
            ),
            trial(&all, &[LOCK, ACQUIRE, ENTER, checkpoint(1)], &[], &gone),
        ]
    },
    judge: |trial, trace| {
        ended(trial, trace, Fault::Hang, "every process waits, and none can wake another")?;
        if trace.events.iter().any(|event| matches!(event.seen, Seen::Survivors(_))) {
            return nothing_after_a_kill(trace);
        }
        // Only of a permit that a dead process had may be learned by looking again.
        if trial.words[0] == permits(1) {
            trace.at_rest_but_looks(10)?
        } else {
            trace.at_rest(3)?
        }
        nothing_at_the_end(trace)
    },
};
