//! The comparison that the assignment asks for, measured with your own functions. Given; nothing to do here.

#![expect(clippy::print_stdout, reason = "a program that prints")]

use std::error::Error;
use std::fs;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use q1_threads_or_processes::api::{Job, Model, Outcome};
use q1_threads_or_processes::measure::elapsed;
use q1_threads_or_processes::processes::in_processes;
use q1_threads_or_processes::threads::in_threads;

/// How often the start is measured; the median counts.
const TIMES: usize = 51;

fn main() -> Result<(), Box<dyn Error>> {
    println!("{:<34} {:>14} {:>24}", "", "threads", "processes");
    let [threads, processes] = [start(Model::Threads)?, start(Model::Processes)?];
    row("start of an empty job, and its end", &format!("{threads:.1?}"), &format!("{processes:.1?}"));

    // What is private to a process nobody else uses: of a child all of it is new, of a thread what has grown.
    let before = private_kib();
    let job: Job<'_> = &private_kib;
    let threads = number(&in_threads(&[job])).saturating_sub(before);
    let processes = number(&in_processes(&[job])?);
    row("memory of its own", &format!("{threads} KiB"), &format!("{processes} KiB"));

    let count = AtomicU64::new(0);
    let add: Job<'_> = &|| count.fetch_add(1, Ordering::Relaxed);
    in_processes(&[add; 3])?;
    let processes = count.swap(0, Ordering::Relaxed);
    in_threads(&[add; 3]);
    row("a shared counter after 3 additions", &count.into_inner().to_string(), &processes.to_string());

    let sound: Job<'_> = &|| 1;
    let jobs = [sound, &|| process::abort()];
    let processes: Vec<String> = in_processes(&jobs)?.iter().map(ToString::to_string).collect();
    row("a job, and one that aborts", "all are lost", &processes.join(", "));
    Ok(())
}

fn row(what: &str, threads: &str, processes: &str) {
    println!("{what:<34} {threads:>14} {processes:>24}");
}

/// The median of many measurements of a job that does nothing.
fn start(model: Model) -> Result<Duration, Box<dyn Error>> {
    let mut all = (0..TIMES).map(|_| elapsed(model, &|| 0)).collect::<Result<Vec<_>, _>>()?;
    all.sort_unstable();
    Ok(all[TIMES / 2])
}

/// Memory that only this process uses, in KiB; 0 if the system does not say.
fn private_kib() -> u64 {
    let text = fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let lines = text.lines().filter(|line| line.starts_with("Private_"));
    lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum()
}

fn number(outcomes: &[Outcome]) -> u64 {
    match outcomes {
        [Outcome::Done(number)] => *number,
        _ => 0,
    }
}
