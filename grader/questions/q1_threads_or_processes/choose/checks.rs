//! The choice: all workloads that there are, each with the one right answer.

use super::words::choose as words;
use crate::experiment::{Experiment, Rules, World, Wrong};
use crate::fault::Fault;
use crate::script::{Script, Speech, calls};
use wire::Run;

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[SAFETY, GIL, COST];

const SPEECH: Speech = Speech { call: words::call, result: words::result };

const ISOLATION: u64 = 0;
const CRASH_SURVIVAL: u64 = 1;
const GIL_HOLDS: u64 = 2;
const SHARING: u64 = 3;
const MEMORY: u64 = 4;
const START_COST: u64 = 5;
const WAITING: u64 = 6;
const PARALLELISM: u64 = 7;

/// Model and reason, by the rules of the README.
fn right(number: u64) -> [u64; 2] {
    let ([runtime, bound, sharing], [untrusted, survive, tight, often]) = words::workload(number);
    let (c_python, computes) = (runtime == 0, bound == 1);
    let ranked = [
        (untrusted, [1, ISOLATION]),
        (survive, [1, CRASH_SURVIVAL]),
        (c_python && computes, [1, GIL_HOLDS]),
        (sharing > 0, [0, SHARING]),
        (tight, [0, MEMORY]),
        (often, [0, START_COST]),
        (!computes, [0, WAITING]),
    ];
    ranked.iter().find(|(applies, _)| *applies).map_or([0, PARALLELISM], |(_, choice)| *choice)
}

/// The choices for these workloads, in one go: nothing here depends on schedules.
fn all(world: World, is_meant: impl Fn(u64) -> bool) -> Vec<Experiment> {
    let ops: Vec<_> =
        (0..words::WORKLOADS).filter(|&it| is_meant(it)).map(|it| [words::CHOOSE, it, 0]).collect();
    vec![Script::new(&[], &[]).before(&ops).experiment(world)]
}

/// Every choice is one of those that are right for it.
fn judge(run: &Run, is_right: impl Fn(u64, [u64; 2]) -> bool) -> Result<(), Wrong> {
    SPEECH.no_panic(run, |_| false)?;
    for call in calls(run) {
        let number = call.op[1];
        let got = <[u64; 2]>::try_from(call.result.as_slice()).unwrap_or([9, 9]);
        if !is_right(number, got) {
            let what = format!("`{}`; it should be {}", SPEECH.told(&call), words::told(&right(number)));
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
    }
    Ok(())
}

fn is_about_safety(number: u64) -> bool {
    right(number)[1] <= CRASH_SURVIVAL
}

const SAFETY: Rules = Rules {
    check: "q1.choose_safety",
    experiments: |world, _| all(world, is_about_safety),
    judge: |_, run| judge(run, |number, got| got == right(number)),
    minds_leftover_threads: false,
};

const GIL: Rules = Rules {
    check: "q1.choose_gil",
    experiments: |world, _| all(world, |number| !is_about_safety(number)),
    judge: |_, run| {
        judge(run, |number, got| match right(number) {
            [_, GIL_HOLDS] => got == right(number),
            // What else decides is another check's business.
            _ => got[1] != GIL_HOLDS,
        })
    },
    minds_leftover_threads: false,
};

const COST: Rules = Rules {
    check: "q1.choose_cost",
    experiments: |world, _| all(world, |number| right(number)[1] > GIL_HOLDS),
    judge: |_, run| judge(run, |number, got| got == right(number)),
    minds_leftover_threads: false,
};
