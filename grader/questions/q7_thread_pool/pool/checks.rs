//! The thread pool: what each check wants to see, and how it reads a run. All calls are the caller's; who works on what,
//! and when, the tasks themselves put on record.

use super::words::pool::{self as words, Task};
use crate::experiment::{Experiment, Rules, World, Wrong};
use crate::fault::Fault;
use crate::script::{Call, Script, Speech, calls, no_thread_left, nobody_slept, sleep};
use std::collections::BTreeSet;
use wire::script::Op;
use wire::{Entry, Run};

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[WORKERS, DYNAMIC, ORDER, EDGES, PANICS, NESTED, ENDS, SOON, IDLE];

const SPEECH: Speech = Speech { call: words::call, result: words::result };

const DROP: Op = [words::DROP, 0, 0];
const DROP_IN_A_PANIC: Op = [words::DROP, 1, 0];
const JOIN: Op = [words::JOIN, 0, 0];
const THREADS: Op = [words::THREADS, 0, 0];
const WRITTEN: Op = [words::WRITTEN, 0, 0];

const fn new(threads: u64) -> Op {
    [words::NEW, threads, 0]
}

const fn submit(id: u64, task: Task) -> Op {
    [words::SUBMIT, id, task.word()]
}

const fn result(id: u64) -> Op {
    [words::RESULT, id, 0]
}

const fn is_done(id: u64) -> Op {
    [words::IS_DONE, id, 0]
}

const fn release(id: u64) -> Op {
    [words::RELEASE, id, 0]
}

const fn begun(id: u64) -> Op {
    [words::AWAIT, id, 0]
}

/// Maps over `count` inputs, of which the first is `first` and the others are `others`.
const fn map(from: u64, count: u64, first: Task, others: Task) -> Op {
    [words::MAP, from << 16 | count, first.word() << 32 | others.word()]
}

fn both(world: World, scripts: &[Vec<Op>]) -> Vec<Experiment> {
    scripts.iter().map(|ops| Script::of_caller(ops).experiment(world)).collect()
}

/// With gates, at which nobody waits in vain unless everybody waits.
fn gated(world: World, scripts: &[Vec<Op>]) -> Vec<Experiment> {
    scripts.iter().filter_map(|ops| Script::of_caller(ops).timed(world)).collect()
}

fn ops(parts: &[&[Op]]) -> Vec<Op> {
    parts.concat()
}

// --- reading a run ------------------------------------------------------------------------------------

/// The tasks that begin, in that order: thread and number.
fn begins(run: &Run) -> Vec<(u64, u64)> {
    let begins = run.entries.iter().filter(|entry| entry.word == words::BEGINS);
    begins.map(|entry| (entry.thread, entry.args[0])).collect()
}

/// The most tasks that were at work at once.
fn most_at_once(run: &Run) -> usize {
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
fn in_vain(run: &Run) -> Vec<u64> {
    let entries = run.entries.iter().filter(|entry| entry.word == words::IN_VAIN);
    entries.filter_map(|entry| entry.args.first().copied()).collect()
}

/// What goes without saying: the pool is there, no call panics, and every result is that of its task.
fn sound(experiment: &Experiment, run: &Run) -> Result<Vec<Call>, Wrong> {
    let calls = calls(run);
    let panicking = wire::script::ops(&experiment.words[1]).iter().any(|op| match op[0] {
        words::SUBMIT => panics(Task::from_word(op[2])),
        words::DROP => op[1] == 1,
        words::MAP => panics(Task::from_word(op[2] >> 32)) || panics(Task::from_word(op[2] & 0xffff_ffff)),
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
            [words::NEW, threads, _] if threads > 0 && call.result != [0] => {
                let what = format!("`{}`", SPEECH.told(call));
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
            [words::RESULT, id, _] => vec![(id, task_of(experiment, id))],
            [words::MAP, word, tasks] => {
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
    matches!(task, Task::Panic | Task::PanicPlain | Task::PanicNumber)
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
fn all_ran(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
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

// --- exactly so many workers ---------------------------------------------------------------------------

const WORKERS: Rules = Rules {
    check: "q7.pool_workers",
    experiments: |world, _| {
        let gather = |threads: u64, tasks: u64| {
            let all: Vec<Op> = (1..=tasks).map(|id| submit(id, Task::Gather(threads))).collect();
            let results: Vec<Op> = (1..=tasks).map(result).collect();
            ops(&[&[new(threads), THREADS], &all, &results])
        };
        let plain: Vec<Op> = (1..=6).map(|id| submit(id, Task::Plain)).collect();
        let results: Vec<Op> = (1..=6).map(result).collect();
        let mut wanted = both(world, &[ops(&[&[new(2), THREADS], &plain, &results])]);
        wanted.extend(gated(
            world,
            &[
                gather(3, 6),
                gather(5, 5),
                ops(&[&[new(3), THREADS], &[map(1, 6, Task::Gather(3), Task::Gather(3))]]),
                ops(&[&[new(1), THREADS], &plain, &results]),
            ],
        ));
        wanted
    },
    judge: |experiment, run| {
        let calls = sound(experiment, run)?;
        let threads = wire::script::ops(&experiment.words[1])[0][1];
        let threads = usize::try_from(threads).unwrap_or_default();
        let begins = begins(run);
        let workers: BTreeSet<u64> = begins.iter().map(|&(thread, _)| thread).collect();
        if experiment.timed && workers.contains(&0) {
            let what = "a task ran in the caller's own thread, not in a worker";
            return Err(Wrong::new(Fault::Sequential, what));
        }
        let most = most_at_once(run);
        if most > threads {
            let what = format!("{most} tasks were at work at once in a pool of {threads}");
            return Err(Wrong::new(Fault::TooManyWorkers, what));
        }
        if let Some(id) = in_vain(run).first() {
            let what = format!(
                "only {most} of {threads} tasks were at work at once: task {id} waited for the others in vain"
            );
            return Err(Wrong::new(Fault::TooFewWorkers, what));
        }
        let count = calls.iter().find(|call| call.op == THREADS).map_or(0, |call| call.result[0]);
        if workers.len() > threads && count > threads as u64 {
            let what = format!("a pool of {threads} has started {count} threads");
            return Err(Wrong::new(Fault::TooManyWorkers, what));
        }
        if workers.len() > threads {
            let what =
                format!("{} threads worked in a pool of {threads}: a worker is used again", workers.len());
            return Err(Wrong::new(Fault::NotReused, what));
        }
        // Only the model knows who is there.
        if experiment.timed && count < threads as u64 {
            let what = format!(
                "{count} of {threads} threads were there when `new` had returned: workers start in `new`"
            );
            return Err(Wrong::new(Fault::TooFewWorkers, what));
        }
        Ok(())
    },
    minds_leftover_threads: false,
};

// --- a free worker takes the next task -------------------------------------------------------------------

const DYNAMIC: Rules = Rules {
    check: "q7.pool_dynamic",
    experiments: |world, _| {
        let others: Vec<Op> = (2..=5).map(|id| submit(id, Task::Plain)).collect();
        let results: Vec<Op> = (2..=5).map(result).collect();
        gated(
            world,
            &[
                ops(&[&[new(2), submit(1, Task::HoldUntil(4))], &others, &[result(1)], &results]),
                ops(&[&[new(2)], &others, &[submit(1, Task::HoldUntil(4)), result(1)], &results]),
                ops(&[&[new(3), map(1, 6, Task::HoldUntil(5), Task::Plain)]]),
                ops(&[&[new(2), map(1, 5, Task::HoldUntil(4), Task::Plain)]]),
            ],
        )
    },
    judge: |experiment, run| {
        sound(experiment, run)?;
        match in_vain(run).first() {
            Some(id) => {
                let what = format!(
                    "while task {id} was at work, the other tasks did not get done: a worker that was free did not take them"
                );
                Err(Wrong::new(Fault::StaticSplit, what))
            }
            None => Ok(()),
        }
    },
    minds_leftover_threads: false,
};

// --- results in the order of the inputs, tasks in that of their coming -----------------------------------

const ORDER: Rules = Rules {
    check: "q7.pool_order",
    experiments: |world, _| {
        let in_turn: Vec<Op> = (1..=5).map(|id| submit(id, Task::Plain)).collect();
        let mut wanted = both(
            world,
            &[
                ops(&[&[new(2), map(1, 5, Task::Plain, Task::Plain), map(7, 3, Task::Plain, Task::Plain)]]),
                ops(&[&[new(1), submit(9, Task::Plain)], &in_turn, &[map(6, 2, Task::Plain, Task::Plain)]]),
            ],
        );
        // The first ends last.
        wanted.extend(gated(world, &[ops(&[&[new(3), map(1, 4, Task::HoldUntil(3), Task::Plain)]])]));
        wanted
    },
    judge: |experiment, run| {
        sound(experiment, run)?;
        let script = wire::script::ops(&experiment.words[1]);
        if script[0] == new(1) {
            let submitted = script.iter().filter(|op| op[0] == words::SUBMIT).map(|op| op[1]);
            let mapped = script.iter().filter(|op| op[0] == words::MAP).map(|op| words::map_of(op[1]));
            let wanted: Vec<u64> =
                submitted.chain(mapped.flat_map(|(first, count)| first..first + count)).collect();
            let began: Vec<u64> = begins(run).into_iter().map(|(_, id)| id).collect();
            if began != wanted {
                let what = format!(
                    "one worker ran the tasks in the order {began:?}; they were submitted as {wanted:?}"
                );
                return Err(Wrong::new(Fault::WrongOrder, what));
            }
        }
        Ok(())
    },
    minds_leftover_threads: false,
};

// --- no threads, no tasks ------------------------------------------------------------------------------------

const EDGES: Rules = Rules {
    check: "q7.pool_edges",
    experiments: |world, _| {
        both(
            world,
            &[
                ops(&[&[new(0)]]),
                ops(&[&[new(1), map(1, 0, Task::Plain, Task::Plain), submit(1, Task::Plain), result(1)]]),
                ops(&[&[new(3), map(1, 1, Task::Plain, Task::Plain)]]),
            ],
        )
    },
    judge: |experiment, run| {
        let calls = sound(experiment, run)?;
        match calls.iter().find(|call| call.op == new(0) && call.result != [1]) {
            Some(call) => {
                let what = format!("`{}`; it should be Err(NoThreads)", SPEECH.told(call));
                Err(Wrong::new(Fault::WrongAnswer, what))
            }
            None => all_ran(experiment, run),
        }
    },
    minds_leftover_threads: false,
};

// --- a panic is an error of its task ----------------------------------------------------------------------------

const PANICS: Rules = Rules {
    check: "q7.pool_panics",
    experiments: |world, _| {
        let some = [
            submit(1, Task::Panic),
            submit(2, Task::Plain),
            submit(3, Task::PanicNumber),
            submit(4, Task::PanicPlain),
            submit(5, Task::Plain),
        ];
        let results = [result(1), result(2), result(3), result(4), result(5)];
        let mut wanted = both(
            world,
            &[
                ops(&[&[new(1)], &some, &results]),
                ops(&[&[new(2)], &some, &results]),
                ops(&[&[
                    new(2),
                    map(1, 4, Task::Panic, Task::Plain),
                    map(5, 3, Task::Plain, Task::PanicPlain),
                ]]),
            ],
        );
        // All workers are still there afterwards.
        let both_there = [submit(6, Task::Gather(2)), submit(7, Task::Gather(2)), result(6), result(7)];
        let two = [submit(1, Task::Panic), submit(2, Task::Panic), result(1), result(2)];
        wanted.extend(gated(world, &[ops(&[&[new(2)], &two, &both_there])]));
        wanted
    },
    judge: |experiment, run| {
        sound(experiment, run)?;
        if let Some(id) = in_vain(run).first() {
            let what = format!("after two tasks had panicked, task {id} waited for a second worker in vain");
            return Err(Wrong::new(Fault::TooFewWorkers, what));
        }
        all_ran(experiment, run)
    },
    minds_leftover_threads: false,
};

// --- a task may submit another --------------------------------------------------------------------------------------

const NESTED: Rules = Rules {
    check: "q7.pool_nested",
    experiments: |world, _| {
        let two = [submit(1, Task::Nest), submit(2, Task::Nest), begun(101), begun(102)];
        gated(
            world,
            &[
                ops(&[&[new(1), submit(1, Task::Nest), result(1), begun(101)]]),
                ops(&[&[new(2)], &two, &[result(2), result(1)]]),
                ops(&[&[new(1)], &two, &[submit(3, Task::Plain), result(3)]]),
            ],
        )
    },
    judge: |experiment, run| {
        sound(experiment, run)?;
        all_ran(experiment, run)
    },
    minds_leftover_threads: false,
};

// --- the end of a pool ------------------------------------------------------------------------------------------------

const ENDS: Rules = Rules {
    check: "q7.pool_ends",
    experiments: |world, _| {
        let some: Vec<Op> = (1..=4).map(|id| submit(id, Task::Plain)).collect();
        // The worker is busy for an hour while the pool ends, and jobs wait.
        let busy = [new(1), submit(1, Task::Gather(2)), submit(2, Task::Plain), submit(3, Task::Plain)];
        let busy = gated(world, &[ops(&[&busy, &[DROP, THREADS]])]);
        let plain = both(
            world,
            &[
                ops(&[&[new(2)], &some, &[DROP, THREADS]]),
                ops(&[&[new(2)], &some, &[DROP_IN_A_PANIC, THREADS]]),
                ops(&[&[new(2)], &some, &[JOIN, THREADS]]),
                ops(&[&[new(1)], &some, &[DROP, THREADS, result(3), result(1)]]),
                ops(&[&[new(2), DROP, THREADS, new(1), JOIN, THREADS]]),
                ops(&[&[new(2), submit(1, Task::Plain), result(1), DROP, THREADS]]),
                ops(&[&[new(2), submit(1, Task::Panic), submit(2, Task::Plain), JOIN, THREADS]]),
            ],
        );
        plain.into_iter().chain(busy).collect()
    },
    judge: |experiment, run| {
        let calls = sound(experiment, run)?;
        nobody_slept(experiment, run)?;
        for end in calls.iter().filter(|call| matches!(call.op[0], words::DROP | words::JOIN)) {
            let told = (SPEECH.call)(end.op);
            let late = run.entries[end.returned..].iter().find(|entry| entry.word == words::ENDS);
            if let Some(task) = late.and_then(|entry| entry.args.first()) {
                let what = format!("`{told}` returned before task {task} had ended");
                return Err(Wrong::new(Fault::LostTask, what));
            }
            let count = calls.iter().find(|call| call.op == THREADS && call.began > end.returned);
            if let Some(left) = count.map(|call| call.result[0]).filter(|&left| left > 0) {
                let what = format!("when `{told}` had returned, threads were still there: {left}");
                return Err(Wrong::new(Fault::LeakedThread, what));
            }
        }
        no_thread_left(run)?;
        all_ran(experiment, run)
    },
    minds_leftover_threads: true,
};

// --- a result is there as soon as its task is done -------------------------------------------------------------------------

const SOON: Rules = Rules {
    check: "q7.pool_soon",
    experiments: |world, _| {
        let held = [new(2), submit(1, Task::Hold), begun(1)];
        let mut wanted = gated(
            world,
            &[
                ops(&[&held, &[submit(2, Task::Plain), result(2), is_done(1), release(1), result(1)]]),
                ops(&[
                    &held,
                    &[
                        submit(2, Task::Plain),
                        submit(3, Task::Plain),
                        result(3),
                        is_done(2),
                        is_done(1),
                        release(1),
                        result(1),
                        result(2),
                    ],
                ]),
                ops(&[
                    &held,
                    &[
                        submit(2, Task::Panic),
                        submit(3, Task::Plain),
                        result(3),
                        is_done(2),
                        result(2),
                        release(1),
                    ],
                ]),
            ],
        );
        wanted.extend(both(
            world,
            &[
                ops(&[&[new(1), submit(4, Task::Write), result(4), WRITTEN]]),
                ops(&[&[new(1), map(4, 1, Task::Write, Task::Plain), WRITTEN]]),
            ],
        ));
        wanted
    },
    judge: |experiment, run| {
        let calls = sound(experiment, run)?;
        if in_vain(run).contains(&1) {
            let what = "the result of a task that was done came only when another task had ended";
            return Err(Wrong::new(Fault::Blocks, what).with_evidence(SPEECH.table(&calls)));
        }
        for call in &calls {
            match (call.op, call.result.as_slice()) {
                ([words::IS_DONE, 1, _], [1]) => {
                    let what = "`is_done()` said true of a task that was still at work";
                    return Err(Wrong::new(Fault::WrongAnswer, what));
                }
                ([words::IS_DONE, 2, _], [0]) => {
                    let what = "`is_done()` said false of a task that was done: the same worker had gone on to the next";
                    return Err(Wrong::new(Fault::WrongAnswer, what));
                }
                ([words::WRITTEN, ..], [written]) if *written != 4 => {
                    let what = "what a task wrote is not visible to whoever has its result";
                    return Err(Wrong::new(Fault::StaleRead, what));
                }
                _ => {}
            }
        }
        Ok(())
    },
    minds_leftover_threads: false,
};

// --- whoever waits does nothing else --------------------------------------------------------------------------------------------

const IDLE: Rules = Rules {
    check: "q7.pool_idle",
    experiments: |world, _| {
        gated(
            world,
            &[
                ops(&[&[
                    new(2),
                    sleep(3600),
                    submit(1, Task::Plain),
                    result(1),
                    sleep(3600),
                    submit(2, Task::Plain),
                    result(2),
                ]]),
                // Its task waits an hour for a second one, in vain.
                ops(&[&[new(2), submit(1, Task::Gather(2)), result(1)]]),
                ops(&[&[new(2), map(1, 1, Task::Gather(2), Task::Plain)]]),
            ],
        )
    },
    judge: |experiment, run| {
        sound(experiment, run)?;
        nobody_slept(experiment, run)
    },
    minds_leftover_threads: false,
};
