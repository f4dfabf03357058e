//! The executor and its futures: what each check wants to see, and how it reads a run.

use super::words::futures::{
    self as words, AWAIT, CANCEL, CANCELLED, COMPLETED, DROP, EXCEPTION, FORGET, FORGET_ALL, GATED, GIVES,
    GONE, IS_DONE, NEW_OF_NONE, NEW_REFUSED, NEXT, NO_TEXT, NOTHING, ON_PURPOSE, OPEN, PANICKED, PANICS,
    PANICS_MADE, PANICS_MUTE, RESULT, SLEEPS, SUBMIT, VALUE,
};
use crate::experiment::{Experiment, Rules, World, Wrong};
use crate::fault::Fault;
use crate::script::{Call, SCHEDULES, Script, Speech, calls, nobody_slept, sleep};
use std::time::Duration;
use tasks::{Task, tasks};
use wire::Run;
use wire::script::Op;

#[path = "gone.rs"]
mod gone;
#[path = "tasks.rs"]
mod tasks;

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] =
    &[WORKERS, RESULTS, PANICS_KEPT, PEEKS, CANCELS, IN_ORDER, gone::GONE_WITH_IT, IDLE];

const SPEECH: Speech = Speech { call: words::call, result: words::result };
const ALL: Op = [COMPLETED, 0, 0];
const NEXT_ONE: Op = [NEXT, 0, 0];
const OPENS: Op = [OPEN, 0, 0];
const FORGETS_ALL: Op = [FORGET_ALL, 0, 0];
const DROPS: Op = [DROP, 0, 0];
const DROPS_IN_A_PANIC: Op = [DROP, 1, 0];

const fn submit(kind: u64, number: u64) -> Op {
    [SUBMIT, kind, number]
}
const fn result(future: u64) -> Op {
    [RESULT, future, 0]
}
const fn exception(future: u64) -> Op {
    [EXCEPTION, future, 0]
}
const fn is_done(future: u64) -> Op {
    [IS_DONE, future, 0]
}
const fn cancel(future: u64) -> Op {
    [CANCEL, future, 0]
}
const fn begun(tasks: u64) -> Op {
    [AWAIT, tasks, 0]
}

/// One caller, with an executor of so many threads, where limits are exact.
fn timed(world: World, threads: u64, ops: &[Op]) -> Option<Experiment> {
    let experiment = Script::new(&[threads], &[]).before(ops).timed(world)?;
    Some(Experiment { runs: SCHEDULES / 5, ..experiment })
}

/// The same in any world: the workers make many schedules of one caller's calls.
fn free(world: World, threads: u64, ops: &[Op]) -> Experiment {
    Script::of_caller(ops).made_from(&[threads]).repeated(10).experiment(world)
}

fn wanted(world: World, exact: &[(u64, &[Op])], any: &[(u64, &[Op])]) -> Vec<Experiment> {
    let any = any.iter().map(|(threads, ops)| free(world, *threads, ops));
    exact.iter().filter_map(|(threads, ops)| timed(world, *threads, ops)).chain(any).collect()
}

fn threads_of(experiment: &Experiment) -> usize {
    experiment.words[0].first().map_or(0, |&threads| threads as usize)
}

/// What holds in every run: no panic but those that are meant, and no result that cannot be.
fn sound(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    SPEECH.no_panic_besides(run, &[ON_PURPOSE, NO_TEXT])?;
    let (tasks, calls) = (tasks(run), calls(run));
    for call in &calls {
        let Some((task, outcome)) = asked(&tasks, call) else { continue };
        if let Some((fault, what)) = cannot_be(task, outcome, call, &calls) {
            let what = format!("`{}`: {what}", SPEECH.told(call));
            return Err(Wrong::new(fault, what).with_evidence(SPEECH.table(&calls)));
        }
    }
    if experiment.timed { without_delay(&tasks, &calls) } else { Ok(()) }
}

/// The task that a call asks about, and what it says of its end.
fn asked<'a>(tasks: &'a [Task], call: &'a Call) -> Option<(&'a Task, &'a [u64])> {
    let (number, outcome) = match (call.op[0], call.result.as_slice()) {
        (RESULT | EXCEPTION, outcome) => (call.op[1], outcome),
        (NEXT, [number, outcome @ ..]) => (*number, outcome),
        _ => return None,
    };
    Some((tasks.iter().find(|task| task.owner == call.thread && task.number == number)?, outcome))
}

/// The place at which the executor had been dropped, if it ever was: what is said of a cancellation after that is no proof.
fn dropped(calls: &[Call]) -> usize {
    calls.iter().find(|call| call.op[0] == DROP).map_or(usize::MAX, |call| call.returned)
}

/// Why this outcome of a task is impossible at this moment.
fn cannot_be(task: &Task, outcome: &[u64], call: &Call, calls: &[Call]) -> Option<(Fault, String)> {
    let over = task.ended.is_some_and(|ended| ended < call.returned);
    match *outcome {
        [NOTHING] if call.op[0] == EXCEPTION => None,
        [NOTHING] => Some((Fault::WrongAnswer, "there is no result".into())),
        [VALUE, _] if task.kind >= PANICS => Some((Fault::SwallowedPanic, "the task panicked".into())),
        [VALUE, value] if value != task.value => {
            Some((Fault::WrongAnswer, format!("the task gave {}", task.value)))
        }
        [PANICKED, ..] if task.kind < PANICS => Some((Fault::WrongAnswer, "the task did not panic".into())),
        [PANICKED, ref letters @ ..] => {
            let meant: Vec<u64> = words::message(task.kind, task.value).chars().map(u64::from).collect();
            let wrong = format!("the message should be {:?}", words::message(task.kind, task.value));
            (letters != meant).then_some((Fault::WrongAnswer, wrong))
        }
        [CANCELLED] if !task.was_cancelled(calls, call.returned) => {
            Some((Fault::WrongAnswer, "nobody cancelled the task".into()))
        }
        [GONE] if task.was_cancelled(calls, call.began.min(dropped(calls))) => {
            Some((Fault::WrongAnswer, "the task was cancelled before".into()))
        }
        [GONE] if task.began.is_some() => {
            Some((Fault::LostTask, "the task had begun, and it was finished".into()))
        }
        [GONE] if !calls.iter().any(|drop| drop.op[0] == DROP && drop.began < call.returned) => {
            Some((Fault::WrongAnswer, "the executor was not dropped".into()))
        }
        [VALUE, _] if !over => Some((Fault::Race, "the task was not over".into())),
        _ => None,
    }
}

/// Whoever only looks or hands in does not wait; whoever waits goes on at the moment at which the task ends.
fn without_delay(tasks: &[Task], calls: &[Call]) -> Result<(), Wrong> {
    for call in calls {
        let told = (SPEECH.call)(call.op);
        if matches!(call.op[0], SUBMIT | EXCEPTION | IS_DONE | CANCEL | COMPLETED | FORGET)
            && !call.took().is_zero()
        {
            let what = format!("`{told}` took {:?}: it should not wait", call.took());
            return Err(Wrong::new(Fault::Blocks, what).with_evidence(SPEECH.table(calls)));
        }
        let Some((task, _)) = asked(tasks, call) else { continue };
        let Some(ended_ns) = task.ended_ns else { continue };
        let due = ended_ns.max(call.began_ns);
        if matches!(call.op[0], RESULT | NEXT) && call.returned_ns > due {
            let late = Duration::from_nanos(call.returned_ns - due);
            let what = format!("`{told}` returned {late:?} after the task had ended");
            return Err(Wrong::new(Fault::Blocks, what).with_evidence(SPEECH.table(calls)));
        }
    }
    Ok(())
}

// --- so many workers, in order --------------------------------------------------------------------

const WORKERS: Rules = Rules {
    check: "q6.futures_workers",
    experiments: |world, _| {
        // Many wait for the one worker, and the caller does not.
        let many = [&[submit(SLEEPS, 2)][..], &[submit(SLEEPS, 1); 8], &[sleep(20)]].concat();
        let exact: [(u64, &[Op]); 4] = [
            (2, &[submit(SLEEPS, 5), submit(SLEEPS, 3), submit(SLEEPS, 4), submit(SLEEPS, 1), sleep(20)]),
            (1, &[submit(SLEEPS, 2), submit(SLEEPS, 3), submit(SLEEPS, 1), sleep(10)]),
            (
                3,
                &[
                    sleep(1),
                    submit(SLEEPS, 5),
                    submit(SLEEPS, 5),
                    submit(SLEEPS, 5),
                    submit(SLEEPS, 1),
                    sleep(20),
                ],
            ),
            (1, &many),
        ];
        let any: [(u64, &[Op]); 3] = [
            (1, &[[NEW_OF_NONE, 0, 0]]),
            // Both wait at the gate: neither would let the other in.
            (2, &[submit(GATED, 7), submit(GATED, 8), begun(2), OPENS, result(1), result(0)]),
            (1, &[submit(GIVES, 7), submit(GIVES, 8), submit(GIVES, 9), result(2), result(1), result(0)]),
        ];
        let mut wanted = wanted(world, &exact, &any);
        if world == World::Model {
            wanted.push(free(world, 1, &[[NEW_REFUSED, 1, 1], [NEW_REFUSED, 2, 2]]));
        }
        wanted
    },
    judge: |experiment, run| {
        sound(experiment, run)?;
        let (tasks, calls) = (tasks(run), calls(run));
        if calls.iter().any(|call| call.op[0] == NEW_OF_NONE && call.result != [1]) {
            let what = "`Executor::new(0)` is not refused with `NoThreads`";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        for call in calls.iter().filter(|call| call.op[0] == NEW_REFUSED) {
            let told = SPEECH.told(call);
            return Err(match call.result[..] {
                [1, 0] => continue,
                [1, _] => Wrong::new(Fault::LeakedThread, format!("`{told}`, and threads of it are left")),
                _ => Wrong::new(Fault::WrongAnswer, format!("`{told}`")),
            });
        }
        if tasks.iter().any(|task| task.in_caller) {
            let what = "a task ran on the thread that handed it in";
            return Err(Wrong::new(Fault::Sequential, what));
        }
        tasks::at_once(&tasks, threads_of(experiment))?;
        if experiment.timed || threads_of(experiment) == 1 {
            tasks::begin_in_turn(&tasks, threads_of(experiment), experiment.timed)?;
        }
        Ok(())
    },
    minds_leftover_threads: false,
};

// --- result waits and brings what the task gave -----------------------------------------------------

const RESULTS: Rules = Rules {
    check: "q6.futures_result",
    experiments: |world, fresh| {
        let [a, b, c] = [fresh.fresh(), fresh.fresh(), fresh.fresh()];
        let exact: [(u64, &[Op]); 2] = [
            (2, &[submit(SLEEPS, 5), submit(SLEEPS, 3), result(0), result(1)]),
            (1, &[submit(SLEEPS, 2), submit(SLEEPS, 3), sleep(1), result(1), result(0)]),
        ];
        let any: [(u64, &[Op]); 2] = [
            (2, &[submit(GIVES, a), submit(GIVES, b), result(1), submit(GIVES, c), result(2), result(0)]),
            // Nobody wants to know: the tasks run all the same.
            (1, &[submit(GIVES, a), [FORGET, 0, 0], submit(GIVES, b), begun(2), result(1)]),
        ];
        let mut wanted = wanted(world, &exact, &any);
        // The caller may be made to wait before or after the end of its task.
        let two = Script::new(&[1], &[&[submit(GIVES, a), result(0)], &[submit(GIVES, b), result(0)]]);
        wanted.push(two.experiment(world));
        wanted
    },
    judge: sound,
    minds_leftover_threads: false,
};

// --- a panic is a result ----------------------------------------------------------------------------

const PANICS_KEPT: Rules = Rules {
    check: "q6.futures_panic",
    experiments: |world, fresh| {
        let [a, b] = [fresh.fresh(), fresh.fresh()];
        let any: [(u64, &[Op]); 4] = [
            (1, &[submit(PANICS, a), submit(GIVES, b), result(0), result(1)]),
            (
                1,
                &[
                    submit(PANICS_MADE, a),
                    submit(PANICS_MUTE, b),
                    submit(GIVES, b),
                    result(2),
                    exception(0),
                    result(1),
                    result(0),
                ],
            ),
            (2, &[submit(PANICS_MADE, a), submit(PANICS, b), ALL, NEXT_ONE, NEXT_ONE, NEXT_ONE]),
            (
                2,
                &[
                    submit(PANICS_MADE, a),
                    [FORGET, 0, 0],
                    submit(PANICS_MADE, b),
                    result(1),
                    submit(GATED, a),
                    submit(GATED, b),
                    begun(4),
                    OPENS,
                    result(2),
                    result(3),
                ],
            ),
        ];
        wanted(world, &[], &any)
    },
    judge: sound,
    minds_leftover_threads: false,
};

// --- looking never waits -------------------------------------------------------------------------------

/// What `exception` and `is_done` say is so.
fn truthful(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    sound(experiment, run)?;
    let (tasks, calls) = (tasks(run), calls(run));
    for call in calls.iter().filter(|call| matches!(call.op[0], IS_DONE | EXCEPTION)) {
        let Some(task) = tasks.iter().find(|task| task.owner == call.thread && task.number == call.op[1])
        else {
            continue;
        };
        let surely = task.surely_over(&calls, call, experiment.timed);
        let possibly = task.possibly_over(&calls, call);
        let wrong = match (call.op[0], call.result.as_slice()) {
            (IS_DONE, [0]) => surely,
            (IS_DONE, _) => !possibly,
            (_, [NOTHING]) => surely && (task.kind >= PANICS || task.began.is_none()),
            _ => !possibly,
        };
        if wrong {
            let what = match surely {
                true => format!("`{}`, though the task was over", SPEECH.told(call)),
                false => format!("`{}`, though the task was not over", SPEECH.told(call)),
            };
            return Err(Wrong::new(Fault::WrongAnswer, what).with_evidence(SPEECH.table(&calls)));
        }
    }
    Ok(())
}

const PEEKS: Rules = Rules {
    check: "q6.futures_peek",
    experiments: |world, _| {
        let look = [is_done(0), exception(0)];
        let panics: [Op; 9] = [
            submit(SLEEPS, 5),
            submit(PANICS, 3),
            is_done(1),
            exception(1),
            sleep(7),
            is_done(1),
            exception(1),
            is_done(0),
            exception(0),
        ];
        let exact: [(u64, &[Op]); 2] = [
            (
                1,
                &[
                    submit(SLEEPS, 5),
                    look[0],
                    look[1],
                    sleep(3),
                    look[0],
                    look[1],
                    sleep(3),
                    look[0],
                    look[1],
                    result(0),
                ],
            ),
            (1, &panics),
        ];
        let any: [(u64, &[Op]); 2] = [
            (
                1,
                &[
                    submit(GATED, 5),
                    submit(GIVES, 6),
                    begun(1),
                    look[0],
                    look[1],
                    is_done(1),
                    exception(1),
                    OPENS,
                    result(1),
                ],
            ),
            (
                1,
                &[
                    submit(PANICS, 5),
                    look[0],
                    look[1],
                    submit(GIVES, 6),
                    result(1),
                    look[1],
                    look[0],
                    result(0),
                ],
            ),
        ];
        wanted(world, &exact, &any)
    },
    judge: truthful,
    minds_leftover_threads: false,
};

// --- cancelled or begun, and never both -----------------------------------------------------------------

const CANCELS: Rules = Rules {
    check: "q6.futures_cancel",
    experiments: |world, _| {
        let exact: [(u64, &[Op]); 2] = [
            (
                1,
                &[
                    submit(SLEEPS, 5),
                    submit(GIVES, 2),
                    submit(GIVES, 3),
                    sleep(1),
                    cancel(0),
                    cancel(1),
                    is_done(1),
                    exception(1),
                    cancel(1),
                    sleep(9),
                    cancel(1),
                    result(1),
                    result(2),
                    cancel(0),
                    result(0),
                ],
            ),
            (
                1,
                &[
                    submit(SLEEPS, 5),
                    submit(GIVES, 2),
                    submit(GIVES, 3),
                    sleep(1),
                    cancel(1),
                    ALL,
                    NEXT_ONE,
                    NEXT_ONE,
                    NEXT_ONE,
                    NEXT_ONE,
                ],
            ),
        ];
        let any: [(u64, &[Op]); 4] = [
            (
                1,
                &[
                    submit(GATED, 5),
                    submit(GIVES, 2),
                    begun(1),
                    cancel(1),
                    cancel(0),
                    OPENS,
                    result(1),
                    result(0),
                ],
            ),
            (1, &[submit(GIVES, 5), cancel(0), is_done(0), result(0)]),
            (2, &[submit(GIVES, 5), submit(PANICS, 6), cancel(1), cancel(0), result(0), result(1)]),
            (
                1,
                &[
                    submit(GIVES, 5),
                    submit(GIVES, 6),
                    cancel(1),
                    submit(GIVES, 7),
                    result(2),
                    cancel(0),
                    result(1),
                ],
            ),
        ];
        wanted(world, &exact, &any)
    },
    judge: |experiment, run| {
        truthful(experiment, run)?;
        let (tasks, calls) = (tasks(run), calls(run));
        for call in calls.iter().filter(|call| call.op[0] == CANCEL) {
            let Some(task) = tasks.iter().find(|task| task.owner == call.thread && task.number == call.op[1])
            else {
                continue;
            };
            let told = SPEECH.told(call);
            let (fault, what) = match call.result.as_slice() {
                [0] if task.was_cancelled(&calls, call.began) => {
                    (Fault::WrongAnswer, format!("`{told}` for a task that was cancelled already"))
                }
                [0] if tasks::all_busy(&tasks, task, call, threads_of(experiment)) => (
                    Fault::WrongAnswer,
                    format!("`{told}`, though the task had not begun: all workers were busy"),
                ),
                [0] if task.began.is_none() && !calls.iter().any(|call| call.op[0] == DROP) => {
                    (Fault::LostTask, format!("`{told}`, but the task never ran"))
                }
                [1] if task.began.is_some() => {
                    (Fault::Race, format!("`{told}`, but the task ran all the same"))
                }
                _ => continue,
            };
            return Err(Wrong::new(fault, what).with_evidence(SPEECH.table(&calls)));
        }
        Ok(())
    },
    minds_leftover_threads: false,
};

// --- whichever ends first comes first ----------------------------------------------------------------------

const IN_ORDER: Rules = Rules {
    check: "q6.futures_as_completed",
    experiments: |world, _| {
        let four = [NEXT_ONE; 4];
        let exact: [Vec<Op>; 4] = [
            [&[submit(SLEEPS, 5), submit(SLEEPS, 2), submit(SLEEPS, 3), ALL][..], &four].concat(),
            // Two are over already, one ends while nobody looks.
            [
                &[
                    submit(SLEEPS, 1),
                    submit(SLEEPS, 9),
                    submit(PANICS_MADE, 2),
                    sleep(2),
                    ALL,
                    NEXT_ONE,
                    sleep(1),
                    submit(SLEEPS, 4),
                ][..],
                &four,
            ]
            .concat(),
            [&[submit(SLEEPS, 7), submit(SLEEPS, 8), submit(SLEEPS, 4), ALL, sleep(10)][..], &four].concat(),
            vec![ALL, NEXT_ONE],
        ];
        let exact = exact.each_ref().map(|ops| (3, ops.as_slice()));
        let any: [(u64, &[Op]); 4] = [
            (2, &[submit(GIVES, 5), submit(GIVES, 6), ALL, NEXT_ONE, NEXT_ONE, NEXT_ONE]),
            (1, &[submit(GATED, 5), submit(GIVES, 6), ALL, OPENS, NEXT_ONE, NEXT_ONE, NEXT_ONE]),
            (2, &[submit(GATED, 5), submit(GIVES, 6), ALL, NEXT_ONE, OPENS, NEXT_ONE, NEXT_ONE]),
            // Nobody wants to know any more: the worker goes on all the same.
            (1, &[submit(GATED, 5), begun(1), ALL, FORGETS_ALL, OPENS, submit(GIVES, 7), begun(2)]),
        ];
        wanted(world, &exact, &any)
    },
    judge: |experiment, run| {
        sound(experiment, run)?;
        tasks::in_order(SPEECH, &tasks(run), &calls(run), experiment.timed)
    },
    minds_leftover_threads: false,
};

// --- whoever waits does nothing else ---------------------------------------------------------------------------

const IDLE: Rules = Rules {
    check: "q6.futures_idle",
    experiments: |world, _| {
        let waits: [&[Op]; 2] =
            [&[submit(GATED, 5), result(0)], &[submit(GATED, 5), submit(GATED, 6), ALL, NEXT_ONE, NEXT_ONE]];
        let script = |ops: &[Op]| Script::new(&[3], &[ops, &[sleep(3600), OPENS]]).timed(world);
        waits.into_iter().filter_map(script).collect()
    },
    judge: |experiment, run| {
        SPEECH.no_panic_besides(run, &[ON_PURPOSE, NO_TEXT])?;
        nobody_slept(experiment, run)
    },
    minds_leftover_threads: false,
};
