//! Variant: a list of rules, and the first that applies.

use crate::api::{Bound, Choice, Model, Reason, Runtime, Sharing, Workload};

/// As asked for.
pub fn choose(workload: &Workload) -> Choice {
    let Workload { runtime, bound, sharing, untrusted, must_survive_crash, memory_is_tight, starts_often } =
        *workload;
    let under_the_gil = runtime == Runtime::CPython && bound == Bound::Cpu;
    let rules = [
        (untrusted, Model::Processes, Reason::Isolation),
        (must_survive_crash, Model::Processes, Reason::CrashSurvival),
        (under_the_gil, Model::Processes, Reason::Gil),
        (sharing != Sharing::Nothing, Model::Threads, Reason::Sharing),
        (memory_is_tight, Model::Threads, Reason::Memory),
        (starts_often, Model::Threads, Reason::StartCost),
        (bound == Bound::Io, Model::Threads, Reason::Waiting),
        (true, Model::Threads, Reason::Parallelism),
    ];
    let first = rules.into_iter().find(|(applies, ..)| *applies);
    let (_, model, because) = first.expect("the last one always applies");
    Choice { model, because }
}
