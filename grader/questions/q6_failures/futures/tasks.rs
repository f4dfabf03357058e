//! The tasks of a run: when each began and ended, and what follows from that for all of them together.
//!
//! Knows nothing of which check asks.

use super::super::words::futures::{self as words, CANCEL, COMPLETED, DROP, NEXT, PANICS, SLEEPS, SUBMIT};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::script::{Call, SECOND, Speech, calls};
use std::time::Duration;
use wire::Run;

/// A task that was handed in.
pub(super) struct Task {
    /// The thread of the script that did so.
    pub(super) owner: u64,
    /// Its place among the tasks of that thread.
    pub(super) number: u64,
    pub(super) kind: u64,
    /// What it gives.
    pub(super) value: u64,
    submitted_ns: u64,
    submitted: usize,
    /// The places of its beginning and its end in the run.
    pub(super) began: Option<usize>,
    pub(super) ended: Option<usize>,
    pub(super) began_ns: Option<u64>,
    pub(super) ended_ns: Option<u64>,
    /// Whether its thread was the one that handed it in.
    pub(super) in_caller: bool,
}

/// All tasks, in the order in which they were handed in.
pub(super) fn tasks(run: &Run) -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    for call in calls(run) {
        let (SUBMIT, &[1, id]) = (call.op[0], &call.result[..]) else { continue };
        let place = |word: u64| {
            let is_it = |entry: &wire::Entry| entry.word == word && entry.args.first() == Some(&id);
            run.entries.iter().position(is_it)
        };
        let (began, ended) = (place(words::BEGAN), place(words::ENDED));
        let ns = |place: usize| run.entries[place].args.get(1).copied().unwrap_or_default();
        tasks.push(Task {
            owner: call.thread,
            number: tasks.iter().filter(|task| task.owner == call.thread).count() as u64,
            kind: call.op[1],
            value: call.op[2],
            submitted_ns: call.began_ns,
            submitted: call.began,
            began,
            ended,
            began_ns: began.map(ns),
            ended_ns: ended.map(ns),
            in_caller: began.is_some_and(|place| run.entries[place].args.get(2) == Some(&1)),
        });
    }
    tasks.sort_by_key(|task| task.submitted);
    tasks
}

impl Task {
    /// Whether somebody had been told before this place of the run that it is cancelled.
    pub(super) fn was_cancelled(&self, calls: &[Call], before: usize) -> bool {
        self.cancelled(calls).any(|call| call.returned < before)
    }

    fn cancelled<'c>(&self, calls: &'c [Call]) -> impl Iterator<Item = &'c Call> {
        let (owner, number) = (self.owner, self.number);
        let own = move |call: &&Call| call.op[0] == CANCEL && call.thread == owner && call.op[1] == number;
        calls.iter().filter(own).filter(|call| call.result == [1])
    }

    /// Whether it must be over for a call. That a task has ended is written down a moment before its worker can say so:
    /// only time that has passed since makes it sure.
    pub(super) fn surely_over(&self, calls: &[Call], call: &Call, timed: bool) -> bool {
        let gone = |drop: &Call| drop.op[0] == DROP && drop.returned < call.began;
        let ended = self.ended_ns.is_some_and(|ns| timed && ns < call.began_ns);
        ended || self.was_cancelled(calls, call.began) || calls.iter().any(gone)
    }

    /// Whether it may be over for a call.
    pub(super) fn possibly_over(&self, calls: &[Call], call: &Call) -> bool {
        let going = |drop: &Call| drop.op[0] == DROP && drop.began < call.returned;
        self.ended.is_some_and(|ended| ended < call.returned)
            || self.was_cancelled(calls, call.returned)
            || calls.iter().any(going)
            || calls_under_way(self, call)
    }

    /// When its future has a result, if it ever has, in nanoseconds.
    fn settled_ns(&self, calls: &[Call]) -> Option<u64> {
        let cancelled = self.cancelled(calls).map(|call| call.began_ns).next();
        let gone = || calls.iter().find(|call| call.op[0] == DROP).map(|call| call.returned_ns);
        cancelled.or(self.ended_ns).or_else(gone)
    }
}

/// No task is over before it was handed in; nothing else is known of one that nobody saw.
fn calls_under_way(task: &Task, call: &Call) -> bool {
    task.submitted > call.returned
}

/// Never more tasks at once than there are workers.
pub(super) fn at_once(tasks: &[Task], workers: usize) -> Result<(), Wrong> {
    let beginnings = tasks.iter().filter_map(|task| task.began);
    for place in beginnings {
        let under_way = |task: &&Task| {
            task.began.is_some_and(|began| began <= place) && task.ended.is_none_or(|ended| ended > place)
        };
        let count = tasks.iter().filter(under_way).count();
        if count > workers {
            let what = format!("{count} tasks ran at the same time on {workers} workers");
            return Err(Wrong::new(Fault::TooManyWorkers, what));
        }
    }
    Ok(())
}

/// The tasks begin in the order in which they were handed in; in virtual time each as soon as a worker is free.
pub(super) fn begin_in_turn(tasks: &[Task], workers: usize, timed: bool) -> Result<(), Wrong> {
    if !tasks.is_sorted_by_key(|task| task.began.map_or(usize::MAX, |began| if timed { 0 } else { began })) {
        let what = "with one worker the tasks did not run in the order in which they were handed in";
        return Err(Wrong::new(Fault::WrongOrder, what));
    }
    if !timed {
        return Ok(());
    }
    let mut free = vec![0; workers];
    for task in tasks {
        let Some(worker) = free.iter_mut().min() else { return Ok(()) };
        let due = task.submitted_ns.max(*worker);
        *worker = due + if task.kind == SLEEPS { task.value * SECOND } else { 0 };
        let Some(began) = task.began_ns else {
            return Err(Wrong::new(Fault::LostTask, format!("task {} never ran", task.number)));
        };
        if began != due {
            let [came, due] = [began, due].map(Duration::from_nanos);
            let what = format!(
                "with {workers} workers, task {} began at {came:?}, not at {due:?} when its turn had come and a worker was free",
                task.number
            );
            let fault = match () {
                () if workers == 1 || began < due.as_nanos() as u64 => Fault::WrongOrder,
                () => Fault::TooFewWorkers,
            };
            return Err(Wrong::new(fault, what));
        }
    }
    Ok(())
}

/// Whether all workers were busy with other tasks for the whole of a call.
pub(super) fn all_busy(tasks: &[Task], task: &Task, call: &Call, workers: usize) -> bool {
    let busy = |other: &&Task| {
        (other.owner, other.number) != (task.owner, task.number)
            && other.began.is_some_and(|began| began < call.began)
            && other.ended.is_none_or(|ended| ended > call.returned)
    };
    task.began.is_none_or(|began| began > call.returned) && tasks.iter().filter(busy).count() >= workers
}

/// `as_completed` gives every future once, then nothing; in virtual time in the order in which their tasks ended.
pub(super) fn in_order(speech: Speech, tasks: &[Task], calls: &[Call], timed: bool) -> Result<(), Wrong> {
    let Some(all) = calls.iter().find(|call| call.op[0] == COMPLETED) else { return Ok(()) };
    let mut left: Vec<&Task> = tasks.iter().filter(|task| task.submitted < all.began).collect();
    let since = |task: &Task| task.settled_ns(calls).map_or(u64::MAX, |ns| ns.max(all.began_ns));
    for call in calls.iter().filter(|call| call.op[0] == NEXT) {
        let wrong = |fault, what: &str| {
            let what = format!("`{}`: {what}", speech.told(call));
            Err(Wrong::new(fault, what).with_evidence(speech.table(calls)))
        };
        let Some(&number) = call.result.first() else {
            if let Some(task) = left.first() {
                return wrong(Fault::LostTask, &format!("future {} has not come yet", task.number));
            }
            continue;
        };
        let Some(place) = left.iter().position(|task| task.number == number) else {
            return wrong(Fault::WrongAnswer, "there is no such future, or it has come before");
        };
        let task = left.remove(place);
        if timed && let Some(first) = left.iter().find(|other| since(other) < since(task)) {
            return wrong(
                Fault::WrongOrder,
                &format!("the task of future {} ended before that", first.number),
            );
        }
    }
    Ok(())
}

/// Kinds from here on panic.
const _: () = assert!(PANICS > SLEEPS);
