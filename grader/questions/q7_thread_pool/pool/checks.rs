//! The thread pool: what each check wants to see. All calls are the caller's; who works on what, and when, the tasks themselves put
//! on record.

use super::words::pool::{self as words, Task};
use crate::experiment::{Experiment, Rules, World, Wrong};
use crate::fault::Fault;
use crate::script::{A_CENTURY, Call, Script, Speech, no_thread_left, nobody_slept, sleep};
use reading::{all_ran, begins, in_vain, most_at_once, sound};
use std::collections::BTreeSet;
use wire::Run;
use wire::script::Op;

#[path = "reading.rs"]
mod reading;

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

/// The same where the system refuses the thread of this number.
const fn new_refused(threads: u64, refused: u64) -> Op {
    [words::NEW, threads, refused]
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

/// Maps over `count` inputs, each of which is there when another task of the same pool is done.
const fn fed(from: u64, count: u64) -> Op {
    [words::MAP_FED, map(from, count, Task::Plain, Task::Plain)[1], 0]
}

const fn elsewhere(id: u64) -> Op {
    [words::ELSEWHERE, id, 0]
}

const fn collect(id: u64) -> Op {
    [words::COLLECT, id, 0]
}

const fn many(count: u64) -> Op {
    [words::MANY, count, 0]
}

const MANY_RAN: Op = [words::MANY_RAN, 0, 0];

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
                // The child of a task that is still at work.
                ops(&[&[new(2), submit(1, Task::NestHold), begun(101), release(1), result(1)]]),
                // So many that shares would be large.
                ops(&[&[new(2), map(1, 40, Task::HoldUntil(39), Task::Plain)]]),
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

/// More tasks that wait than two bytes can count.
const MANY: u64 = 70_000;

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
        // Whoever submits waits for nobody.
        let waiting = |count| {
            ops(&[&[
                new(1),
                submit(1, Task::Hold),
                many(count),
                submit(2, Task::Plain),
                release(1),
                result(2),
                MANY_RAN,
            ]])
        };
        wanted.extend(match world {
            World::Model => gated(world, &[waiting(6)]),
            World::Real => {
                vec![Experiment { runs: 1, ..Script::of_caller(&waiting(MANY)).experiment(world) }]
            }
        });
        // The first ends last.
        wanted.extend(gated(world, &[ops(&[&[new(3), map(1, 4, Task::HoldUntil(3), Task::Plain)]])]));
        wanted
    },
    judge: |experiment, run| {
        let calls = sound(experiment, run)?;
        let script = wire::script::ops(&experiment.words[1]);
        if let Some(asked) = calls.iter().find(|call| call.op == MANY_RAN) {
            return many_in_turn(&script, asked, run);
        }
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

/// Tasks that were submitted behind one that was held have run, all of them and in their turn.
fn many_in_turn(script: &[Op], asked: &Call, run: &Run) -> Result<(), Wrong> {
    let count = script.iter().find(|op| op[0] == words::MANY).map_or(0, |op| op[1]);
    if in_vain(run).contains(&1) {
        let what = format!("while a task was at work, `submit` waited: {count} tasks could not be handed in");
        return Err(Wrong::new(Fault::Blocks, what));
    }
    match asked.result[..] {
        [ran, 0] if ran == count => Ok(()),
        [ran, _] if ran == count => {
            let what =
                format!("one worker did not run {count} tasks in the order in which they were submitted");
            Err(Wrong::new(Fault::WrongOrder, what))
        }
        [ran, _] => {
            Err(Wrong::new(Fault::LostTask, format!("of {count} tasks that were submitted {ran} have run")))
        }
        _ => Ok(()),
    }
}

// --- no threads, no tasks ------------------------------------------------------------------------------------

const EDGES: Rules = Rules {
    check: "q7.pool_edges",
    experiments: |world, _| {
        let mut wanted = both(
            world,
            &[
                ops(&[&[new(0)]]),
                ops(&[&[new(1), map(1, 0, Task::Plain, Task::Plain), submit(1, Task::Plain), result(1)]]),
                ops(&[&[new(3), map(1, 1, Task::Plain, Task::Plain)]]),
                ops(&[&[new(1), fed(1, 3)]]),
            ],
        );
        if world == World::Model {
            let again = [new(1), submit(1, Task::Plain), result(1)];
            wanted.extend(both(
                world,
                &[ops(&[&[new_refused(1, 1)], &again]), ops(&[&[new_refused(2, 2), THREADS], &again])],
            ));
        }
        wanted
    },
    judge: |experiment, run| {
        let calls = sound(experiment, run)?;
        let refused = calls.iter().position(|call| call.op[0] == words::NEW && call.op[2] > 0);
        if let Some([call, after, ..]) = refused.map(|place| &calls[place..]) {
            refused_well(call, after)?;
        }
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

/// Where a thread is refused there is no pool, and nothing of it is left by the next call.
fn refused_well(new: &Call, after: &Call) -> Result<(), Wrong> {
    if new.result != [2] {
        let what = format!("`{}`; it should be Err(Spawn)", SPEECH.told(new));
        return Err(Wrong::new(Fault::WrongAnswer, what));
    }
    match (after.op, &after.result[..]) {
        (THREADS, &[left]) if left > 0 => {
            let what = format!("`{}`, and threads of it are still there", SPEECH.told(new));
            Err(Wrong::new(Fault::LeakedThread, what))
        }
        _ => Ok(()),
    }
}

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
        wanted.extend(both(world, &[ops(&[&[new(1), submit(1, Task::PanicLines), result(1)]])]));
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
        // The same with two that are idle.
        let idle = [new(3), submit(1, Task::Gather(2)), begun(1), DROP, THREADS];
        let busy = gated(world, &[ops(&[&busy, &[DROP, THREADS]]), ops(&[&idle])]);
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
                // Two wait, in two threads, and the second task is done first.
                ops(&[&[
                    new(2),
                    submit(1, Task::Hold),
                    submit(2, Task::Hold),
                    elsewhere(1),
                    release(2),
                    result(2),
                    release(1),
                    collect(1),
                ]]),
                ops(&[&held, &[map(2, 2, Task::Plain, Task::Plain), release(1), result(1)]]),
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
                    sleep(A_CENTURY),
                    submit(1, Task::Plain),
                    result(1),
                    sleep(3600),
                    submit(2, Task::Plain),
                    result(2),
                ]]),
                ops(&[&[new(2), submit(1, Task::Rest), result(1)]]),
                ops(&[&[new(2), map(1, 1, Task::Rest, Task::Plain)]]),
            ],
        )
    },
    judge: |experiment, run| {
        sound(experiment, run)?;
        nobody_slept(experiment, run)
    },
    minds_leftover_threads: false,
};
