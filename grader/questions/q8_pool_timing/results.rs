//! What came back, compared with what should have.

use super::scenes::calls;
use super::words::{self, Call, Job, START, STOP};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Trace, Trial, Who};
use wire::Entry;

/// A timing of the answer; durations are in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timing<'a> {
    pub(super) workers: u64,
    pub(super) start_ns: u64,
    pub(super) map_ns: u64,
    pub(super) stop_ns: u64,
    pub(super) results: &'a [u64],
}

/// How the answer's function of a call is named.
pub(super) fn name(call: &Call) -> &'static str {
    match call {
        Call::Square(_) => "square",
        Call::TimePool(..) => "time_pool",
        Call::Compare(..) => "compare",
        Call::TimeThreads(..) => "time_threads",
        Call::Table(_) => "table",
        Call::Chart(_) => "chart",
        _ => "the scene",
    }
}

/// No call has panicked, and the respondent has come to a good end.
pub(super) fn good_end(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    if let Some(number) = trace.panicked_calls().next() {
        let name = calls(trial).get(number).map_or("the scene", name);
        let what = format!("`{name}` panicked: {}", trace.last_panic());
        return Err(Wrong::new(Fault::Panic, what));
    }
    trace.came_to_end()
}

fn of(trace: &Trace, word: u64, call: usize) -> impl Iterator<Item = &Entry> {
    let is_it = move |entry: &&Entry| entry.word == word && entry.args.first() == Some(&(call as u64));
    trace.entries.iter().filter(is_it)
}

/// The error that a call returned: its numbers and its text.
pub(super) fn error(trace: &Trace, call: usize) -> Option<(&[u64], &str)> {
    of(trace, words::ERROR, call).next().map(|entry| (&entry.args[1..], entry.text.as_str()))
}

/// The text that a call returned. `None` if it is not whole.
pub(super) fn text(trace: &Trace, call: usize) -> Option<String> {
    let text: String = of(trace, words::TEXT, call).map(|entry| entry.text.as_str()).collect();
    let chars = of(trace, words::TEXT_END, call).next().and_then(|entry| entry.args.get(1).copied())?;
    (text.chars().count() as u64 == chars).then_some(text)
}

/// What `square` returned.
pub(super) fn squared(trace: &Trace, call: usize) -> Option<u64> {
    of(trace, words::SQUARE, call).next().and_then(|entry| entry.args.get(1).copied())
}

/// The timings that a call returned; `Err` if it returned an error.
pub(super) fn timings<'t>(trial: &Trial, trace: &'t Trace, call: usize) -> Result<Vec<Timing<'t>>, Wrong> {
    if let Some((numbers, text)) = error(trace, call) {
        let name = calls(trial).get(call).map_or("the scene", name);
        let what =
            format!("`{name}` returned the error {}, though nothing had gone wrong", say(numbers, text));
        return Err(Wrong::new(Fault::WrongAnswer, what));
    }
    let timing = |entry: &'t Entry| match entry.args.as_slice() {
        [_, _, workers, start_ns, map_ns, stop_ns, results @ ..] => {
            let (start_ns, map_ns, stop_ns) = (*start_ns, *map_ns, *stop_ns);
            Some(Timing { workers: *workers, start_ns, map_ns, stop_ns, results })
        }
        _ => None,
    };
    Ok(of(trace, words::TIMING, call).filter_map(timing).collect())
}

/// An error of the answer, as it looks in Rust.
pub(super) fn say(numbers: &[u64], text: &str) -> String {
    match numbers {
        [words::NO_WORKERS] => "NoWorkers".into(),
        [words::POOL, 1] => "Pool(NoWorkers)".into(),
        [words::POOL, ..] => "Pool(..)".into(),
        [words::TASK, index, words::TASK_PANICKED] => {
            format!("Task {{ index: {index}, error: Panicked {{ message: {text:?} }} }}")
        }
        [words::TASK, index, words::WORKER_DIED, signal, code] => {
            let signal = if *signal == 0 { "None".into() } else { format!("Some({signal})") };
            let code = code.checked_sub(1).map_or("None".into(), |code| format!("Some({code})"));
            format!("Task {{ index: {index}, error: WorkerDied {{ signal: {signal}, code: {code} }} }}")
        }
        [words::TASK, index, ..] => format!("Task {{ index: {index}, .. }}"),
        [words::THREADS] => "Threads(..)".into(),
        _ => "something unknown".into(),
    }
}

/// What a job returned in the pool of this place, counted from 0.
fn expected(job: &Job, place: usize, trace: &Trace) -> u64 {
    let mut addends = trace.opened().filter(|(task, _)| *task == job.id).map(|(_, addend)| addend);
    let addend = if job.held { addends.nth(place).unwrap_or_default() } else { 0 };
    job.value * job.value + addend
}

/// Every call gave one timing for each size, with the right results in the order of the inputs.
pub(super) fn all_right(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    for (number, call) in calls(trial).iter().enumerate() {
        let (sizes, jobs) = match call {
            Call::TimePool(size, jobs) | Call::TimeThreads(size, jobs) => (vec![*size], jobs),
            Call::Compare(sizes, jobs) => (sizes.clone(), jobs),
            _ => continue,
        };
        let (name, timings) = (name(call), timings(trial, trace, number)?);
        if timings.len() != sizes.len() {
            let what = format!("`{name}` gave {} timings for {} sizes", timings.len(), sizes.len());
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        let wanted: Vec<Vec<u64>> = (0..sizes.len())
            .map(|place| jobs.iter().map(|job| expected(job, place, trace)).collect())
            .collect();
        for (place, (timing, size)) in timings.iter().zip(&sizes).enumerate() {
            if timing.workers != *size {
                let what = format!("timing {place} says {} workers, not {size}", timing.workers);
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
            same(timing.results, &wanted, place, jobs)?;
        }
    }
    Ok(())
}

fn same(got: &[u64], wanted: &[Vec<u64>], place: usize, jobs: &[Job]) -> Result<(), Wrong> {
    let own = &wanted[place];
    if got == own {
        return Ok(());
    }
    let sorted = |numbers: &[u64]| {
        let mut numbers = numbers.to_vec();
        numbers.sort_unstable();
        numbers
    };
    let (fault, what) = if sorted(got) == sorted(own) {
        (Fault::WrongOrder, "the results do not stand in the order of the inputs".into())
    } else if wanted[..place].iter().any(|earlier| earlier == got) {
        (Fault::WrongAnswer, format!("timing {place} has the results of an earlier size instead of its own"))
    } else if got.len() != own.len() {
        (Fault::WrongAnswer, format!("{} numbers gave {} results", own.len(), got.len()))
    } else if jobs.iter().map(|job| job.to_number().wrapping_mul(job.to_number())).eq(got.iter().copied()) {
        (Fault::WrongAnswer, "the results are squares of the numbers, not what the job made of them".into())
    } else {
        let index = got.iter().zip(own).position(|(got, own)| got != own).unwrap_or_default();
        (Fault::WrongAnswer, format!("result {index} is not what the job returned for input {index}"))
    };
    Err(Wrong::new(fault, what))
}

/// Jobs run in children of the caller; the caller itself is met only where pools start and end.
pub(super) fn in_children(trace: &Trace) -> Result<(), Wrong> {
    for (who, task) in trace.arrivals().filter(|(_, task)| ![START, STOP].contains(task)) {
        if who.rank == 0 {
            let what = format!("the caller runs the job for number {task} itself instead of a worker");
            return Err(Wrong::new(Fault::Sequential, what));
        }
        if !who.is_child {
            let what = format!("the job for number {task} runs in a process that is no child of the caller");
            return Err(Wrong::new(Fault::Orphan, what));
        }
    }
    Ok(())
}

/// Nobody was there at the last census, which was taken after the call had returned.
pub(super) fn nobody_left(trace: &Trace) -> Result<(), Wrong> {
    let Some(census) = trace.censuses().last() else { return Ok(()) };
    let running: Vec<Who> = census.children.iter().chain(&census.others).copied().collect();
    if !running.is_empty() {
        let what = format!("the call has returned, and {} workers are still there", running.len());
        return Err(Wrong::new(Fault::Orphan, what));
    }
    if !census.zombies.is_empty() {
        let what = format!("{} workers have ended and were not waited for", census.zombies.len());
        return Err(Wrong::new(Fault::Zombie, what));
    }
    Ok(())
}

/// The same with a line that says which tasks of the story are no numbers.
pub(super) fn explained(mut wrong: Wrong) -> Wrong {
    wrong.evidence.push(format!("below, task {START} is the start of a pool and task {STOP} its end"));
    wrong
}
