//! Variant: one `if` after the other, each of which returns.

use crate::api::*;

/// As asked for.
pub fn choose(w: &Workload) -> Choice {
    let processes = |because| Choice { model: Model::Processes, because };
    let threads = |because| Choice { model: Model::Threads, because };
    if w.untrusted {
        return processes(Reason::Isolation);
    }
    if w.must_survive_crash {
        return processes(Reason::CrashSurvival);
    }
    if let (Runtime::CPython, Bound::Cpu) = (w.runtime, w.bound) {
        return processes(Reason::Gil);
    }
    if matches!(w.sharing, Sharing::Mutable | Sharing::ReadMostly) {
        return threads(Reason::Sharing);
    }
    if w.memory_is_tight || w.starts_often {
        return threads(if w.memory_is_tight { Reason::Memory } else { Reason::StartCost });
    }
    threads(if w.bound == Bound::Io { Reason::Waiting } else { Reason::Parallelism })
}
