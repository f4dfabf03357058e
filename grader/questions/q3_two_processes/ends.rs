//! Question 3: memory of its own, children that fail, numbers that are too large, and what is left.

use super::results::{
    entry, exits_right, is, lines_there, place, records, returned, say, stuck_before, written,
};
use super::scenes::{calls, code, held, lines, number, plain, square, squared, trial};
use super::words::{self, Body, Call, Out, Then};
use crate::experiment::{Numbers, Wrong};
use crate::fault::Fault;
use crate::trial::{Pick, Seen, Step, Trace, Trial, TrialRules, Who};
use std::collections::BTreeSet;

const STUCK: &str = "a call is stuck: every process waits, and none can wake another";

// --- memory of its own ---------------------------------------------------------------------------

pub(super) const SEPARATE: TrialRules = TrialRules {
    check: "q3.separate",
    trials: |fresh| {
        let change = Then::Add(i32::try_from(fresh.bits() % 100).unwrap_or_default() + 1);
        let half = fresh.fresh();
        vec![
            trial(
                &[
                    Call::Set(fresh.fresh()),
                    Call::Start(Body::held(1, change)),
                    Call::Id(0),
                    Call::Checkpoint(1),
                    Call::Look,
                    Call::IsAlive(0, 1),
                    Call::Id(0),
                    Call::Join(0),
                    Call::Look,
                ],
                &[Step::Gather(1), Step::Checkpoint(1), Step::Open(Pick::Oldest), Step::Quiet, Step::GoOn],
            ),
            trial(
                &[
                    Call::Print(half),
                    plain(Then::Return(0)),
                    Call::Join(0),
                    plain(Then::Panic),
                    Call::Join(1),
                    square(number(fresh)),
                    Call::Flush,
                ],
                &[],
            ),
        ]
    },
    judge: |trial, trace| {
        trace.good_end(Fault::Hang, STUCK)?;
        let calls = calls(trial);
        if let Some(Call::Print(token)) = calls.first() {
            let half = words::half_line(*token);
            let times: usize = written(trace).iter().map(|(_, text)| text.matches(&half).count()).sum();
            if times > 1 {
                let what = format!(
                    "what waited in the caller's buffer was written {times} times: at the end of a child, too"
                );
                return Err(Wrong::new(Fault::TornOutput, what));
            }
            return Ok(());
        }
        let Some((child, _)) = trace.arrivals().next() else {
            let what = "`start` did not run the body";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        };
        is_own_process(&calls, trace, child)?;
        let Some(Call::Set(set)) = calls.first() else { return Ok(()) };
        for number in 0..calls.len() {
            if entry(trace, words::LOOKED, number).is_some_and(|seen| seen.iter().any(|seen| seen != set)) {
                let what = "a child has changed memory of the caller";
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
        }
        Ok(())
    },
};

/// The body ran in a child of the caller, and `id` is its number.
fn is_own_process(calls: &[Call], trace: &Trace, child: Who) -> Result<(), Wrong> {
    if child.rank == 0 {
        let what = "`start` runs the body in the caller itself, not in a process of its own";
        return Err(Wrong::new(Fault::Sequential, what));
    }
    if !child.is_child {
        let what = "`start` runs the body in a process that is no child of the caller";
        return Err(Wrong::new(Fault::Orphan, what));
    }
    for number in 0..calls.len() {
        if entry(trace, words::ID, number).is_some_and(|id| id != [u64::from(child.own_pid)]) {
            let what = "`id` is not the process id of the child that runs the body";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
    }
    Ok(())
}

// --- a child fails -------------------------------------------------------------------------------

pub(super) const FAILURES: TrialRules = TrialRules {
    check: "q3.failures",
    trials: |fresh| {
        // One of the two is killed while it waits to write; the other one goes on after that.
        let mut trials: Vec<Trial> = [0, 1]
            .into_iter()
            .map(|place| {
                trial(
                    &[square(number(fresh)), Call::Checkpoint(1)],
                    &[
                        Step::Quiet,
                        Step::Census,
                        Step::KillIdle(place),
                        Step::Quiet,
                        Step::Receive(1),
                        Step::Checkpoint(1),
                        Step::GoOn,
                    ],
                )
            })
            .collect();
        // Both, by different signals. Which of them is the square shows in a second call, where the
        // other one writes its line: the same answer starts the two in the same order again.
        for first in [0, 1] {
            let both =
                [square(number(fresh)), Call::Checkpoint(1), square(number(fresh)), Call::Checkpoint(2)];
            trials.push(trial(
                &both,
                &[
                    Step::Quiet,
                    Step::Census,
                    Step::SignalIdle(first, 15),
                    Step::Quiet,
                    Step::SignalIdle(0, 9),
                    Step::Checkpoint(1),
                    Step::GoOn,
                    Step::Quiet,
                    Step::Census,
                    Step::KillIdle(0),
                    Step::Receive(1),
                    Step::Checkpoint(2),
                    Step::GoOn,
                ],
            ));
        }
        // Their writes fail.
        for out in [Out::ReadOnly, Out::ShortPipe] {
            trials.push(trial(&[Call::Square(number(fresh), out)], &[]));
        }
        trials
    },
    judge: |trial, trace| {
        if trace.censuses().any(|census| !census.others.is_empty()) {
            let what = "a process is at work that is no child of the caller, so nobody learns how it ends";
            return Err(Wrong::new(Fault::Orphan, what));
        }
        match calls(trial)[..] {
            [Call::Square(_, out)] => failed_writes(trace, out),
            [_, _] => one_failed(trial, trace),
            _ => both_failed(trace),
        }
    },
};

fn hangs(trace: &Trace) -> Result<(), Wrong> {
    trace.good_end(Fault::HungOnCrash, "after a child has failed, `square_and_cube` is stuck")
}

fn failed_writes(trace: &Trace, out: Out) -> Result<(), Wrong> {
    hangs(trace)?;
    let got = returned(trace, 0);
    if matches!(got, Some([words::FAILED_CODE, code]) if code > 0) {
        return Ok(());
    }
    let (fault, how) = match out {
        Out::ShortPipe => (Fault::TornOutput, "the system took only a part of each line"),
        _ => (Fault::WrongAnswer, "no child could write its line"),
    };
    let what = format!("{how}, and `square_and_cube` gave {}, not Err(ChildFailed(Code(..)))", say(got));
    Err(Wrong::new(fault, what))
}

fn one_failed(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    let Some(killed) = place(trace, |seen| matches!(seen, Seen::Killed(_))) else {
        hangs(trace)?;
        if trace.censuses().all(|census| census.children.is_empty()) {
            let what = "no child was there that could fail while the lines waited to be written";
            return Err(Wrong::new(Fault::Sequential, what));
        }
        return Ok(());
    };
    let two = trace.censuses().next().is_some_and(|census| census.children.len() == 2);
    let reached = place(trace, |seen| *seen == Seen::Checkpoint(1));
    let wrote = place(trace, |seen| matches!(seen, Seen::Record { who, .. } if who.rank != 0));
    if two && reached.is_some_and(|reached| wrote.is_none_or(|wrote| reached < wrote) && killed < reached) {
        let (fault, what) = match wrote {
            Some(_) => (
                Fault::Orphan,
                "one child failed, and `square_and_cube` returned while the other was at work",
            ),
            None => {
                (Fault::LostTask, "one child failed, and the other was not waited for: its line is missing")
            }
        };
        return Err(Wrong::new(fault, what));
    }
    hangs(trace)?;
    let [_, _, last] = lines(squared(trial));
    if written(trace).iter().any(|(_, text)| text.contains(last.trim_end())) {
        let what = format!("a child was killed, and yet `{}` was written", last.trim_end());
        return Err(Wrong::new(Fault::WrongAnswer, what));
    }
    is(trace, 0, [words::FAILED_SIGNAL, 9], "after a child was killed, `square_and_cube`")
}

fn both_failed(trace: &Trace) -> Result<(), Wrong> {
    let killed: Vec<Who> = trace
        .events
        .iter()
        .filter_map(|event| match event.seen {
            Seen::Killed(who) => Some(who),
            _ => None,
        })
        .collect();
    let pairs: Vec<&[Who]> = trace.censuses().map(|census| census.children.as_slice()).collect();
    // Whoever does not have two children at once has lost something else.
    let ([by_15, by_9, third], [pair @ [one, other], again @ [_, _]]) = (killed.as_slice(), pairs.as_slice())
    else {
        return hangs(trace);
    };
    hangs(trace)?;
    let line = records(trace).first().map(|(_, text)| text.to_string()).unwrap_or_default();
    let is_square = line.starts_with("Square");
    if !pair.contains(by_9) || !(is_square || line.starts_with("Cube")) {
        return Ok(());
    }
    // In the second call the one that wrote is the one that was not killed.
    let square_is_first = is_square != (again[0] == *third);
    let square = if square_is_first { one } else { other };
    let signal = if square == by_15 { 15 } else { 9 };
    let got = returned(trace, 0);
    if got == Some([words::FAILED_SIGNAL, signal]) {
        return Ok(());
    }
    let wanted = say(Some([words::FAILED_SIGNAL, signal]));
    let fault = match got {
        Some([words::FAILED_SIGNAL, 15 | 9]) => Fault::WrongOrder,
        _ => Fault::WrongAnswer,
    };
    let what = format!(
        "both children failed, and `square_and_cube` gave {}; that of the square is {wanted}",
        say(got)
    );
    Err(Wrong::new(fault, what))
}

// --- numbers that are too large ------------------------------------------------------------------

/// The largest number whose cube fits.
const LARGEST: i64 = 2_097_151;

pub(super) const OVERFLOW: TrialRules = TrialRules {
    check: "q3.overflow",
    trials: |fresh| {
        let too_large = [
            LARGEST + 1,
            -LARGEST - 2,
            3_037_000_499, // the largest whose square fits
            -3_037_000_499,
            3_037_000_500,
            -3_037_000_500,
            1 << 22, // whose cube is 0 if the high bits are dropped
            1 << 32, // the square, too
            -1 << 32,
            i64::MAX,
            i64::MIN,
            LARGEST + 1 + number(fresh).abs(),
        ];
        let fitting = [LARGEST, -LARGEST, -LARGEST - 1];
        // The lines wait until nothing moves: whoever does not let its children come to an end is seen,
        // whichever of them the kernel lets run first.
        vec![trial(&too_large.map(square), &[]), trial(&fitting.map(square), &[Step::Quiet])]
    },
    judge: |trial, trace| {
        trace.good_end(Fault::Hang, STUCK)?;
        if lines(squared(trial))[0].is_empty() {
            return refused(trial, trace);
        }
        lines_there(trial, trace)
    },
};

fn refused(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    for (place, call) in calls(trial).into_iter().enumerate() {
        let Call::Square(number, _) = call else { continue };
        is(trace, place, [words::OVERFLOW, 0], &format!("`square_and_cube({number})`"))?;
        if entry(trace, words::FORKS, place) != Some(&[0]) {
            let what = format!("`square_and_cube({number})` is an overflow, and a process was started first");
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
    }
    match records(trace).first() {
        None => Ok(()),
        Some((_, text)) => {
            let what = format!("a result does not fit, and yet `{}` was written", text.trim_end());
            Err(Wrong::new(Fault::WrongAnswer, what))
        }
    }
}

// --- nothing is left behind ----------------------------------------------------------------------

/// Look at once, and again when nothing moves any more.
const LOOK: [Step; 4] = [Step::Census, Step::Quiet, Step::Census, Step::GoOn];

pub(super) const CLEAN: TrialRules = TrialRules {
    check: "q3.clean",
    trials: |fresh| {
        let mut trials = dropped(fresh);
        trials.push(many());
        trials.push(interrupted(fresh));
        // An error: a child that fails, or that cannot be started.
        trials.push(trial(
            &[square(number(fresh)), Call::Checkpoint(2)],
            &[&[Step::Quiet, Step::KillIdle(0), Step::Receive(1), Step::Checkpoint(2)], LOOK.as_slice()]
                .concat(),
        ));
        let at_refusal =
            [&[Step::Quiet, Step::GoOn, Step::Quiet, Step::Receive(1), Step::Checkpoint(2)], LOOK.as_slice()];
        for after in [0, 1] {
            let calls = [Call::NoFork(after), square(number(fresh)), Call::Fork, Call::Checkpoint(2)];
            trials.push(trial(&calls, &at_refusal.concat()));
        }
        let calls = [Call::NoFork(0), plain(Then::Return(0)), Call::Fork, Call::Checkpoint(2)];
        trials.push(trial(&calls, &at_refusal.concat()));
        // As many descriptors after many calls as after two.
        let two = [square(number(fresh)), square(number(fresh)), Call::Checkpoint(1)];
        let more: Vec<Call> = (0..10).map(|_| square(number(fresh))).collect();
        let all = [Step::Receive(usize::MAX), Step::Checkpoint(1)];
        let again = [Step::Receive(usize::MAX), Step::Checkpoint(2)];
        trials.push(trial(
            &[two.as_slice(), &more, &[Call::Checkpoint(2)]].concat(),
            &[all.as_slice(), &LOOK, &again, &LOOK].concat(),
        ));
        trials
    },
    judge: |trial, trace| {
        let calls = calls(trial);
        let drops = calls.iter().any(|call| matches!(call, Call::Drop(_) | Call::Unwind(_)));
        if drops && stuck_before(trace, 2) {
            let what = "`drop` waits for the child instead of killing it";
            return Err(Wrong::new(Fault::Blocks, what).with_evidence(trace.in_vain()));
        }
        trace.good_end(Fault::Hang, STUCK)?;
        refused_fork(&calls, trace)?;
        nothing_left(trace)?;
        if trace.entries.iter().any(|entry| entry.word == words::SOFT_SIGNALS) {
            let what = "`drop` sends another signal than `SIGKILL`: whoever does not heed it is waited for";
            return Err(Wrong::new(Fault::Blocks, what));
        }
        if trace.entries.iter().any(|entry| entry.word == words::LOST_SIGNALS) {
            let what = "a signal was sent to a process id that was no longer the child's";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        let ended: BTreeSet<u64> = calls
            .iter()
            .filter_map(|call| match call {
                Call::Terminate(child) => Some(*child),
                _ => None,
            })
            .collect();
        if calls.contains(&Call::Faults(2)) {
            let ended: Vec<(u64, u64)> = ended.into_iter().map(|child| (child, 15)).collect();
            let within = |wrong: Wrong| Wrong {
                headline: format!("with calls that signals interrupt, {}", wrong.headline),
                ..wrong
            };
            exits_right(trial, trace, &ended).map_err(within)?;
            lines_there(trial, trace).map_err(within)?;
        }
        Ok(())
    },
};

/// A child that is dropped: at work, deaf to `SIGTERM`, stopped, ended, and known to have ended.
fn dropped(fresh: &mut Numbers) -> Vec<Trial> {
    let deaf = Body { deaf: true, ..Body::held(1, Then::Return(0)) };
    let scene = |start: Call, asks: &[Call], between: &[Step]| {
        trial(
            &[&[start, Call::Checkpoint(1)], asks, &[Call::Drop(0), Call::Checkpoint(2)]].concat(),
            &[
                &[Step::Gather(1), Step::Checkpoint(1)],
                between,
                &[Step::GoOn, Step::Checkpoint(2)],
                LOOK.as_slice(),
            ]
            .concat(),
        )
    };
    let open = [Step::Open(Pick::Oldest), Step::Quiet];
    vec![
        scene(held(1, code(fresh)), &[], &[]),
        scene(Call::Start(deaf), &[], &[]),
        scene(held(1, code(fresh)), &[], &[Step::Stop(0), Step::Quiet]),
        scene(held(1, code(fresh)), &[], &open),
        scene(held(1, code(fresh)), &[Call::IsAlive(0, 1)], &open),
    ]
}

/// Fifty children, one after the other.
fn many() -> Trial {
    let mut calls = Vec::new();
    for child in 0..50 {
        let then = if child % 3 == 0 { Then::Return(0) } else { Then::Forever };
        calls.push(plain(then));
        match child % 3 {
            0 => calls.push(Call::Join(child)),
            1 if child % 2 == 0 => calls.push(Call::Unwind(child)),
            1 => calls.push(Call::Drop(child)),
            _ => calls.extend([Call::Terminate(child), Call::Join(child)]),
        }
        if child == 2 || child == 49 {
            calls.push(Call::Checkpoint(if child == 2 { 1 } else { 2 }));
        }
    }
    let looks = [1, 2].map(|number| [&[Step::Checkpoint(number)], LOOK.as_slice()].concat());
    trial(&calls, &looks.concat())
}

/// Every third call that could wait is interrupted.
fn interrupted(fresh: &mut Numbers) -> Trial {
    let mut calls = vec![Call::Faults(2)];
    for child in 0..20 {
        let then = if child % 2 == 0 { Then::Return(code(fresh)) } else { Then::Forever };
        calls.push(plain(then));
        match child % 4 {
            1 => calls.push(Call::Drop(child)),
            3 => calls.extend([Call::Terminate(child), Call::Join(child)]),
            _ => calls.push(Call::Join(child)),
        }
    }
    calls.extend((0..10).map(|_| square(number(fresh))));
    calls.push(Call::Faults(0));
    trial(&calls, &[])
}

/// A fork that the system refuses is an error, and a child that had been started is not waited for
/// but killed.
fn refused_fork(calls: &[Call], trace: &Trace) -> Result<(), Wrong> {
    let refuses = trace.entries.iter().any(|entry| entry.word == words::REFUSES);
    let asks = calls.iter().any(|call| matches!(call, Call::NoFork(_)));
    let refused = place(trace, |seen| *seen == Seen::Checkpoint(words::AT_REFUSAL));
    let (true, true, Some(refused)) = (refuses, asks, refused) else { return Ok(()) };
    is(trace, 1, [words::FORK, 0], "when the system refused to start a process, the call")?;
    let back = place(trace, |seen| *seen == Seen::Checkpoint(2)).unwrap_or(trace.events.len());
    let wrote = |who: &Who| who.rank != 0;
    let mut between = trace.events.get(refused..back).unwrap_or_default().iter();
    if between.any(|event| matches!(&event.seen, Seen::Record { who, .. } if wrote(who))) {
        let what = "the second process could not be started, and the first was waited for instead of killed";
        return Err(Wrong::new(Fault::Blocks, what));
    }
    if records(trace).iter().any(|(_, text)| text.contains("Both processes are complete.")) {
        let what = "a process could not be started, and yet the last line was written";
        return Err(Wrong::new(Fault::WrongAnswer, what));
    }
    Ok(())
}

fn nothing_left(trace: &Trace) -> Result<(), Wrong> {
    let all: Vec<_> = trace.censuses().collect();
    // The looks come in pairs: at once, and when nothing moved any more.
    for pair in all.as_chunks::<2>().0 {
        let [at_once, later] = pair;
        if !later.zombies.is_empty() {
            let what = format!("{} children have ended and were not waited for", later.zombies.len());
            return Err(Wrong::new(Fault::Zombie, what));
        }
        let running = |census: &crate::trial::Census| census.children.len() + census.others.len();
        if running(later) > 0 {
            let what = format!("{} processes still run that were to be gone", running(later));
            return Err(Wrong::new(Fault::Orphan, what));
        }
        if running(at_once) > 0 || !at_once.zombies.is_empty() {
            let what = "the call has returned, and the child's end was not waited for";
            return Err(Wrong::new(Fault::Orphan, what));
        }
    }
    if let [first, .., last] = all.as_slice()
        && last.descriptors > first.descriptors
    {
        let more = last.descriptors - first.descriptors;
        return Err(Wrong::new(
            Fault::FdLeak,
            format!("{more} descriptors more are open after many children"),
        ));
    }
    let left = &trace.left;
    for (count, fault, what) in [
        (left.zombies, Fault::Zombie, "children that have ended and were not waited for"),
        (left.processes, Fault::Orphan, "processes still run"),
        (left.descriptors, Fault::FdLeak, "descriptors are left open"),
        (left.threads, Fault::LeakedThread, "threads are left behind"),
        (left.shared_memory, Fault::ShmLeak, "pieces of shared memory are left in `/dev/shm`"),
    ] {
        if count > 0 {
            return Err(Wrong::new(fault, format!("at the end: {count} {what}")));
        }
    }
    Ok(())
}
