//! Question 3: a child alone: how it ended, whether it is alive, and how it is told to end.

use super::results::{bodies, entry, exit, exits_right, is, place, returned, say, stuck_before};
use super::scenes::{calls, code, held, plain, trial};
use super::words::{self, Body, Call, Then};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Pick, Seen, Step, Trace, Trial, TrialRules};

const STUCK: &str = "a call of `Child` is stuck: every process waits, and none can wake another";

/// The children that the judge has killed, by their place, with the signal: tasks count from 1.
fn killed_by_judge(trial: &Trial) -> Vec<(u64, u64)> {
    let killed = trial.script.iter().filter_map(|step| match step {
        Step::Kill(Pick::Task(task)) => Some((task - 1, 9)),
        _ => None,
    });
    killed.collect()
}

// --- exact exits ---------------------------------------------------------------------------------

pub(super) const EXITS: TrialRules = TrialRules {
    check: "q3.exits",
    trials: |fresh| {
        let one_by_one = |ends: &[Then]| {
            let calls = (0..).zip(ends).flat_map(|(child, &then)| [plain(then), Call::Join(child)]);
            trial(&calls.collect::<Vec<_>>(), &[])
        };
        let codes =
            [0, 1, 7, 101, 127, 128, 137, 255, 256, -1, 300, i32::MIN, i32::MAX, code(fresh), code(fresh)];
        let signals = [1, 2, 3, 4, 6, 9, 10, 12, 14, 15, 31];
        let others =
            [Then::Panic, Then::PanicWithNumber, Then::Abort, Then::Exit(0), Then::Exit(code(fresh))];
        let mut trials = vec![
            one_by_one(&codes.map(Then::Return)),
            one_by_one(&signals.map(Then::Signal)),
            one_by_one(&others),
        ];
        // Somebody else has waited for it: then the system cannot say how it ended.
        trials.push(trial(&[plain(Then::Return(0)), Call::Steal(0), Call::Join(0)], &[]));
        // Five have ended before the first is joined, and they are joined in another order.
        let five: Vec<Call> = (1..=5).map(|task| held(task, code(fresh) & 0xf0 | task as i32)).collect();
        let joins = [2, 4, 0, 3, 1].map(Call::Join);
        let opens: Vec<Step> = [3, 1, 5, 2, 4].map(|task| Step::Open(Pick::Task(task))).to_vec();
        trials.push(trial(
            &[five.as_slice(), &[Call::Checkpoint(1)], &joins].concat(),
            &[&[Step::Checkpoint(1), Step::Gather(5)], opens.as_slice(), &[Step::Quiet, Step::GoOn]].concat(),
        ));
        // `join` waits, also for a child that is stopped.
        trials.push(trial(
            &[held(1, code(fresh)), Call::Join(0), Call::Checkpoint(2)],
            &[Step::Gather(1), Step::Quiet, Step::Open(Pick::Oldest)],
        ));
        trials.push(trial(
            &[held(1, code(fresh)), Call::Join(0), Call::Checkpoint(2)],
            &[
                Step::Gather(1),
                Step::Quiet,
                Step::Stop(0),
                Step::Quiet,
                Step::Continue,
                Step::Quiet,
                Step::Open(Pick::Oldest),
            ],
        ));
        // The judge kills one of two.
        for task in [1, 2] {
            trials.push(trial(
                &[held(1, code(fresh)), held(2, code(fresh)), Call::Join(0), Call::Join(1)],
                &[Step::Gather(2), Step::Kill(Pick::Task(task))],
            ));
        }
        trials
    },
    judge: |trial, trace| {
        let opened = place(trace, |seen| matches!(seen, Seen::Opened { .. }));
        let joined = place(trace, |seen| *seen == Seen::Checkpoint(2));
        if let [.., Call::Steal(_), Call::Join(_)] = calls(trial)[..] {
            let wanted = [words::OS, nix::libc::ECHILD as u64];
            return is(trace, 2, wanted, "`join` of a child that somebody else has waited for");
        }
        exits_right(trial, trace, &killed_by_judge(trial)).or_else(|wrong| {
            trace.good_end(Fault::Hang, STUCK)?;
            Err(wrong)
        })?;
        if joined.is_some_and(|joined| opened.is_none_or(|opened| joined < opened)) {
            let what = "`join` has returned, and the child had not ended";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        trace.good_end(Fault::Hang, STUCK)
    },
};

// --- alive or not --------------------------------------------------------------------------------

/// How often the tasks that are alive, or that have ended, are asked.
const OFTEN: u64 = 50;

pub(super) const ALIVE: TrialRules = TrialRules {
    check: "q3.alive",
    trials: |fresh| {
        let scene = |then: Then, between: &[Step]| {
            trial(
                &[
                    Call::Start(Body::held(1, then)),
                    Call::IsAlive(0, 1),
                    Call::Checkpoint(1),
                    Call::IsAlive(0, OFTEN),
                    Call::Checkpoint(2),
                    Call::IsAlive(0, 1),
                    Call::IsAlive(0, OFTEN),
                    Call::Join(0),
                ],
                &[&[Step::Gather(1), Step::Checkpoint(1), Step::GoOn, Step::Checkpoint(2)], between].concat(),
            )
        };
        let open = [Step::Open(Pick::Task(1)), Step::Quiet, Step::GoOn];
        let mut trials = vec![
            scene(Then::Return(code(fresh)), &open),
            scene(Then::Return(0), &open),
            scene(Then::Panic, &open),
            scene(Then::Signal(15), &open),
            scene(Then::Return(3), &[Step::Kill(Pick::Task(1)), Step::Quiet, Step::GoOn]),
        ];
        // Stopped is not ended.
        trials.push(trial(
            &[
                held(1, code(fresh)),
                Call::Checkpoint(1),
                Call::IsAlive(0, OFTEN),
                Call::Checkpoint(2),
                Call::IsAlive(0, OFTEN),
                Call::Checkpoint(3),
                Call::IsAlive(0, 1),
                Call::Join(0),
            ],
            &[
                Step::Gather(1),
                Step::Checkpoint(1),
                Step::Stop(0),
                Step::Quiet,
                Step::GoOn,
                Step::Checkpoint(2),
                Step::Continue,
                Step::Quiet,
                Step::GoOn,
                Step::Checkpoint(3),
                Step::Open(Pick::Task(1)),
                Step::Quiet,
                Step::GoOn,
            ],
        ));
        // One of two has ended: each tells of itself.
        for task in [1, 2] {
            let asks = [Call::IsAlive(0, 2), Call::IsAlive(1, 2), Call::IsAlive(0, 2)];
            let calls = [held(1, code(fresh)), held(2, code(fresh)), Call::Checkpoint(1)];
            let joins = [Call::Checkpoint(3), Call::Join(0), Call::Join(1)];
            trials.push(trial(
                &[calls.as_slice(), &asks, &joins].concat(),
                &[
                    Step::Gather(2),
                    Step::Checkpoint(1),
                    Step::Open(Pick::Task(task)),
                    Step::Quiet,
                    Step::GoOn,
                    Step::Checkpoint(3),
                    Step::Open(Pick::Oldest),
                    Step::Quiet,
                    Step::GoOn,
                ],
            ));
        }
        trials
    },
    judge: |trial, trace| {
        let calls = calls(trial);
        let last = calls.iter().rev().find_map(|call| match call {
            Call::Checkpoint(number) => Some(*number),
            _ => None,
        });
        if trace.arrivals().any(|(who, _)| who.rank == 0) {
            let what = "`start` runs the body in the caller and returns when it has ended";
            return Err(Wrong::new(Fault::Sequential, what));
        }
        if last.is_some_and(|last| stuck_before(trace, last)) {
            let what = "`start` or `is_alive` waits for the child instead of returning at once";
            return Err(Wrong::new(Fault::Blocks, what).with_evidence(trace.in_vain()));
        }
        trace.good_end(Fault::Blocks, "`is_alive` waits for the child instead of returning at once")?;
        for (number, call) in calls.iter().enumerate() {
            let Call::IsAlive(child, times) = *call else { continue };
            // By the time of this call the judge has let the child go, or has killed it.
            let ended = ended_before(trial, &calls[..number], child + 1);
            let wanted = if ended { [0, times] } else { [times, 0] };
            if entry(trace, words::ALIVE, number) != Some(&wanted) {
                let (is, said) = if ended { ("has ended", "true") } else { ("is alive", "false") };
                let what = format!("the child {is}, and `is_alive` says {said}");
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
        }
        exits_right(trial, trace, &killed_by_judge(trial))
            .map_err(|wrong| Wrong { headline: format!("after `is_alive`, {}", wrong.headline), ..wrong })
    },
};

/// Whether the judge's script has ended the child of this task before it lets the driver leave the
/// last checkpoint among these calls.
fn ended_before(trial: &Trial, calls: &[Call], task: u64) -> bool {
    let checkpoints = calls.iter().filter(|call| matches!(call, Call::Checkpoint(_))).count();
    let leaves = trial.script.iter().enumerate().filter(|(_, step)| **step == Step::GoOn);
    let until = leaves.map(|(place, _)| place).take(checkpoints).last().unwrap_or_default();
    let ends =
        |step: &Step| matches!(step, Step::Open(Pick::Task(of)) | Step::Kill(Pick::Task(of)) if *of == task);
    checkpoints > 0 && trial.script[..until].iter().any(ends)
}

// --- told to end ---------------------------------------------------------------------------------

pub(super) const TERMINATE: TrialRules = TrialRules {
    check: "q3.terminate",
    trials: |fresh| {
        let two = [held(1, code(fresh)), held(2, code(fresh)), Call::Checkpoint(1)];
        // A child at work, and another one that has nothing to do with it.
        let at_work = [
            two.as_slice(),
            &[
                Call::Terminate(0),
                Call::Terminate(0),
                Call::Checkpoint(2),
                Call::Join(0),
                Call::Checkpoint(3),
                Call::Join(1),
            ],
        ];
        // A child that has ended, first as a zombie, then waited for.
        let ended = [
            two.as_slice(),
            &[
                Call::Terminate(0),
                Call::Terminate(0),
                Call::IsAlive(0, 1),
                Call::Terminate(0),
                Call::Checkpoint(2),
                Call::Join(0),
                Call::Checkpoint(3),
                Call::Join(1),
            ],
        ];
        let gone = [
            two.as_slice(),
            &[
                Call::IsAlive(0, 1),
                Call::Terminate(0),
                Call::Terminate(0),
                Call::Checkpoint(2),
                Call::Join(0),
                Call::Checkpoint(3),
                Call::Join(1),
            ],
        ];
        let rest = [
            Step::Checkpoint(2),
            Step::Quiet,
            Step::Census,
            Step::GoOn,
            Step::Checkpoint(3),
            Step::Open(Pick::Task(2)),
            Step::Quiet,
            Step::GoOn,
        ];
        let after_the_end = [
            &[Step::Gather(2), Step::Checkpoint(1), Step::Open(Pick::Task(1)), Step::Quiet, Step::GoOn],
            rest.as_slice(),
        ]
        .concat();
        // A child that blocks the signal tells its own exit.
        let deaf = Body { deaf: true, ..Body::held(1, Then::Return(code(fresh))) };
        // A child that outlives the first signal gets the second one too.
        let strong = Body { deaf: true, ..Body::plain(Then::Outlive(code(fresh))) };
        let twice = [
            Call::Start(strong),
            Call::Checkpoint(1),
            Call::Terminate(0),
            Call::Checkpoint(2),
            Call::Terminate(0),
            Call::Checkpoint(3),
            Call::Join(0),
        ];
        let quietly = [1, 2, 3].map(|number| [Step::Checkpoint(number), Step::Quiet, Step::GoOn]).concat();
        // The system refuses to send the signal.
        let refused = [
            held(1, code(fresh)),
            Call::Checkpoint(1),
            Call::Faults(NO_SIGNALS),
            Call::Terminate(0),
            Call::Faults(0),
            Call::Checkpoint(2),
            Call::Join(0),
        ];
        let alive = [
            Step::Gather(1),
            Step::Checkpoint(1),
            Step::GoOn,
            Step::Checkpoint(2),
            Step::Open(Pick::Task(1)),
            Step::Quiet,
            Step::GoOn,
        ];
        vec![
            trial(
                &at_work.concat(),
                &[&[Step::Gather(2), Step::Checkpoint(1), Step::GoOn], rest.as_slice()].concat(),
            ),
            trial(&ended.concat(), &after_the_end),
            trial(&gone.concat(), &after_the_end),
            trial(
                &[
                    Call::Start(deaf),
                    Call::Checkpoint(1),
                    Call::Terminate(0),
                    Call::Checkpoint(2),
                    Call::Join(0),
                ],
                &[
                    Step::Gather(1),
                    Step::Checkpoint(1),
                    Step::GoOn,
                    Step::Checkpoint(2),
                    Step::Open(Pick::Oldest),
                    Step::Quiet,
                    Step::GoOn,
                ],
            ),
            trial(&refused, &alive),
            trial(&twice, &quietly),
        ]
    },
    judge: |trial, trace| {
        let calls = calls(trial);
        if stuck_before(trace, 2) {
            let what = "`terminate` waits for the child's end instead of returning at once";
            return Err(Wrong::new(Fault::Blocks, what).with_evidence(trace.in_vain()));
        }
        trace.good_end(Fault::Hang, STUCK)?;
        for (number, call) in calls.iter().enumerate() {
            if matches!(call, Call::Terminate(_)) {
                if calls[..number].last() == Some(&Call::Faults(NO_SIGNALS)) {
                    let wanted = [words::OS, nix::libc::EPERM as u64];
                    is(trace, number, wanted, "`terminate`, where the system refuses to send the signal,")?;
                    continue;
                }
                is(trace, number, [words::OK, 0], "`terminate`")?;
                if entry(trace, words::LOST_SIGNALS, number).is_some() {
                    let what = "`terminate` has sent a signal to a process id that was no longer the child's";
                    return Err(Wrong::new(Fault::WrongAnswer, what));
                }
            }
        }
        untouched(trace)?;
        let was_open = trial.script.contains(&Step::Open(Pick::Task(1)));
        let is_deaf = calls.iter().any(|call| matches!(call, Call::Start(body) if body.deaf));
        for (number, call) in calls.iter().enumerate() {
            let Call::Join(child) = *call else { continue };
            let Some(&then) = bodies(&calls).get(child as usize) else { continue };
            let (wanted, whose) = match (child, was_open, is_deaf) {
                (0, false, true) => (exit(then), "a child that blocked `SIGTERM`"),
                (0, false, false) => ([words::SIGNAL, 15], "a child that was told to `terminate`"),
                (0, true, _) => (exit(then), "a child that had ended before it was told to `terminate`"),
                _ => (exit(then), "a child that nobody told to end"),
            };
            let got = returned(trace, number);
            if got != Some(wanted) {
                let what = format!("`join` of {whose} gave {}, not {}", say(got), say(Some(wanted)));
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
        }
        Ok(())
    },
};

/// As in `drivers-faults`: signals are refused as forbidden.
const NO_SIGNALS: u64 = 8;

/// The second child, which nobody told to end, is still there.
fn untouched(trace: &Trace) -> Result<(), Wrong> {
    let second = trace.arrivals().find(|(_, task)| *task == 2).map(|(who, _)| who);
    let gone = |who| trace.censuses().any(|census| !census.children.contains(&who));
    if second.is_some_and(gone) {
        let what = "`terminate` has ended another child than its own";
        return Err(Wrong::new(Fault::WrongAnswer, what));
    }
    Ok(())
}
