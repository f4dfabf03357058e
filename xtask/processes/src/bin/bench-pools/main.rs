//! Measures process pools beside their peers and prints one JSON document. It knows nothing of tables and charts.
//!
//! Rayon runs in a child of its own, since this process forks.

mod bare;
mod ours;
mod python;
mod threads;

use bench_processes::{Figures, Peer, Ratio, Result, run, step};
use std::process::ExitCode;

/// The sizes that question 8 compares.
const SIZES: [usize; 3] = [2, 4, 8];

/// How many tiny tasks a map gets, and how many round trips the pipes.
const TASKS: u64 = 10_000;

/// Above 1 means that the pool is faster than its peer; but the last one says how much dearer a task is than bare pipes.
const RATIOS: &[Ratio] = &[
    Ratio::of("q8_total_python_over_pool", ("q8_total_us", "python"), ("q8_total_us", "pool")),
    Ratio::of("q8_map_python_over_pool", ("q8_map_us", "python"), ("q8_map_us", "pool")),
    Ratio::of("tiny_each_python_over_pool", ("tiny_each_us", "python"), ("tiny_each_us", "pool")),
    Ratio::of("tiny_chunked_python_over_pool", ("tiny_chunked_us", "python"), ("tiny_chunked_us", "pool")),
    Ratio::of("map_per_task_over_round_trip", ("tiny_each_us", "pool"), ("round_trip_us", "bare pipes"))
        .of_one_in(TASKS)
        .over_one_worker(),
];

fn main() -> ExitCode {
    run(measure)
}

fn measure(rounds: u32) -> Result<String> {
    let mut figures = Figures::default();
    // A fork copies the tables of all memory that its process has. So question 8 is measured in processes
    // that have done nothing else: the big maps have a child of their own here, and an interpreter there.
    let mut python = Peer::start(include_str!("peer.py"));
    let mut python_for_maps = Peer::start(include_str!("peer.py"));
    for _ in 0..rounds {
        step(|| bare::ping_pong(&mut figures))?;
        step(|| ours::tiny(&mut figures, 1))?;
        for workers in SIZES {
            step(|| question_8(&mut figures, &mut python, workers))?;
            step(|| tiny(&mut figures, &mut python_for_maps, workers))?;
            step(|| ours::large(&mut figures, workers))?;
        }
    }
    Ok(figures.document(rounds, python.as_ref().map(Peer::version), RATIOS).to_string())
}

/// The squares of 1 to 10: start, map and stop together, and the map alone.
fn question_8(figures: &mut Figures, python: &mut Option<Peer>, workers: usize) -> Result<()> {
    ours::question_8(figures, workers)?;
    if let Some(python) = python {
        python::question_8(python, figures, workers)?;
    }
    threads::question_8(figures, workers)?;
    bare::children(figures, workers)
}

/// Ten thousand squares: as fast as they go one by one, and in chunks.
fn tiny(figures: &mut Figures, python: &mut Option<Peer>, workers: usize) -> Result<()> {
    ours::tiny(figures, workers)?;
    if let Some(python) = python {
        python::tiny(python, figures, workers)?;
    }
    threads::tiny(figures, workers)
}

fn square(number: u64) -> u64 {
    number * number
}
