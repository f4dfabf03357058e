//! Measured jobs: durations, compared with the judge's own clock.
//!
//! The judge holds a start, or a job, much longer than all the rest takes. A duration that leaves the hold out is too short on every
//! machine; one that is longer than all that the judge has seen of the call is made up.

use super::processes::results::{Told, calls, outcomes, place, returned, say, trial, wanted};
use super::words::processes::{self as words, Call, Job, START, Then};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Pick, Seen, Step, Trace, Trial, TrialRules};

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[TrialRules] = &[START_COUNTS, JOB_COUNTS, FAILED, MODEL];

const STUCK: &str = "`elapsed` is stuck: everybody waits, and nobody can wake another";

const THREADS: u64 = 0;
const PROCESSES: u64 = 1;

/// As in `drivers-faults`: the time of day loses an hour at every look.
const DAY_JUMPS: u64 = 4;

/// One call between two checkpoints, after one without any hold, so that the holds are long beside it.
fn measured(faults: u64, hold: Option<Call>, model: u64, script: &[Step]) -> Trial {
    let mut calls = vec![
        Call::Faults(faults),
        Call::Checkpoint(1),
        Call::Elapsed(model, Job::plain(9, Then::Return)),
        Call::Checkpoint(2),
    ];
    calls.extend(hold);
    calls.extend([Call::Elapsed(model, Job::held(1, Then::Return)), Call::Checkpoint(3), Call::Faults(0)]);
    let before = [Step::Checkpoint(1), Step::GoOn, Step::Checkpoint(2), Step::GoOn];
    trial(&calls, &[&before, script, &[Step::Checkpoint(3), Step::GoOn]].concat())
}

/// Where the measured call stands among the calls.
fn the_call(trial: &Trial) -> usize {
    calls(trial).iter().rposition(|call| matches!(call, Call::Elapsed(..))).unwrap_or_default()
}

/// When something was seen first, after the second checkpoint.
fn at(trace: &Trace, is_it: impl Fn(&Seen) -> bool) -> Option<u64> {
    let from = place(trace, |seen| *seen == Seen::Checkpoint(2))?;
    trace.events[from + 1..].iter().find(|event| is_it(&event.seen)).map(|event| event.at_ns)
}

/// From when a task was seen to wait until it was let go.
fn hold(trace: &Trace, wanted: u64) -> Option<u64> {
    let came = at(trace, |seen| matches!(seen, Seen::Arrived { task, .. } if *task == wanted))?;
    let went = at(trace, |seen| matches!(seen, Seen::Opened { task, .. } if *task == wanted))?;
    Some(went.saturating_sub(came))
}

/// The duration of the measured call, between what it has to cover and what there was.
fn fits(trial: &Trial, trace: &Trace, task: u64, held: &str) -> Result<(), Wrong> {
    let jumps = calls(trial).first() == Some(&Call::Faults(DAY_JUMPS));
    let day = if jumps { "while the time of day was set back: " } else { "" };
    if jumps && trace.panicked_calls().next().is_some() {
        let what = format!("{day}`elapsed` panicked: {}", trace.last_panic());
        return Err(Wrong::new(Fault::WrongAnswer, what));
    }
    trace.good_end(Fault::Hang, STUCK)?;
    let ns = match returned(trace, the_call(trial)) {
        Some([words::OK, ns]) => ns,
        got => {
            let what = format!("{day}`elapsed` gave {}, not Ok", say(got));
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
    };
    let around = at(trace, |seen| *seen == Seen::WentOn).zip(at(trace, |seen| *seen == Seen::Checkpoint(3)));
    // Whether the job runs where it should, and once, is another check's business.
    if trace.arrivals().filter(|(_, arrived)| *arrived == 1).count() > 1 {
        return Ok(());
    }
    let (Some(hold), Some((before, after))) = (hold(trace, task), around) else { return Ok(()) };
    let most = after.saturating_sub(before);
    let what = if ns < hold {
        format!("{day}`elapsed` says {}, but {held} alone was held for {}", ms(ns), ms(hold))
    } else if ns > most {
        format!("{day}`elapsed` says {}, but the whole call took at most {}", ms(ns), ms(most))
    } else {
        return Ok(());
    };
    Err(Wrong::new(Fault::WrongAnswer, what))
}

/// Nanoseconds as a text.
fn ms(ns: u64) -> String {
    format!("{}.{:03} ms", ns / 1_000_000, ns / 1_000 % 1_000)
}

// --- the start counts ------------------------------------------------------------------------------------

const START_COUNTS: TrialRules = TrialRules {
    check: "q1.measure_start",
    trials: |_| {
        // Whoever begins late seems to be right if all that comes after it takes as long as this: on a busy machine that happens, so it is
        // long, and there are two trials of each kind.
        let script = [
            Step::Gather(1),
            Step::Dwell,
            Step::Dwell,
            Step::Open(Pick::Task(START)),
            Step::Gather(1),
            Step::Open(Pick::Task(1)),
        ];
        let process = |faults| measured(faults, Some(Call::HoldStart), PROCESSES, &script);
        let thread = || measured(0, Some(Call::HoldThread), THREADS, &script);
        vec![process(0), process(DAY_JUMPS), thread(), thread()]
    },
    judge: |trial, trace| {
        let threads = calls(trial).contains(&Call::HoldThread);
        fits(
            trial,
            trace,
            START,
            if threads { "the start of the thread" } else { "the start of the process" },
        )
    },
};

// --- the job counts, and nothing else ----------------------------------------------------------------------

const JOB_COUNTS: TrialRules = TrialRules {
    check: "q1.measure_job",
    trials: |_| {
        let script = [Step::Gather(1), Step::Dwell, Step::Open(Pick::Task(1))];
        let models = [THREADS, PROCESSES];
        let mut trials: Vec<Trial> = models
            .iter()
            .flat_map(|&model| [0, DAY_JUMPS].map(|it| measured(it, None, model, &script)))
            .collect();
        let long = [Step::Gather(1), Step::DwellLong, Step::Open(Pick::Task(1))];
        trials.push(measured(0, None, THREADS, &long));
        trials
    },
    judge: |trial, trace| fits(trial, trace, 1, "the job"),
};

// --- a job that did not end well ------------------------------------------------------------------------------

const FAILED: TrialRules = TrialRules {
    check: "q1.measure_failed",
    trials: |_| {
        let calls = |model: u64, ends: &[Then]| {
            let call = |(id, &then): (u64, &Then)| Call::Elapsed(model, Job::plain(id, then));
            trial(&(1..).zip(ends).map(call).collect::<Vec<_>>(), &[])
        };
        let killed = [Step::Gather(1), Step::Kill(Pick::Task(1))];
        vec![
            calls(THREADS, &[Then::Panic, Then::PanicPlain, Then::Return, Then::PanicNumber]),
            calls(PROCESSES, &[Then::Panic, Then::PanicPlain, Then::Return, Then::PanicNumber]),
            calls(PROCESSES, &[Then::Abort, Then::Exit(0), Then::Exit(3), Then::Return, Then::Signal(9)]),
            trial(&[Call::Elapsed(PROCESSES, Job::held(1, Then::Return))], &killed),
        ]
    },
    judge: |trial, trace| {
        let calls = calls(trial);
        if let Some(place) = trace.panicked_calls().next() {
            let what = format!("call {} of `elapsed` panicked: {}", place + 1, trace.last_panic());
            return Err(Wrong::new(Fault::Panic, what));
        }
        trace.good_end(Fault::HungOnCrash, "a job has not ended well, and `elapsed` is stuck")?;
        for (place, call) in calls.iter().enumerate() {
            let Call::Elapsed(_, job) = *call else { continue };
            let (right, text) = wanted(job, trace);
            let (got, told) = (returned(trace, place), outcomes(trace, place));
            let what = match (got, right[0]) {
                (Some([words::OK, _]), words::DONE) => continue,
                (_, words::DONE) => format!("of a job that returned, `elapsed` gave {}", say(got)),
                (Some([words::FAILED, _]), _) if told.first().is_some_and(|told| told.is(right, &text)) => {
                    continue;
                }
                (Some([words::FAILED, _]), _) => {
                    let told = told.first().map_or_else(String::new, Told::say);
                    format!(
                        "of a job that did not end well, `elapsed` gave Err(Failed({told})): a wrong outcome"
                    )
                }
                _ => format!(
                    "of a job that did not end well, `elapsed` gave {}, not Err(Failed(..))",
                    say(got)
                ),
            };
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        Ok(())
    },
};

// --- once, where it belongs ---------------------------------------------------------------------------------------

const MODEL: TrialRules = TrialRules {
    check: "q1.measure_model",
    trials: |fresh| {
        let add = 1 + (fresh.bits() % 1000) as u32;
        let scene = |model: u64, set: u64| {
            let calls = [
                Call::Elapsed(model, Job::held(1, Then::Return)),
                Call::Set(set),
                Call::Elapsed(model, Job::plain(2, Then::Add(add))),
                Call::Elapsed(model, Job::plain(3, Then::Add(add))),
                Call::Look,
            ];
            trial(&calls, &[Step::Gather(1), Step::Quiet, Step::Open(Pick::Oldest)])
        };
        // The system refuses a process: a thread is no way out.
        let refused = [Call::NoFork(0), Call::Elapsed(PROCESSES, Job::plain(1, Then::Return)), Call::Fork];
        let refused = trial(&refused, &[Step::Checkpoint(words::AT_REFUSAL), Step::GoOn]);
        vec![scene(THREADS, fresh.fresh()), scene(PROCESSES, fresh.fresh()), refused]
    },
    judge: |trial, trace| {
        trace.good_end(Fault::Hang, STUCK)?;
        if calls(trial).first() == Some(&Call::NoFork(0)) {
            return refused(trace);
        }
        let [Call::Elapsed(model, _), Call::Set(set), Call::Elapsed(_, job), ..] = calls(trial)[..] else {
            return Ok(());
        };
        let threads = model == THREADS;
        let first = trace.events.iter().find_map(|event| match event.seen {
            Seen::Arrived { who, thread, .. } => Some((who, thread)),
            _ => None,
        });
        let Some((who, thread)) = first else {
            return Err(Wrong::new(Fault::LostTask, "`elapsed` has not run the job"));
        };
        let own_thread = thread != u64::from(who.pid);
        let (fault, what) = match (threads, who.rank) {
            (true, 0) if own_thread => (Fault::WrongAnswer, ""),
            (true, 0) => {
                (Fault::Sequential, "`elapsed(Threads, ..)` runs the job in the caller's own thread")
            }
            (true, _) => (Fault::WrongAnswer, "`elapsed(Threads, ..)` runs the job in another process"),
            (false, 0) => {
                (Fault::WrongAnswer, "`elapsed(Processes, ..)` runs the job in the caller's own process")
            }
            (false, _) if who.is_child => (Fault::WrongAnswer, ""),
            (false, _) => {
                (Fault::Orphan, "`elapsed(Processes, ..)` runs the job in a process that is no child")
            }
        };
        if !what.is_empty() {
            return Err(Wrong::new(fault, what));
        }
        let runs = trace.arrivals().count();
        if runs > 1 {
            let what = format!("the job was measured once, and called {runs} times");
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        // In a thread each call has changed the caller's memory once, in a process not at all.
        let Then::Add(add) = job.then else { return Ok(()) };
        let right = if threads { set + 2 * u64::from(add) } else { set };
        let seen = trace.entry(words::LOOKED).map_or(&[][..], |entry| &entry.args[1..]);
        match seen.iter().find(|&&seen| seen != right) {
            Some(seen) => {
                let what = format!(
                    "a job that adds {add} to {set} was measured twice in {}; then there is {seen}, not {right}",
                    if threads { "threads" } else { "processes" }
                );
                Err(Wrong::new(Fault::WrongAnswer, what))
            }
            None => Ok(()),
        }
    },
};

/// A process that cannot be started is an error, whatever else could run the job.
fn refused(trace: &Trace) -> Result<(), Wrong> {
    let refuses = trace.entries.iter().any(|entry| entry.word == words::REFUSES);
    match returned(trace, 1) {
        got @ Some([words::OK | words::FAILED, _]) if refuses => {
            let what =
                format!("a process could not be started, and `elapsed(Processes, ..)` gave {}", say(got));
            Err(Wrong::new(Fault::WrongAnswer, what))
        }
        _ => Ok(()),
    }
}
