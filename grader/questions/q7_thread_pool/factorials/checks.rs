//! The factorials: what each check wants to see, and how it reads a run.

use super::words::factorials::{self as words, ALL, ONE};
use super::words::pool::{self, Task};
use crate::experiment::{Experiment, Rules, Wrong};
use crate::fault::Fault;
use crate::script::{Call, Script, Speech, broken_calls, calls, no_thread_left};
use std::collections::BTreeSet;
use wire::Run;
use wire::script::Op;

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[EXACT, WORKERS, RESULTS, PANIC];

const SPEECH: Speech = Speech { call: words::call, result: words::result };

const THREADS: Op = [words::THREADS, 0, 0];

/// `factorials` with so many threads, where the first number's task is `first` and the others' are `others`.
const fn all(threads: u64, first: Task, others: Task) -> Op {
    [ALL, threads, first.word() << 32 | others.word()]
}

/// One call for these numbers, and a count of threads after it.
fn script(numbers: &[u64], call: Op) -> Script {
    Script::of_caller(&[call, THREADS]).made_from(numbers)
}

fn panics(op: Op) -> bool {
    op[0] == ALL && [op[2] >> 32, op[2] & 0xffff_ffff].map(Task::from_word).contains(&Task::Panic)
}

/// The results of every call are those of the function that was handed in, in the order of the numbers.
fn right(experiment: &Experiment, run: &Run) -> Result<Vec<Call>, Wrong> {
    if wire::script::ops(&experiment.words[1]).into_iter().any(panics) {
        SPEECH.no_broken_call(run, panics)?;
    } else {
        SPEECH.no_panic(run, |_| false)?;
    }
    let calls = calls(run);
    for call in calls.iter().filter(|call| call.op[0] == ALL) {
        let numbers = experiment.words[0].iter().map(|&number| u32::try_from(number).unwrap_or(u32::MAX));
        let wanted: Vec<[u64; 3]> = numbers.map(|n| words::item(words::given(n))).collect();
        let wanted = if call.op[1] == 0 { vec![1] } else { wanted.concat() };
        if call.result == wanted {
            continue;
        }
        let mut sorted = [&call.result, &wanted].map(|items| items.as_chunks::<3>().0.to_vec());
        sorted.iter_mut().for_each(|items| items.sort_unstable());
        let fault = if sorted[0] == sorted[1] && sorted[0].len() > 1 {
            Fault::WrongOrder
        } else {
            Fault::WrongAnswer
        };
        let what = format!(
            "`{}`; it should be{}",
            SPEECH.told(call),
            words::result(call.op, &wanted).trim_start_matches(" ->")
        );
        return Err(Wrong::new(fault, what));
    }
    Ok(calls)
}

// --- n! ------------------------------------------------------------------------------------------------

const EXACT: Rules = Rules {
    check: "q7.factorials_exact",
    experiments: |world, _| {
        let numbers = (0..=36).chain([100, 1_000_000, u64::from(u32::MAX)]);
        let ops: Vec<Op> = numbers.map(|n| [ONE, n, 0]).collect();
        vec![Script::new(&[], &[]).before(&ops).experiment(world)]
    },
    judge: |_, run| {
        SPEECH.no_panic(run, |_| false)?;
        for call in calls(run) {
            let n = call.op[1];
            let exact = (1..=u128::from(n)).try_fold(1, u128::checked_mul);
            let exact = exact.ok_or(u32::try_from(n).unwrap_or(u32::MAX));
            if call.result != words::item(exact) {
                let what =
                    format!("`{}`; it should be {}", SPEECH.told(&call), words::told(&words::item(exact)));
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
        }
        Ok(())
    },
    minds_leftover_threads: false,
};

// --- exactly so many workers -----------------------------------------------------------------------------

const WORKERS: Rules = Rules {
    check: "q7.factorials_workers",
    experiments: |world, _| {
        let plain = script(&[3, 4, 5, 6], all(2, Task::Plain, Task::Plain)).experiment(world);
        let gate = |numbers: &[u64], threads| {
            let task = Task::Gather(threads);
            script(numbers, all(threads, task, task)).timed(world)
        };
        let gated = [
            gate(&[1, 2, 3, 4, 5, 6], 3),
            gate(&[1, 2, 3, 4, 5], 5),
            // Fewer numbers than threads.
            script(&[7], all(3, Task::Plain, Task::Plain)).timed(world),
            script(&[], all(2, Task::Plain, Task::Plain)).timed(world),
            script(&[8, 9], all(1, Task::Plain, Task::Plain)).timed(world),
        ];
        [plain].into_iter().chain(gated.into_iter().flatten()).collect()
    },
    judge: |experiment, run| {
        let calls = right(experiment, run)?;
        let Some(call) = calls.iter().find(|call| call.op[0] == ALL) else { return Ok(()) };
        let threads = call.op[1];
        let (mut now, mut most) = (0_u64, 0);
        let mut workers = BTreeSet::new();
        for entry in &run.entries {
            match entry.word {
                pool::BEGINS => {
                    now += 1;
                    workers.insert(entry.thread);
                }
                pool::ENDS => now = now.saturating_sub(1),
                _ => {}
            }
            most = most.max(now);
        }
        if experiment.timed && workers.contains(&0) {
            return Err(Wrong::new(Fault::Sequential, "a factorial was computed in the caller's own thread"));
        }
        if most > threads || workers.len() as u64 > threads {
            let count = most.max(workers.len() as u64);
            return Err(Wrong::new(
                Fault::TooManyWorkers,
                format!("{count} threads computed in a call with {threads}"),
            ));
        }
        if run.entries.iter().any(|entry| entry.word == pool::IN_VAIN) {
            let what = format!("only {most} of {threads} threads were at work at once");
            return Err(Wrong::new(Fault::TooFewWorkers, what));
        }
        // Not how many are there: those that find the pool closed and empty may have ended. Only the model knows.
        let started = run.entries.iter().filter(|entry| entry.word == words::STARTED);
        if experiment.timed
            && let Some(count) =
                started.filter_map(|entry| entry.args.first()).find(|&&count| count < threads)
        {
            let were = if *count == 1 { "thread was" } else { "threads were" };
            let what = format!("{count} {were} started to compute, in a call with {threads}");
            return Err(Wrong::new(Fault::TooFewWorkers, what));
        }
        ended(&calls, run)
    },
    minds_leftover_threads: true,
};

/// No thread is there when a call has returned, or panicked.
fn ended(calls: &[Call], run: &Run) -> Result<(), Wrong> {
    match calls.iter().find(|call| call.op == THREADS && call.result != [0]) {
        Some(call) => {
            let what = format!("when `factorials` was over, threads were still there: {}", call.result[0]);
            Err(Wrong::new(Fault::LeakedThread, what))
        }
        None => no_thread_left(run),
    }
}

// --- results in order ---------------------------------------------------------------------------------------

const RESULTS: Rules = Rules {
    check: "q7.factorials_results",
    experiments: |world, fresh| {
        let mut few = || 40 + fresh.bits() % 100;
        let numbers = [few(), few(), 600, 3, few(), 3, 0];
        let plain = |numbers: &[u64], threads| {
            script(numbers, all(threads, Task::Plain, Task::Plain)).experiment(world)
        };
        let mut wanted = vec![
            plain(&numbers, 2),
            plain(&numbers[..3], 1),
            plain(&[], 3),
            plain(&[2], 3),
            plain(&[5, 6], 0),
            plain(&[], 0),
        ];
        // The first is done last.
        wanted.extend(script(&[10, 11, 12, 13], all(3, Task::HoldUntil(3), Task::Plain)).timed(world));
        wanted
    },
    judge: |experiment, run| right(experiment, run).map(drop),
    minds_leftover_threads: false,
};

// --- a panic ----------------------------------------------------------------------------------------------------

const PANIC: Rules = Rules {
    check: "q7.factorials_panic",
    experiments: |world, _| {
        [
            script(&[4, 5, 6], all(2, Task::Panic, Task::Plain)),
            script(&[4, 5, 6], all(1, Task::Panic, Task::Plain)),
            script(&[4, 5, 6, 7], all(2, Task::Plain, Task::Panic)),
        ]
        .iter()
        .map(|script| script.experiment(world))
        .collect()
    },
    judge: |experiment, run| {
        if let Some(call) = calls(run).iter().find(|call| panics(call.op)) {
            let what =
                format!("the function that was handed in panicked, but `{}` did not", (SPEECH.call)(call.op));
            return Err(Wrong::new(Fault::SwallowedPanic, what));
        }
        let calls = right(experiment, run)?;
        for broken in broken_calls(run) {
            let after = run.entries[broken.returned..]
                .iter()
                .find(|entry| entry.word == pool::BEGINS || entry.word == pool::ENDS);
            if let Some(number) = after.and_then(|entry| entry.args.first()) {
                let what = format!("the call panicked while {number} was still being computed");
                return Err(Wrong::new(Fault::LeakedThread, what));
            }
            for number in &experiment.words[0] {
                if !run.entries.iter().any(|entry| entry.word == pool::BEGINS && entry.args == [*number]) {
                    let what = format!("after the panic {number} was not computed any more");
                    return Err(Wrong::new(Fault::LostTask, what));
                }
            }
        }
        ended(&calls, run)
    },
    minds_leftover_threads: true,
};
