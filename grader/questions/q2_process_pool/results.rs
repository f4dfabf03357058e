//! What came back, compared with what should have.

use super::scenes::calls;
use super::words::{self, Call, Job, Then};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Trace, Trial};
use std::collections::{BTreeMap, BTreeSet};
use wire::Entry;

/// The results of a call: their numbers after the call's, and their texts.
pub(super) fn results(trace: &Trace, call: usize) -> Vec<(&[u64], &str)> {
    let of = |entry: &&Entry| entry.word == words::RESULT && entry.args.first() == Some(&(call as u64));
    trace.entries.iter().filter(of).map(|entry| (&entry.args[2..], entry.text.as_str())).collect()
}

/// What a call returned besides results: 0 or an error. `None` if it never returned.
pub(super) fn returned(trace: &Trace, call: usize) -> Option<u64> {
    let entry = trace
        .entries
        .iter()
        .find(|entry| entry.word == words::RETURNED && entry.args.first() == Some(&(call as u64)));
    entry.and_then(|entry| entry.args.get(1).copied())
}

/// The numbers that the judge gave to tasks.
fn addends(trace: &Trace) -> BTreeMap<u64, u64> {
    trace.opened().collect()
}

/// What a task's result must be, in numbers.
pub(super) fn expected(job: &Job, trace: &Trace) -> Vec<u64> {
    if job.refuses {
        return vec![words::UNDECODABLE];
    }
    match job.then {
        Then::Return | Then::Deaf => {
            let addend = if job.held { addends(trace).get(&job.id).copied().unwrap_or_default() } else { 0 };
            let number = job.number.wrapping_mul(job.number).wrapping_add(addend);
            let text = words::answer_of(&words::text_of(job.id, job.text_bytes));
            vec![words::DONE, job.id, number, text.len() as u64, words::digest(text.as_bytes())]
        }
        Then::Unsayable => vec![words::UNDECODABLE],
        Then::Panic | Then::PanicLiteral | Then::PanicWithNumber => vec![words::TASK_PANICKED],
        Then::Exit(code) => vec![words::WORKER_DIED, 0, code + 1],
        Then::Abort => vec![words::WORKER_DIED, 6, 0],
        Then::Signal(signal) => vec![words::WORKER_DIED, signal, 0],
    }
}

/// A result in words.
pub(super) fn say(numbers: &[u64], text: &str) -> String {
    match numbers {
        [words::DONE, id, ..] => format!("Ok (of task {id})"),
        [words::TASK_PANICKED, ..] => format!("Panicked {{ message: {text:?} }}"),
        [words::WORKER_DIED, signal, code] => {
            let signal = if *signal == 0 { "None".into() } else { format!("Some({signal})") };
            let code = code.checked_sub(1).map_or("None".into(), |code| format!("Some({code})"));
            format!("WorkerDied {{ signal: {signal}, code: {code} }}")
        }
        [words::CLOSED, ..] => "Closed".into(),
        [words::UNDECODABLE, ..] => "Undecodable".into(),
        [words::POOL_FAILED, ..] => "PoolFailed".into(),
        _ => "something unknown".into(),
    }
}

/// The jobs of a call, if it runs any and waits for them.
pub(super) fn jobs_of(call: &Call) -> &[Job] {
    match call {
        Call::Map(_, jobs) | Call::MapChunked(_, _, jobs) => jobs,
        Call::Apply(_, job) => std::slice::from_ref(job),
        _ => &[],
    }
}

/// No task that is held was begun twice.
pub(super) fn none_twice(trace: &Trace) -> Result<(), Wrong> {
    let mut begun = BTreeSet::new();
    match trace.arrivals().find(|(_, task)| !begun.insert(*task)) {
        Some((_, task)) => Err(Wrong::new(Fault::LostTask, format!("task {task} was run twice"))),
        None => Ok(()),
    }
}

/// Every call that waits for tasks gave each of them its own right result, in whatever order.
/// `killed` are tasks whose worker the judge has killed.
pub(super) fn all_done(trial: &Trial, trace: &Trace, killed: &[u64]) -> Result<(), Wrong> {
    for (number, call) in calls(trial).iter().enumerate() {
        let jobs = jobs_of(call);
        if jobs.is_empty() {
            continue;
        }
        let mut got: Vec<(&[u64], &str)> = results(trace, number);
        if got.len() != jobs.len() {
            let what = format!("{} inputs gave {} results", jobs.len(), got.len());
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        for job in jobs {
            let wanted = match killed.contains(&job.id) {
                true => vec![words::WORKER_DIED, 9, 0],
                false => expected(job, trace),
            };
            match got.iter().position(|(numbers, _)| *numbers == wanted.as_slice()) {
                Some(place) => drop(got.remove(place)),
                None => return Err(not_as_wanted(job, &wanted, &got)),
            }
        }
    }
    Ok(())
}

/// A task whose right result is not among those that are left.
fn not_as_wanted(job: &Job, wanted: &[u64], got: &[(&[u64], &str)]) -> Wrong {
    let own = got.iter().find(|(numbers, _)| numbers.first() == Some(&words::DONE) && numbers[1] == job.id);
    let failed = got.iter().find(|(numbers, _)| numbers.first() != Some(&words::DONE));
    let what = match own.or(failed) {
        Some((numbers, _)) if numbers.first() == Some(&words::DONE) && wanted[0] == words::DONE => {
            format!("task {} has a wrong result", job.id)
        }
        Some((numbers, text)) => {
            format!("task {} came to {}, not to {}", job.id, say(numbers, text), say(wanted, ".."))
        }
        None => format!("the result of task {} is missing", job.id),
    };
    Wrong::new(Fault::WrongAnswer, what)
}

/// The result of a ticket: which task it belongs to is counted by the calls of `apply_async`.
pub(super) fn tickets_right(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    let calls = calls(trial);
    let jobs: Vec<Job> = calls
        .iter()
        .filter_map(|call| match call {
            Call::ApplyAsync(_, job) => Some(*job),
            _ => None,
        })
        .collect();
    for (number, call) in calls.iter().enumerate() {
        let (Call::Get(_, ticket) | Call::GetTimeout(_, ticket, _)) = call else { continue };
        let Some(job) = jobs.get(*ticket as usize) else { continue };
        let wanted = expected(job, trace);
        match results(trace, number).as_slice() {
            [(numbers, _)] if *numbers == wanted.as_slice() => {}
            [(numbers, text)] => {
                let (got, wanted) = (say(numbers, text), say(&wanted, ".."));
                let what = format!("the ticket of task {} gave {got}, not {wanted}", job.id);
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
            _ => {
                let back = trace.entries.iter().any(|entry| {
                    entry.word == words::TICKET_BACK && entry.args.first() == Some(&(number as u64))
                });
                if !back {
                    let what = format!("the ticket of task {} never gave a result", job.id);
                    return Err(Wrong::new(Fault::WrongAnswer, what));
                }
            }
        }
    }
    Ok(())
}
