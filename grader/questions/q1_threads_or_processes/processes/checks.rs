//! Jobs in processes: what each check wants to see, and how it reads a trace.

use super::words::processes::{self as words, Call, Job, Then};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::leftovers::{LOOK, nothing_left};
use crate::trial::{Pick, Seen, Step, Trace, Trial, TrialRules, Who};
use results::{all_right, calls, held, open, place, plain, returned, say, trial};
use std::collections::BTreeSet;

#[path = "results.rs"]
pub(super) mod results;

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[TrialRules] = &[AT_ONCE, ORDER, PANICS, DEATHS, SEPARATE, WHOLE, CLEAN];

const STUCK: &str = "`in_processes` is stuck: every process waits, and none can wake another";

/// One call, and what the judge does meanwhile.
fn run(jobs: &[Job], script: &[Step]) -> Trial {
    trial(&[Call::Run(jobs.to_vec())], script)
}

/// Every call of the trial is right.
fn each_right(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    (0..calls(trial).len()).try_for_each(|call| all_right(trial, trace, call))
}

// --- all at once, each in a child of its own ------------------------------------------------------------

/// More than a hundred. Whoever has a thread for each process has twice as many tasks, and they are allowed.
const CROWD: u64 = 110;

const AT_ONCE: TrialRules = TrialRules {
    check: "q1.processes_at_once",
    trials: |_| {
        let gathered = |count: u64| {
            let all = count as usize;
            let flow = Step::Flow { count: all, except: Vec::new(), together: all };
            run(&held(count), &[Step::Gather(all), Step::Quiet, Step::Census, flow])
        };
        let mut trials = [2, 3, 1, 9, 40].map(gathered).to_vec();
        trials.push(run(&held(CROWD), &[Step::Gather(CROWD as usize)]));
        trials
    },
    judge: |trial, trace| {
        let Some(Call::Run(jobs)) = calls(trial).into_iter().next() else { return Ok(()) };
        let who: Vec<Who> = trace.arrivals().map(|(who, _)| who).collect();
        if who.iter().any(|who| who.rank == 0) {
            let what = "a job is done by the caller itself, not by a process of its own";
            return Err(Wrong::new(Fault::Sequential, what));
        }
        if who.iter().any(|who| !who.is_child) {
            let what = "a job is done by a process that is no child of the caller";
            return Err(Wrong::new(Fault::Orphan, what));
        }
        let most = trace.most_held();
        if most < jobs.len() {
            trace.good_end(Fault::Hang, STUCK)?;
            let fault = if most <= 1 { Fault::Sequential } else { Fault::TooFewWorkers };
            let what = format!("at no time were more than {most} of {} jobs at work", jobs.len());
            return Err(Wrong::new(fault, what).with_evidence(trace.in_vain()));
        }
        let all: BTreeSet<u32> = who.iter().map(|who| who.pid).collect();
        if all.len() < jobs.len() {
            let what =
                format!("{} jobs are done by {} processes: each should have its own", jobs.len(), all.len());
            return Err(Wrong::new(Fault::TooFewWorkers, what));
        }
        trace.good_end(Fault::Hang, STUCK)
    },
};

// --- in the order of the jobs --------------------------------------------------------------------------------

const ORDER: TrialRules = TrialRules {
    check: "q1.processes_order",
    trials: |_| {
        // The last is done first.
        let ended = |order: &[u64]| {
            run(&held(order.len() as u64), &[vec![Step::Gather(order.len())], open(order)].concat())
        };
        vec![
            ended(&[3, 2, 1]),
            ended(&[2, 4, 1, 3]),
            run(&[], &[]),
            run(&plain(&[Then::Return]), &[]),
            run(&plain(&[Then::Return; 12]), &[]),
        ]
    },
    judge: |trial, trace| {
        trace.good_end(Fault::Hang, STUCK)?;
        each_right(trial, trace)
    },
};

// --- a panic is an outcome -------------------------------------------------------------------------------------

const PANICS: TrialRules = TrialRules {
    check: "q1.processes_panics",
    trials: |_| {
        let mut early = held(3);
        early[0] = Job::plain(1, Then::Panic);
        vec![
            run(&plain(&[Then::Return, Then::Panic, Then::Return]), &[]),
            run(&plain(&[Then::PanicPlain]), &[]),
            run(&plain(&[Then::PanicNumber, Then::Return]), &[]),
            run(&plain(&[Then::PanicShort(0), Then::PanicShort(1), Then::Panic]), &[]),
            run(&plain(&[Then::Panic, Then::PanicPlain, Then::PanicNumber]), &[]),
            // One has panicked before the others are done.
            run(&early, &[vec![Step::Gather(2), Step::Quiet], open(&[3, 2])].concat()),
        ]
    },
    judge: |trial, trace| {
        trace.good_end(Fault::HungOnCrash, "a job has panicked, and `in_processes` is stuck")?;
        each_right(trial, trace).map_err(unordered)
    },
};

/// In which order outcomes stand is another check's business, and so told in other words where it still matters.
fn unordered(wrong: Wrong) -> Wrong {
    match wrong.fault {
        Fault::WrongOrder => {
            Wrong { headline: format!("when a job ends badly, {}", wrong.headline), ..wrong }
        }
        _ => wrong,
    }
}

// --- a process that dies is an outcome ---------------------------------------------------------------------------

const DEATHS: TrialRules = TrialRules {
    check: "q1.processes_deaths",
    trials: |_| {
        let mut trials = vec![
            run(&plain(&[Then::Abort, Then::Return]), &[]),
            run(&plain(&[Then::Return, Then::Exit(3), Then::Exit(0), Then::Exit(101), Then::Exit(255)]), &[]),
            run(&plain(&[9, 15, 10, 1, 2].map(Then::Signal)), &[]),
            run(&plain(&[Then::Signal(9), Then::Return, Then::Abort, Then::Exit(6), Then::Return]), &[]),
        ];
        // The judge kills one of three, and then lets the others go.
        for (victim, others) in [(1, [3, 2]), (2, [1, 3]), (3, [2, 1])] {
            let kill = vec![Step::Gather(3), Step::Kill(Pick::Task(victim)), Step::Quiet];
            trials.push(run(&held(3), &[kill, open(&others)].concat()));
        }
        // Two have died while the third is at work.
        let mut third = plain(&[Then::Abort, Then::Exit(7)]);
        third.push(Job::held(3, Then::Return));
        trials.push(run(&third, &[vec![Step::Gather(1), Step::Quiet], open(&[3])].concat()));
        trials
    },
    judge: |trial, trace| {
        trace.good_end(Fault::HungOnCrash, "a process has died, and `in_processes` is stuck")?;
        each_right(trial, trace).map_err(unordered)
    },
};

// --- memory of its own ---------------------------------------------------------------------------------------------

const SEPARATE: TrialRules = TrialRules {
    check: "q1.processes_separate",
    trials: |fresh| {
        let add = Then::Add(1 + (fresh.bits() % 1000) as u32);
        let half = fresh.fresh();
        let printed = |ends: &[Then]| {
            let calls = [Call::Print(half), Call::Run(plain(ends)), Call::Flush];
            trial(&calls, &[])
        };
        vec![
            trial(&[Call::Set(fresh.fresh()), Call::Run(plain(&[add, add, add])), Call::Look], &[]),
            trial(
                &[Call::Set(fresh.fresh()), Call::Run(plain(&[add])), Call::Run(plain(&[add])), Call::Look],
                &[],
            ),
            printed(&[Then::Return, Then::Return]),
            printed(&[Then::Panic, Then::Return]),
            printed(&[Then::Exit(3), Then::Return]),
        ]
    },
    judge: |trial, trace| {
        trace.good_end(Fault::Hang, STUCK)?;
        let calls = calls(trial);
        match calls.first() {
            Some(&Call::Print(token)) => {
                let half = words::half_line(token);
                let text = |seen: &Seen| match seen {
                    Seen::Record { text, .. } => text.matches(&half).count(),
                    _ => 0,
                };
                match trace.events.iter().map(|event| text(&event.seen)).sum() {
                    0 | 1 => Ok(()),
                    times => {
                        let what = format!(
                            "what the caller had buffered was written {times} times: by a child, too"
                        );
                        Err(Wrong::new(Fault::TornOutput, what))
                    }
                }
            }
            Some(&Call::Set(set)) => {
                let looked = trace.entry(words::LOOKED).map_or(&[][..], |entry| &entry.args[1..]);
                if looked.iter().any(|&seen| seen != set) {
                    let what =
                        "a job has changed memory of the caller: it did not run in a process of its own";
                    return Err(Wrong::new(Fault::WrongAnswer, what));
                }
                for (place, call) in calls.iter().enumerate() {
                    let Call::Run(jobs) = call else { continue };
                    let Some(Then::Add(number)) = jobs.first().map(|job| job.then) else { continue };
                    let right = [words::DONE, set + u64::from(number)];
                    let told = results::outcomes(trace, place);
                    if let Some(wrong) = told.iter().find(|told| told.what != right) {
                        let what = format!(
                            "a job that adds {number} to a copy of {set} is {}; it should be Done({})",
                            wrong.say(),
                            right[1]
                        );
                        return Err(Wrong::new(Fault::WrongAnswer, what));
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    },
};

// --- whole, in whatever pieces it comes -------------------------------------------------------------------------------

/// As in `drivers-faults`.
const SHORT: u64 = 1;
const INTERRUPTED: u64 = 2;

const WHOLE: TrialRules = TrialRules {
    check: "q1.processes_whole",
    trials: |_| {
        let long = Then::PanicLong(300_000);
        let disturbed = |faults: u64, ends: &[Then]| {
            let calls = [
                Call::Faults(faults),
                Call::Run(plain(ends)),
                Call::Run(plain(ends)),
                Call::Run(plain(ends)),
                Call::Faults(0),
            ];
            trial(&calls, &[])
        };
        let several =
            [Then::Return, Then::PanicLong(9_000), Then::Abort, Then::Return, Then::Panic, Then::Exit(4)];
        vec![
            run(&plain(&[long]), &[]),
            run(&plain(&[Then::Return, long, Then::PanicLong(65_600), Then::PanicLong(4_200)]), &[]),
            disturbed(SHORT, &several),
            disturbed(INTERRUPTED, &several),
            disturbed(SHORT | INTERRUPTED, &several),
            disturbed(INTERRUPTED, &[Then::Return; 8]),
            // Half of a text is none: its process died while it told it.
            run(&plain(&[Then::Torn(300_000), Then::Return]), &[]),
            run(&plain(&[Then::Return, Then::Torn(9_000), Then::Torn(70_000)]), &[]),
            run(&plain(&[Then::TornLines(40_000), Then::Return]), &[]),
            // Who has died without a word is not waited for until the next one is done, which waits for a reader.
            run(&plain(&[Then::Return, Then::Abort, long]), &[]),
            run(&plain(&[Then::ReturnLarge, Then::Return, Then::ReturnLarge]), &[]),
        ]
    },
    judge: |trial, trace| {
        let (disturbed, hang, what) = match calls(trial).first() {
            Some(Call::Faults(SHORT)) => {
                ("when a pipe takes and gives only a part at a time, ", Fault::Hang, STUCK)
            }
            Some(Call::Faults(_)) => ("when signals interrupt calls, ", Fault::Hang, STUCK),
            _ => {
                let what =
                    "the long text of a panic fills a pipe that nobody reads, and `in_processes` is stuck";
                ("", Fault::PipeDeadlock, what)
            }
        };
        let within = |wrong: Wrong| Wrong { headline: format!("{disturbed}{}", wrong.headline), ..wrong };
        trace.good_end(hang, what).map_err(within)?;
        each_right(trial, trace).map_err(within)
    },
};

// --- nothing is left ------------------------------------------------------------------------------------------------------

/// How many descriptors are free, and how many jobs there are, where descriptors run out.
const FEW: u64 = 7;
const MANY: u64 = 20;

const CLEAN: TrialRules = TrialRules {
    check: "q1.processes_clean",
    trials: |_| {
        let look = |number| [&[Step::Checkpoint(number)], LOOK.as_slice()].concat();
        let ends = [Then::Return, Then::Panic, Then::Abort, Then::Exit(3), Then::Return];
        let mut trials = vec![
            trial(&[Call::Run(plain(&ends[..2])), Call::Checkpoint(1)], &look(1)),
            // The first and the last to end.
            trial(
                &[Call::Run(held(3)), Call::Checkpoint(1)],
                &[vec![Step::Gather(3)], open(&[3, 1, 2]), look(1)].concat(),
            ),
        ];
        // Another child of the caller ends meanwhile, and is left to the caller.
        let calls = [Call::Stranger, Call::Run(held(2)), Call::Await, Call::Checkpoint(1)];
        let script = [vec![Step::Gather(3)], open(&[words::STRANGER, 2, 1]), look(1)].concat();
        trials.push(trial(&calls, &script));
        // The same where a process is refused.
        let calls = [
            Call::Stranger,
            Call::NoFork(1),
            Call::Run(held(2)),
            Call::Fork,
            Call::Await,
            Call::Checkpoint(1),
        ];
        let refused = [Step::Checkpoint(words::AT_REFUSAL), Step::Gather(2), Step::GoOn, Step::Quiet];
        let script = [refused.to_vec(), open(&[words::STRANGER]), look(1)].concat();
        trials.push(trial(&calls, &script));
        // As many descriptors after many calls as after two.
        let call = || Call::Run(plain(&ends));
        let mut many = vec![call(), call(), Call::Checkpoint(1)];
        many.extend((0..10).map(|_| call()));
        many.push(Call::Checkpoint(2));
        trials.push(trial(&many, &[look(1), look(2)].concat()));
        // The system refuses a process, while those before it are at work.
        for after in [0, 1, 3] {
            let calls = [Call::NoFork(after), Call::Run(held(4)), Call::Fork, Call::Checkpoint(2)];
            let refused = [Step::Checkpoint(words::AT_REFUSAL), Step::Gather(after as usize), Step::GoOn];
            trials.push(trial(&calls, &[refused.to_vec(), look(2)].concat()));
        }
        // Or a descriptor.
        let calls = [Call::FewFiles(FEW), Call::Run(held(MANY)), Call::Files, Call::Checkpoint(2)];
        let all = MANY as usize;
        let flow = Step::Flow { count: all, except: Vec::new(), together: 1 };
        trials.push(trial(&calls, &[vec![Step::Gather(all), flow], look(2)].concat()));
        trials
    },
    judge: |trial, trace| {
        let all = calls(trial);
        if let Some(&Call::NoFork(after)) = all.first() {
            refused(after, trace)?;
        }
        trace.good_end(Fault::Hang, STUCK)?;
        strangers(trial, trace)?;
        nothing_left(trace, |place| ![0, words::AT_REFUSAL].contains(&place))?;
        match (all.first(), returned(trace, 1)) {
            // Whoever needs no descriptor has a right answer.
            (Some(Call::FewFiles(_)), Some([words::OK, _])) => all_right(trial, trace, 1),
            (Some(Call::FewFiles(_)), got) if got != Some([words::OS, 24]) => {
                let what = format!(
                    "when no descriptor was left, `in_processes` gave {}, not Err(Os(EMFILE))",
                    say(got)
                );
                Err(Wrong::new(Fault::WrongAnswer, what))
            }
            _ => Ok(()),
        }
    },
};

/// Another child of the caller is no job, and its end is left to the caller.
fn strangers(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    let Some(awaited) = trace.entry(words::AWAITED) else { return Ok(()) };
    if awaited.args.get(1) == Some(&0) {
        let what = "`in_processes` has waited for a child of the caller that it did not start";
        return Err(Wrong::new(Fault::WrongAnswer, what));
    }
    match calls(trial).contains(&Call::Fork) {
        true => Ok(()), // the call was to fail
        false => all_right(trial, trace, 1),
    }
}

/// A process that the system refuses is an error, and those before it are killed.
fn refused(after: u64, trace: &Trace) -> Result<(), Wrong> {
    let refuses = trace.entries.iter().any(|entry| entry.word == words::REFUSES);
    let asked = place(trace, |seen| *seen == Seen::Checkpoint(words::AT_REFUSAL));
    if !refuses || asked.is_none() {
        return Ok(());
    }
    // Only what comes after the refusal counts: before it, jobs may wait until all have been started.
    let went_on =
        (asked.unwrap_or_default()..trace.events.len()).find(|&at| trace.events[at].seen == Seen::WentOn);
    let vain = went_on.and_then(|from| {
        (from..trace.events.len()).find(|&at| matches!(trace.events[at].seen, Seen::InVain { .. }))
    });
    let back = place(trace, |seen| *seen == Seen::Checkpoint(2));
    if after > 0 && vain.is_some_and(|vain| back.is_none_or(|back| vain < back)) {
        let what = "a process could not be started, and those before it were waited for instead of killed";
        return Err(Wrong::new(Fault::Blocks, what).with_evidence(trace.in_vain()));
    }
    match returned(trace, 1) {
        Some([words::FORK, _]) | None => Ok(()),
        got => {
            let what = format!(
                "a process could not be started, and `in_processes` gave {}, not Err(Fork(..))",
                say(got)
            );
            Err(Wrong::new(Fault::WrongAnswer, what))
        }
    }
}
