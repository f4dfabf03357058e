//! Question 8: the same on threads, for comparison.
//!
//! Where a pool of threads starts and ends nobody can be held, so of its figures `map` alone has a
//! lower bound. A thread that has been told to end is there for a moment only; to tell it from one that has been waited for, there is
//! a trial in which idle threads are slow to leave.

use super::phases::{DAY_JUMPS, between, ms};
use super::results::{all_right, error, good_end, say, timings};
use super::scenes::{calls, flow, held, plain, trial};
use super::words::{self, Call, Job, Then};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Pick, Seen, Step, Trace, Trial, TrialRules};
use std::collections::BTreeSet;

pub(super) const THREADS: TrialRules = TrialRules {
    check: "q8.threads",
    trials: |fresh| {
        let scene = |faults: u64, threads: u64, jobs: [Vec<Job>; 2]| {
            let [warm_up, jobs] = jobs;
            let count = jobs.len();
            let together = count.min(usize::try_from(threads).unwrap_or(count));
            let calls = [
                Call::Faults(faults),
                Call::Checkpoint(1),
                Call::TimeThreads(threads, warm_up),
                Call::Checkpoint(2),
                Call::TimeThreads(threads, jobs),
                Call::Checkpoint(3),
            ];
            let script = [
                Step::Checkpoint(1),
                Step::GoOn,
                Step::Checkpoint(2),
                Step::GoOn,
                Step::Gather(together),
                Step::Quiet,
                Step::Dwell,
                flow(count, together),
                Step::Checkpoint(3),
                Step::Quiet,
                Step::Census,
                Step::GoOn,
            ];
            trial(&calls, &script)
        };
        let mut jobs = |count: u64| [plain(fresh, 0, 3), held(fresh, 10, count)];
        let mut trials = vec![
            scene(0, 3, jobs(8)),
            scene(0, 5, jobs(12)),
            scene(0, 5, jobs(3)),
            scene(0, 1, jobs(2)),
            scene(DAY_JUMPS, 3, jobs(6)),
        ];
        let mut panicking = plain(fresh, 0, 6);
        panicking[2].then = Then::Panic;
        for (threads, jobs) in [(3, panicking), (0, plain(fresh, 0, 2))] {
            let calls = [Call::TimeThreads(threads, jobs), Call::Checkpoint(1)];
            trials.push(trial(&calls, &[Step::Checkpoint(1), Step::Quiet, Step::Census, Step::GoOn]));
        }
        // Whoever does not wait for threads is back before them.
        let calls = [
            Call::Loiter(1),
            Call::TimeThreads(3, held(fresh, 0, 3)),
            Call::Checkpoint(1),
            Call::Loiter(0),
            Call::Checkpoint(2),
        ];
        let script = [
            Step::Gather(3),
            flow(3, 3),
            Step::Checkpoint(1),
            Step::Quiet,
            Step::Census,
            Step::GoOn,
            Step::Checkpoint(2),
            Step::GoOn,
        ];
        trials.push(trial(&calls, &script));
        // One of them panics while the others are still in work.
        let mut jobs = held(fresh, 0, 3);
        jobs[1].then = Then::Panic;
        let script = [
            Step::Gather(3),
            Step::Open(Pick::Task(1)),
            Step::Quiet,
            flow(2, 1),
            Step::Checkpoint(1),
            Step::Quiet,
            Step::Census,
            Step::GoOn,
        ];
        trials.push(trial(&[Call::TimeThreads(3, jobs), Call::Checkpoint(1)], &script));
        trials
    },
    judge: |trial, trace| {
        let all = calls(trial);
        match all.as_slice() {
            [Call::Loiter(_), ..] => {
                good_end(trial, trace)?;
                all_right(trial, trace)?;
                none_left(trace)
            }
            [Call::TimeThreads(threads, jobs), ..] => {
                fails(trial, trace, *threads, jobs)?;
                waits_for_all(trace)?;
                none_left(trace)
            }
            [Call::Faults(faults), .., Call::TimeThreads(threads, jobs), _] => {
                if *faults != 0 && trace.panicked_calls().next().is_some() {
                    let what = format!(
                        "while the time of day was set back, the measurement panicked: {}",
                        trace.last_panic()
                    );
                    return Err(Wrong::new(Fault::WrongAnswer, what));
                }
                in_threads(trace, usize::try_from(*threads).unwrap_or_default(), jobs.len())?;
                good_end(trial, trace)?;
                all_right(trial, trace)?;
                none_left(trace)?;
                figures(trial, trace, *faults != 0)
            }
            _ => Ok(()),
        }
    },
};

/// So many numbers in work at once, each on a thread of its own that is not the caller's.
fn in_threads(trace: &Trace, threads: usize, numbers: usize) -> Result<(), Wrong> {
    let mut used = BTreeSet::new();
    for event in &trace.events {
        let Seen::Arrived { who, task, thread, .. } = event.seen else { continue };
        if who.rank > 0 {
            let what = format!("the job for number {task} runs in another process, not on a thread");
            return Err(Wrong::new(Fault::StartedProcess, what));
        }
        if thread == u64::from(who.pid) {
            let what =
                format!("the caller runs the job for number {task} itself instead of a thread of the pool");
            return Err(Wrong::new(Fault::Sequential, what));
        }
        used.insert(thread);
    }
    let (most, wanted) = (trace.most_held(), threads.min(numbers));
    if most > wanted || used.len() > threads {
        let what = format!("{} threads had numbers in work; {threads} were asked for", most.max(used.len()));
        return Err(Wrong::new(Fault::TooManyWorkers, what));
    }
    if most > 0 && (most < wanted || used.len() < wanted) {
        let what = format!("only {} of {wanted} numbers were in work at once", most.min(used.len()));
        return Err(Wrong::new(Fault::TooFewWorkers, what).with_evidence(trace.in_vain()));
    }
    if most > 0 && !trace.in_vain().is_empty() {
        let what = "numbers were waiting, and a thread had nothing to do";
        return Err(Wrong::new(Fault::StaticSplit, what).with_evidence(trace.in_vain()));
    }
    Ok(())
}

/// The call comes back only when no job is in work any more.
fn waits_for_all(trace: &Trace) -> Result<(), Wrong> {
    let back = trace.events.iter().position(|event| event.seen == Seen::Checkpoint(1));
    let opened = trace.events.iter().rposition(|event| matches!(event.seen, Seen::Opened { .. }));
    if opened.is_some_and(|opened| back.is_some_and(|back| back < opened)) {
        let what = "a job panicked, and `time_threads` came back while other jobs were still in work";
        return Err(Wrong::new(Fault::LeakedThread, what));
    }
    Ok(())
}

/// Only the caller's own thread is left.
fn none_left(trace: &Trace) -> Result<(), Wrong> {
    match trace.censuses().last().map(|census| census.threads) {
        Some(threads @ 2..) => {
            let what = format!("`time_threads` has returned, and {} threads have not ended", threads - 1);
            Err(Wrong::new(Fault::LeakedThread, what))
        }
        _ => Ok(()),
    }
}

/// The ways in which there is no timing.
fn fails(trial: &Trial, trace: &Trace, threads: u64, jobs: &[Job]) -> Result<(), Wrong> {
    if let Some(job) = jobs.iter().find(|job| job.then == Then::Panic) {
        if trace.panicked_calls().any(|call| call == 0)
            && trace.last_panic().starts_with(&words::panic_text(job.id))
        {
            return Ok(());
        }
        good_end(trial, trace)?;
        let what = "a job panicked, and the caller of `time_threads` is not told by a panic";
        return Err(Wrong::new(Fault::SwallowedPanic, what));
    }
    good_end(trial, trace)?;
    let (wanted, what) = match threads {
        0 => ([words::NO_WORKERS], "for 0 threads"),
        _ => ([words::THREADS], "where the system does not give so many threads"),
    };
    match error(trace, 0) {
        Some((numbers, _)) if numbers == wanted => Ok(()),
        other => {
            let got = other.map_or("a timing".into(), |(numbers, text)| say(numbers, text));
            let what = format!("{what} the answer is {got}, not {}", say(&wanted, ""));
            Err(Wrong::new(Fault::WrongAnswer, what))
        }
    }
}

/// Figures within what the judge saw.
fn figures(trial: &Trial, trace: &Trace, day_jumps: bool) -> Result<(), Wrong> {
    let (timings, events) = (timings(trial, trace, 4)?, between(trace, 2, 3));
    let first =
        |wanted: fn(&Seen) -> bool| events.iter().find(|event| wanted(&event.seen)).map(|event| event.at_ns);
    let begin = first(|seen| *seen == Seen::WentOn);
    let first_job = first(|seen| matches!(seen, Seen::Arrived { .. }));
    let opened = events.iter().rev().find(|event| matches!(event.seen, Seen::Opened { .. }));
    let (Some(timing), Some(begin), Some(first_job), Some(opened), Some(end)) = (
        timings.first(),
        begin,
        first_job,
        opened.map(|event| event.at_ns),
        events.last().map(|event| event.at_ns),
    ) else {
        return Err(Wrong::new(Fault::WrongAnswer, "the job was not applied to any number"));
    };
    let bounds = [
        ("start", timing.start_ns, 0, first_job.saturating_sub(begin)),
        ("map", timing.map_ns, opened.saturating_sub(first_job), end.saturating_sub(begin)),
        ("stop", timing.stop_ns, 0, end.saturating_sub(opened)),
    ];
    let day = if day_jumps { "while the time of day was set back: " } else { "" };
    let evidence = bounds
        .map(|(name, ns, least, most)| format!("{name}: {}; it took {} to {}", ms(ns), ms(least), ms(most)));
    for (name, ns, least, most) in bounds {
        let what = if ns < least {
            format!("{day}`{name}` is {}, but the judge alone held the numbers for {}", ms(ns), ms(least))
        } else if ns > most {
            format!("{day}`{name}` is {}, but all that belongs to it took at most {}", ms(ns), ms(most))
        } else {
            continue;
        };
        return Err(Wrong::new(Fault::WrongAnswer, what).with_evidence(evidence.to_vec()));
    }
    let all = timing.start_ns.saturating_add(timing.map_ns).saturating_add(timing.stop_ns);
    if all > end - begin {
        let what =
            format!("{day}the phases together are {}, but the whole call took {}", ms(all), ms(end - begin));
        return Err(Wrong::new(Fault::WrongAnswer, what).with_evidence(evidence.to_vec()));
    }
    Ok(())
}
