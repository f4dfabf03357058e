//! Measures the tools of question 5 with which processes share data, beside CPython's and the bare system calls, and prints
//! one JSON document. It knows nothing of tables.
//!
//! Each contender measures in a child of its own, whose memory holds nothing else.

mod array;
mod bare;
mod grid;
mod locks;
mod manager;
mod pipe;
mod queue;

use bench_processes::{Figures, Peer, Ratio, Result, in_a_child, run, step};
use std::process::ExitCode;

/// How many messages go to and fro, or one way, and how often a lock is taken.
const TIMES: u64 = 5_000;

/// How many numbers the array has: 8 MiB of them.
const NUMBERS: usize = 1 << 20;

/// Above 1 means that the course's own is faster than its peer; those over bare calls say how much dearer it is.
const RATIOS: &[Ratio] = &[
    Ratio::of("pipe_python_over_ours", ("pipe_us", "python"), ("pipe_us", "ours")),
    Ratio::of("pipe_ours_over_bare", ("pipe_us", "ours"), ("pipe_us", "bare")),
    Ratio::of("queue_python_over_ours", ("queue_us", "python"), ("queue_us", "ours")),
    Ratio::of("queue_ours_over_bare", ("queue_us", "ours"), ("queue_us", "bare")),
    Ratio::of("append_python_over_ours", ("append_us", "python"), ("append_us", "ours")),
    Ratio::of("array_python_over_ours", ("array_us", "python"), ("array_us", "ours")),
    Ratio::of("array_ours_over_bare", ("array_us", "ours"), ("array_us", "bare")),
    Ratio::of("grid_bare_over_ours", ("grid_us", "bare"), ("grid_us", "ours")),
    Ratio::of("lock_python_over_ours", ("lock_us", "python"), ("lock_us", "ours")),
    Ratio::of("lock_ours_over_bare", ("lock_us", "ours"), ("lock_us", "bare")),
    Ratio::of("semaphore_python_over_ours", ("semaphore_us", "python"), ("semaphore_us", "ours")),
    Ratio::of("semaphore_ours_over_bare", ("semaphore_us", "ours"), ("semaphore_us", "bare")),
];

/// What is measured, and who can do it: work that returns microseconds a time.
const MEASURES: &[Measure] = &[
    Measure { name: "pipe_us", workers: 1, python: true, ours: pipe::ours, bare: Some(bare::pipe) },
    Measure { name: "queue_us", workers: 1, python: true, ours: queue::ours, bare: Some(bare::queue) },
    Measure { name: "append_us", workers: 1, python: true, ours: manager::one_client, bare: None },
    Measure { name: "append_us", workers: 4, python: true, ours: manager::four_clients, bare: None },
    Measure { name: "array_us", workers: 1, python: true, ours: array::ours, bare: Some(bare::array) },
    Measure {
        name: "grid_us",
        workers: grid::WORKERS,
        python: false, // without `numpy` there is nothing to compare with
        ours: grid::ours,
        bare: Some(grid::in_one_process),
    },
    Measure { name: "lock_us", workers: 1, python: true, ours: locks::lock, bare: Some(bare::lock) },
    Measure {
        name: "semaphore_us",
        workers: 1,
        python: true,
        ours: locks::semaphore,
        bare: Some(bare::semaphore),
    },
];

/// One thing to measure.
struct Measure {
    name: &'static str,
    /// How many processes are at it.
    workers: usize,
    /// Whether CPython has such a tool.
    python: bool,
    ours: fn() -> Result<f64>,
    bare: Option<fn() -> Result<f64>>,
}

fn main() -> ExitCode {
    run(measure)
}

fn measure(rounds: u32) -> Result<String> {
    let mut figures = Figures::default();
    let mut python = Peer::start(include_str!("peer.py"));
    for _ in 0..rounds {
        for measure in MEASURES {
            step(|| one(&mut figures, measure, &mut python))?;
        }
    }
    Ok(figures.document(rounds, python.as_ref().map(Peer::version), RATIOS).to_string())
}

fn one(figures: &mut Figures, measure: &Measure, python: &mut Option<Peer>) -> Result<()> {
    let contenders = [("ours", Some(measure.ours)), ("bare", measure.bare)];
    for (contender, work) in contenders {
        let Some(work) = work else { continue };
        for us in in_a_child(|| Ok(vec![work()?]))? {
            figures.note(measure.name, contender, measure.workers, us);
        }
    }
    if let Some(python) = python
        && measure.python
    {
        let what = measure.name.trim_end_matches("_us");
        for us in python.ask(&format!("{what} {TIMES} {NUMBERS} {} {}", measure.workers, manager::APPENDS))? {
            figures.note(measure.name, "python", measure.workers, us);
        }
    }
    Ok(())
}
