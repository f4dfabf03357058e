//! How a run of a thread pool is read: which tasks were at work when, and what must be so in every run.
//!
//! Knows the calls and tasks of a script, and nothing of what a check wants to see.

use super::super::words::pool::{self as words, Task};
use super::SPEECH;
use crate::experiment::{Experiment, Wrong};
use crate::fault::Fault;
use crate::script::{Call, calls};
use wire::{Entry, Run};

/// The tasks that begin, in that order: thread and number.
pub(super) fn begins(run: &Run) -> Vec<(u64, u64)> {
    let begins = run.entries.iter().filter(|entry| entry.word == words::BEGINS);
    begins.map(|entry| (entry.thread, entry.args[0])).collect()
}

/// The most tasks that were at work at once.
pub(super) fn most_at_once(run: &Run) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    for entry in &run.entries {
        match entry.word {
            words::BEGINS => now += 1,
            words::ENDS => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

/// The tasks that waited at a gate in vain.
pub(super) fn in_vain(run: &Run) -> Vec<u64> {
    let entries = run.entries.iter().filter(|entry| entry.word == words::IN_VAIN);
    entries.filter_map(|entry| entry.args.first().copied()).collect()
}

/// What goes without saying: the pool is there, no call panics, and every result is that of its task.
pub(super) fn sound(experiment: &Experiment, run: &Run) -> Result<Vec<Call>, Wrong> {
    let calls = calls(run);
    let panicking = wire::script::ops(&experiment.words[1]).iter().any(|op| match op[0] {
        words::SUBMIT => panics(Task::from_word(op[2])),
        words::DROP => op[1] == 1,
        words::MAP | words::MAP_FED => {
            panics(Task::from_word(op[2] >> 32)) || panics(Task::from_word(op[2] & 0xffff_ffff))
        }
        _ => false,
    });
    if !panicking {
        SPEECH.no_panic(run, |_| false)?;
    } else {
        SPEECH.no_broken_call(run, |_| false)?;
    }
    let mut messages = run.entries.iter().filter(|entry| entry.word == words::MESSAGE);
    for call in &calls {
        let wanted: Vec<(u64, Task)> = match call.op {
            [words::NEW, threads, 0] if threads > 0 && call.result != [0] => {
                let what = format!("`{}`", SPEECH.told(call));
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
            [words::RESULT | words::COLLECT, id, _] => vec![(id, task_of(experiment, id))],
            [words::MAP | words::MAP_FED, word, tasks] => {
                let (first, count) = words::map_of(word);
                let task = |id| Task::from_word(if id == first { tasks >> 32 } else { tasks & 0xffff_ffff });
                (first..first + count).map(|id| (id, task(id))).collect()
            }
            _ => continue,
        };
        results(call, &wanted, &mut messages)?;
    }
    Ok(calls)
}

fn panics(task: Task) -> bool {
    matches!(task, Task::Panic | Task::PanicPlain | Task::PanicNumber | Task::PanicLines)
}

/// What the task of this number was told to do.
fn task_of(experiment: &Experiment, id: u64) -> Task {
    let ops = wire::script::ops(&experiment.words[1]);
    let submitted = ops.iter().find(|op| op[0] == words::SUBMIT && op[1] == id);
    submitted.map_or(Task::Plain, |op| Task::from_word(op[2]))
}

/// Whether a call brought what its tasks gave, in their order.
fn results<'r>(
    call: &Call,
    wanted: &[(u64, Task)],
    messages: &mut impl Iterator<Item = &'r Entry>,
) -> Result<(), Wrong> {
    let told = SPEECH.told(call);
    let got = call.result.as_chunks::<2>().0;
    if got.len() != wanted.len() {
        let what = format!("`{told}`: {} results for {} inputs", got.len(), wanted.len());
        return Err(Wrong::new(Fault::WrongAnswer, what));
    }
    let right: Vec<[u64; 2]> =
        wanted.iter().map(|&(id, task)| if panics(task) { [1, 0] } else { [0, words::value(id)] }).collect();
    if got != right {
        let mut sorted = [got.to_vec(), right.clone()];
        sorted.iter_mut().for_each(|list| list.sort_unstable());
        if sorted[0] == sorted[1] {
            return Err(Wrong::new(Fault::WrongOrder, format!("`{told}`, not in the order of the inputs")));
        }
        let swallowed = got.iter().zip(&right).any(|(got, right)| right[0] == 1 && got[0] == 0);
        let fault = if swallowed { Fault::SwallowedPanic } else { Fault::WrongAnswer };
        let right = words::result(call.op, right.as_flattened());
        return Err(Wrong::new(fault, format!("`{told}`; it should be{}", right.trim_start_matches(" ->"))));
    }
    for &(id, task) in wanted.iter().filter(|(_, task)| panics(*task)) {
        let right = match task {
            Task::Panic => words::text(id),
            Task::PanicPlain => words::PLAIN_TEXT.to_owned(),
            Task::PanicLines => words::TWO_LINES.to_owned(),
            _ => "panic without a message".to_owned(),
        };
        let message = messages.next().map_or("", |entry| entry.text.as_str());
        if message != right {
            let what = format!("the message of task {id} is \"{message}\"; it should be \"{right}\"");
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
    }
    Ok(())
}

/// Every task that was submitted has run, once.
pub(super) fn all_ran(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    let submitted = wire::script::ops(&experiment.words[1]);
    let began: Vec<u64> = begins(run).into_iter().map(|(_, id)| id).collect();
    for op in submitted.iter().filter(|op| op[0] == words::SUBMIT) {
        let nested = (Task::from_word(op[2]) == Task::Nest).then_some(op[1] + 100);
        for id in [op[1]].into_iter().chain(nested) {
            match began.iter().filter(|&&other| other == id).count() {
                1 => {}
                0 => {
                    let what = format!("task {id} was submitted and never ran");
                    return Err(Wrong::new(Fault::LostTask, what).with_evidence(SPEECH.table(&calls(run))));
                }
                times => {
                    return Err(Wrong::new(Fault::WrongAnswer, format!("task {id} ran {times} times")));
                }
            }
        }
    }
    Ok(())
}
