//! Trials in few words: calls, and what the judge does meanwhile.

use super::words::{Call, Job, START, STOP, Then};
use crate::experiment::Numbers;
use crate::trial::{Pick, Step, Trial};

/// A trial with these calls and this script.
pub(super) fn trial(calls: &[Call], script: &[Step]) -> Trial {
    Trial::new("calls", calls.iter().map(Call::to_words).collect(), script)
}

/// The calls of a trial.
pub(super) fn calls(trial: &Trial) -> Vec<Call> {
    trial.words.iter().filter_map(|words| Call::from_words(words)).collect()
}

/// Jobs `first..first + count` that wait at the gate.
pub(super) fn held(fresh: &mut Numbers, first: u64, count: u64) -> Vec<Job> {
    plain(fresh, first, count).into_iter().map(|job| Job { held: true, ..job }).collect()
}

/// Jobs `first..first + count` that return at once.
pub(super) fn plain(fresh: &mut Numbers, first: u64, count: u64) -> Vec<Job> {
    let job = |id| Job { id, held: false, then: Then::Return, value: fresh.fresh() };
    (first..first + count).map(job).collect()
}

/// Let `count` jobs go, the last of `together` first.
pub(super) fn flow(count: usize, together: usize) -> Step {
    Step::Flow { count, except: vec![START, STOP], together }
}

/// One pool from its start to its end; the steps come before the start, the jobs and the end are let
/// go. The jobs are let go as they come.
pub(super) fn pool(together: usize, jobs: usize, at: [&[Step]; 3]) -> Vec<Step> {
    let [start, work, stop] = at;
    let parts = [
        &[Step::Gather(1)],
        start,
        &[Step::Open(Pick::Task(START)), Step::Gather(together.min(jobs))],
        work,
        &[flow(jobs, 1), Step::Gather(1)],
        stop,
        &[Step::Open(Pick::Task(STOP))],
    ];
    parts.concat()
}
