//! What becomes of tasks and futures when their executor is dropped.

use super::super::words::futures::{CANCEL, DROP, GATED, GIVES, PANICS, PANICS_MADE, SLEEPS};
use super::tasks::{Task, tasks};
use super::{
    ALL, DROPS, DROPS_IN_A_PANIC, NEXT_ONE, OPENS, SPEECH, begun, cancel, exception, is_done, result, submit,
    truthful, wanted,
};
use crate::experiment::{Rules, Wrong};
use crate::fault::Fault;
use crate::script::{Call, Script, calls, no_thread_left, sleep};
use wire::script::Op;

/// Without an executor: who has begun is finished, and everybody else is told.
pub(super) const GONE_WITH_IT: Rules = Rules {
    check: "q6.futures_gone",
    experiments: |world, _| {
        let exact: [(u64, &[Op]); 3] = [
            (
                1,
                &[
                    submit(SLEEPS, 5),
                    submit(GIVES, 2),
                    submit(SLEEPS, 3),
                    sleep(2),
                    DROPS,
                    is_done(1),
                    exception(2),
                    cancel(1),
                    result(0),
                    result(1),
                    result(2),
                ],
            ),
            (2, &[submit(GIVES, 5), submit(PANICS, 2), sleep(2), DROPS, result(0), result(1)]),
            // What was cancelled stays so, and nothing else becomes it.
            (
                1,
                &[
                    submit(SLEEPS, 5),
                    submit(GIVES, 2),
                    submit(GIVES, 3),
                    sleep(1),
                    cancel(1),
                    DROPS,
                    cancel(2),
                    exception(1),
                    result(1),
                    result(2),
                ],
            ),
        ];
        let any: [(u64, &[Op]); 4] = [
            (2, &[submit(GIVES, 5), submit(GIVES, 2), begun(1), DROPS_IN_A_PANIC, result(1), result(0)]),
            (1, &[submit(GIVES, 5), submit(GIVES, 2), DROPS, is_done(1), result(0), result(1)]),
            (
                2,
                &[
                    submit(GIVES, 5),
                    submit(PANICS_MADE, 2),
                    submit(GIVES, 3),
                    DROPS,
                    ALL,
                    NEXT_ONE,
                    NEXT_ONE,
                    NEXT_ONE,
                    NEXT_ONE,
                ],
            ),
            (2, &[DROPS]),
        ];
        let mut wanted = wanted(world, &exact, &any);
        // Somebody is waiting for what will never be.
        let waits: [&[Op]; 2] = [
            &[submit(GATED, 5), submit(GIVES, 2), begun(1), OPENS, result(1), result(0)],
            &[submit(GATED, 5), submit(GIVES, 2), ALL, begun(1), OPENS, NEXT_ONE, NEXT_ONE, NEXT_ONE],
        ];
        wanted.extend(waits.map(|ops| Script::new(&[1], &[ops, &[begun(1), DROPS]]).experiment(world)));
        wanted
    },
    judge: |experiment, run| {
        truthful(experiment, run)?;
        let (tasks, calls) = (tasks(run), calls(run));
        let Some(dropped) = calls.iter().find(|call| call.op[0] == DROP) else { return Ok(()) };
        let is_late = |task: &&Task| {
            let after = |place: Option<usize>| place.is_some_and(|place| place > dropped.returned);
            after(task.began) || after(task.ended)
        };
        let runs_on = tasks.iter().find(is_late);
        // Time has passed before: whatever could begin had begun.
        let queued = |task: &Task| experiment.timed && task.began.is_some_and(|place| place > dropped.began);
        let what = if runs_on.is_some() {
            "the executor has been dropped, and a task ran on after that"
        } else if tasks.iter().any(queued) {
            "a task began when the executor was already being dropped"
        } else {
            cancels_no_more(&tasks, &calls, dropped)?;
            return no_thread_left(run);
        };
        let fault = if runs_on.is_some() { Fault::LeakedThread } else { Fault::WrongAnswer };
        Err(Wrong::new(fault, what).with_evidence(SPEECH.table(&calls)))
    },
    minds_leftover_threads: true,
};

/// Once the executor is gone, `cancel` says yes of those tasks only that were cancelled before.
fn cancels_no_more(tasks: &[Task], calls: &[Call], dropped: &Call) -> Result<(), Wrong> {
    for call in calls.iter().filter(|call| call.op[0] == CANCEL && call.began > dropped.returned) {
        let own = |task: &&Task| task.owner == call.thread && task.number == call.op[1];
        let Some(task) = tasks.iter().find(own) else { continue };
        if call.result == [1] && !task.was_cancelled(calls, call.began) {
            let what = format!("`{}`, though its executor was gone before", SPEECH.told(call));
            return Err(Wrong::new(Fault::WrongAnswer, what).with_evidence(SPEECH.table(calls)));
        }
    }
    Ok(())
}
