//! What came of the calls of `serve`, as a trace tells it: results, refusals, who ran what, and which signals came when.
//!
//! Says what adds up, and leaves to the checks which of it they ask for.

use super::super::words::shutdown::{self as words, Job, Then};
use super::{CONT, INT, STOP, TERM};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Event, Seen, Trace, Who, Whom, signal_name};
use std::collections::{BTreeMap, BTreeSet};
use wire::Entry;

/// What came of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) what: [u64; 2],
    pub(super) about: [u64; 2],
    pub(super) text: String,
    pub(super) finished: BTreeMap<u64, u64>,
    pub(super) refused: Vec<u64>,
}

impl Told {
    /// As a student would see it.
    pub(super) fn say(&self) -> String {
        let [what, number] = self.what;
        let short: String = self.text.chars().take(40).collect();
        let dots = if self.about[0] as usize > short.len() { " .." } else { "" };
        let signed = number as u32 as i32;
        match what {
            words::OK => format!(
                "Ok with results of {} and {} refused",
                listed(self.finished.keys().copied()),
                listed(self.refused.iter().copied())
            ),
            words::FAILED => format!("Err(Returned({short:?}{dots}))"),
            words::PANICKED => format!("Err(Panicked {{ message: {short:?}{dots}, .. }})"),
            words::KILLED => format!("Err(Killed {{ signal: {signed} }})"),
            words::EXITED => format!("Err(Exited {{ code: {signed} }})"),
            _ => format!("Err(Os({:?}))", nix::Error::from_raw(signed)),
        }
    }
}

/// As in `jobs 1, 2`.
pub(super) fn listed(places: impl IntoIterator<Item = u64>) -> String {
    let names: Vec<String> = places.into_iter().map(|place| place.to_string()).collect();
    match names.as_slice() {
        [] => "no job".into(),
        [one] => format!("job {one}"),
        all => format!("jobs {}", all.join(", ")),
    }
}

pub(super) fn of_call(trace: &Trace, word: u64, call: u64) -> impl Iterator<Item = &[u64]> {
    let of = move |entry: &&Entry| entry.word == word && entry.args.first() == Some(&call);
    trace.entries.iter().filter(of).map(|entry| &entry.args[1..])
}

pub(super) fn told(trace: &Trace, call: u64) -> Option<Told> {
    let is_this = |entry: &&Entry| entry.word == words::RETURNED && entry.args.first() == Some(&call);
    let returned = trace.entries.iter().find(is_this)?;
    let &[_, what, number, length, digest] = returned.args.as_slice() else { return None };
    let finished = of_call(trace, words::FINISHED, call).filter_map(|args| args.first_chunk::<2>());
    Some(Told {
        what: [what, number],
        about: [length, digest],
        text: returned.text.clone(),
        finished: finished.map(|&[place, value]| (place, value)).collect(),
        refused: of_call(trace, words::REFUSED, call).next().map_or(Vec::new(), <[u64]>::to_vec),
    })
}

/// The places of the jobs of a call that were seen to begin, in that order.
pub(super) fn begun(events: &[Event], call: u64) -> Vec<u64> {
    let of = |event: &Event| match event.seen {
        Seen::Arrived { task, .. } if task < words::DEAF && task / 100 == call => Some(task % 100),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// What a job should have returned; nothing if its gate was never opened.
pub(super) fn value(call: u64, place: u64, job: Job, trace: &Trace) -> Option<u64> {
    let task = words::task(call, place);
    let addend = trace.opened().find(|(id, _)| *id == task).map(|(_, addend)| addend);
    let addend = if job.held { addend? } else { 0 };
    Some(match job.then {
        Then::Give(value) => value.wrapping_add(addend),
        Then::Mask => of_call(trace, words::SIGNALS, call).next()?.first().copied()?,
        _ => 0,
    })
}

/// The call has returned `Ok`, each job is in one of the two lists, and each result is that of its job.
pub(super) fn adds_up(call: u64, jobs: &[Job], trace: &Trace) -> Result<Told, Wrong> {
    let wrong = |what: String| Err(Wrong::new(Fault::WrongAnswer, what));
    let Some(got) = told(trace, call) else {
        return Err(Wrong::new(Fault::LostTask, "a call of `serve` did not return"));
    };
    if got.what[0] != words::OK {
        return wrong(format!("no job fails, and `serve` gives {}", got.say()));
    }
    let all = 0..jobs.len() as u64;
    let mut places: Vec<u64> = got.finished.keys().chain(&got.refused).copied().collect();
    places.sort_unstable();
    if let Some(lost) = all.clone().find(|place| !places.contains(place)) {
        let what = format!("job {lost} is neither among the finished ones nor among the refused");
        return Err(Wrong::new(Fault::LostTask, what));
    }
    if !places.iter().copied().eq(all) {
        return wrong(format!("of {} jobs, {} are told of", jobs.len(), listed(places)));
    }
    if !got.refused.is_sorted() {
        return wrong(format!("the refused jobs are not in their order: {}", listed(got.refused)));
    }
    for (&place, &is) in &got.finished {
        let job = jobs[place as usize];
        if job.then == Then::Mask {
            continue; // the business of another check
        }
        match value(call, place, job, trace) {
            Some(should) if should == is => {}
            Some(_) => return wrong(format!("the result of job {place} is not what that job returned")),
            None => return wrong(format!("job {place} has a result, and has never ended")),
        }
    }
    Ok(got)
}

/// Jobs run in children of the caller, each at most once.
pub(super) fn in_children(trace: &Trace) -> Result<(), Wrong> {
    let of_jobs = || trace.arrivals().filter(|(_, task)| *task < words::DEAF);
    let who: Vec<Who> = of_jobs().map(|(who, _)| who).collect();
    if who.iter().any(|who| who.rank == 0) {
        return Err(Wrong::new(Fault::Sequential, "a job is run by the caller itself, not in a child"));
    }
    if who.iter().any(|who| !who.is_child) {
        return Err(Wrong::new(Fault::Orphan, "a job is run by a process that is no child of the caller"));
    }
    let mut seen = BTreeSet::new();
    match of_jobs().find(|(_, task)| !seen.insert(*task)) {
        Some((_, task)) => Err(Wrong::new(Fault::WrongAnswer, format!("job {} begins twice", task % 100))),
        None => Ok(()),
    }
}

/// As in `SIGTERM to the process group`.
pub(super) fn name(signal: i32, whom: Whom) -> String {
    match whom {
        Whom::Caller => signal_name(signal).to_owned(),
        Whom::Group => format!("{} to the process group", signal_name(signal)),
    }
}

/// The signals that ask to stop: where in the trace, and their names.
pub(super) fn orders(trace: &Trace) -> Vec<(usize, String)> {
    let orders = trace.events.iter().enumerate().filter_map(|(place, event)| match event.seen {
        Seen::Signalled(signal @ (TERM | INT), whom) => Some((place, name(signal, whom))),
        _ => None,
    });
    orders.collect()
}

/// The respondent has come to its end; if a signal ended it, that is said.
pub(super) fn lives(trace: &Trace, hang: Fault, what: &str) -> Result<(), Wrong> {
    let last = trace.events.iter().rev().find_map(|event| match event.seen {
        Seen::Signalled(signal, whom) if ![STOP, CONT].contains(&signal) => Some(name(signal, whom)),
        _ => None,
    });
    trace.good_end(hang, what).map_err(|wrong| match (last, wrong.fault) {
        (Some(signal), Fault::EarlyExit) => Wrong {
            headline: format!("{signal} ends the whole program; `serve` should return"),
            evidence: [vec![wrong.headline], wrong.evidence].concat(),
            ..wrong
        },
        _ => wrong,
    })
}

/// At the last look after the call nobody was at work any more.
pub(super) fn nobody_works(trace: &Trace) -> Result<(), Wrong> {
    let over = trace.events.iter().position(|event| matches!(event.seen, Seen::Checkpoint(1)));
    let mut looks =
        trace.events.iter().skip(over.unwrap_or(usize::MAX)).filter_map(|event| match &event.seen {
            Seen::Census(census) => Some(census.children.len() + census.others.len()),
            _ => None,
        });
    match looks.next_back().unwrap_or_default() {
        0 => Ok(()),
        left => Err(Wrong::new(
            Fault::Orphan,
            format!("`serve` has returned, and {left} jobs are still under way"),
        )),
    }
}

/// Whether the call returned right after this event, with nobody let go meanwhile.
pub(super) fn returned_at_once(trace: &Trace, after: usize) -> bool {
    let next = trace.events[after + 1..].iter().find_map(|event| match event.seen {
        Seen::Checkpoint(_) | Seen::Returned => Some(true),
        Seen::InVain { .. } | Seen::Opened { .. } => Some(false),
        _ => None,
    });
    next.unwrap_or(true) // it has come to another end, which is told elsewhere
}
