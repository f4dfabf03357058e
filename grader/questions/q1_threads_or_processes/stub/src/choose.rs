//! The choice between the two, by rules.

use crate::api::{Choice, Workload};

/// Chooses a model for `workload`, and says which reason has decided: the first of these that applies.
///
/// 1. Safety: code that is not trusted needs processes ([`Isolation`](crate::api::Reason::Isolation)); so do tasks one of
///    which may crash without taking the others along ([`CrashSurvival`](crate::api::Reason::CrashSurvival)).
/// 2. The GIL: under CPython, tasks that compute need processes ([`Gil`](crate::api::Reason::Gil)). Tasks that wait do not,
///    and Rust has no such lock.
/// 3. Cost: whoever shares anything is better off with threads ([`Sharing`](crate::api::Reason::Sharing)), then whoever is short
///    of memory ([`Memory`](crate::api::Reason::Memory)), then whoever starts tasks often
///    ([`StartCost`](crate::api::Reason::StartCost)). If nothing has decided, threads are the simpler choice: for tasks that wait,
///    since that needs no processor ([`Waiting`](crate::api::Reason::Waiting)), and for tasks that compute, since they do so on all
///    processors at once ([`Parallelism`](crate::api::Reason::Parallelism)).
pub fn choose(workload: &Workload) -> Choice {
    todo!("choose threads or processes for {workload:?}")
}
