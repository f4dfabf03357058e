//! The one call of a choice, in a script.

use wire::script::Op;

/// `choose` for the workload of this number; model and reason come back, by their places in [`MODELS`] and [`REASONS`].
pub const CHOOSE: u64 = 0;

/// How many workloads there are.
pub const WORKLOADS: u64 = 192;

/// A workload: runtime (0 `CPython`, 1 `Rust`), bound (0 `Io`, 1 `Cpu`), sharing (0 `Nothing`, 1 `ReadMostly`, 2 `Mutable`), and
/// the four flags in their order.
pub fn workload(number: u64) -> ([u64; 3], [bool; 4]) {
    let flag = |place: u64| number >> place & 1 == 1;
    ([number >> 4 & 1, number >> 5 & 1, number >> 6], [flag(0), flag(1), flag(2), flag(3)])
}

/// The models, by name.
pub const MODELS: [&str; 2] = ["Threads", "Processes"];
/// The reasons, by name.
pub const REASONS: [&str; 8] =
    ["Isolation", "CrashSurvival", "Gil", "Sharing", "Memory", "StartCost", "Waiting", "Parallelism"];

/// A call as a student would write it.
pub fn call(op: Op) -> String {
    let ([runtime, bound, sharing], flags) = workload(op[1]);
    let mut words = vec![
        ["CPython", "Rust"][runtime as usize],
        ["Io", "Cpu"][bound as usize],
        ["Nothing", "ReadMostly", "Mutable"].get(sharing as usize).copied().unwrap_or_default(),
    ];
    let names = ["untrusted", "must_survive_crash", "memory_is_tight", "starts_often"];
    words.extend(names.iter().zip(flags).filter(|(_, flag)| *flag).map(|(name, _)| name));
    format!("choose({})", words.join(", "))
}

/// What came back.
pub fn result(_: Op, result: &[u64]) -> String {
    format!(" -> {}", told(result))
}

/// A choice in words.
pub fn told(choice: &[u64]) -> String {
    let name = |names: &[&'static str], number: Option<&u64>| {
        number.and_then(|&number| names.get(number as usize)).copied().unwrap_or("nothing")
    };
    format!("{} because of {}", name(&MODELS, choice.first()), name(&REASONS, choice.get(1)))
}
