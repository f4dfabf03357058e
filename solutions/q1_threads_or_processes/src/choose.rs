//! The choice between the two, by rules.
//!
//! Why this works: the order of the rules is the order of the arms, and the first that fits decides. A sum of advantages would
//! let two small ones outweigh a stranger's code.

use crate::api::{Bound, Choice, Model, Reason, Runtime, Sharing, Workload};

/// Chooses a model for `workload`, and says which reason has decided.
pub fn choose(workload: &Workload) -> Choice {
    let shares = workload.sharing != Sharing::Nothing;
    let because = match (workload.runtime, workload.bound) {
        _ if workload.untrusted => Reason::Isolation,
        _ if workload.must_survive_crash => Reason::CrashSurvival,
        // Both are needed: who waits gives the GIL up meanwhile.
        (Runtime::CPython, Bound::Cpu) => Reason::Gil,
        _ if shares => Reason::Sharing,
        _ if workload.memory_is_tight => Reason::Memory,
        _ if workload.starts_often => Reason::StartCost,
        (_, Bound::Io) => Reason::Waiting,
        (Runtime::Rust, Bound::Cpu) => Reason::Parallelism,
    };
    Choice { model: model(because), because }
}

fn model(because: Reason) -> Model {
    match because {
        Reason::Isolation | Reason::CrashSurvival | Reason::Gil => Model::Processes,
        Reason::Sharing | Reason::Memory | Reason::StartCost => Model::Threads,
        Reason::Waiting | Reason::Parallelism => Model::Threads,
    }
}
