//! Visible examples: a first look at what is asked. The grader does not read this file.
//!
//! It has a `main` of its own: a process that forks must have one thread, and the usual test
//! harness has several. The example with threads comes last.

#![expect(clippy::print_stdout, reason = "this file is its own test harness")]

use pretty_assertions::assert_eq;
use q8_pool_timing::{Timing, TimingError, chart, compare, square, table, time_pool, time_threads};
use std::panic;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

const EXAMPLES: [(&str, fn()); 7] = [
    ("results_stand_in_the_order_of_the_inputs", results_stand_in_the_order_of_the_inputs),
    ("every_size_computes_everything", every_size_computes_everything),
    ("what_the_job_takes_is_in_map", what_the_job_takes_is_in_map),
    ("no_workers_is_an_error", no_workers_is_an_error),
    ("the_table_compares_with_the_first_row", the_table_compares_with_the_first_row),
    ("the_chart_has_a_bar_for_each_timing", the_chart_has_a_bar_for_each_timing),
    ("threads_compute_the_same", threads_compute_the_same),
];

pub(crate) fn main() -> ExitCode {
    println!("running {} tests", EXAMPLES.len());
    let mut failed = 0;
    for (name, example) in EXAMPLES {
        let passed = panic::catch_unwind(example).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += usize::from(!passed);
    }
    let (word, passed) = (if failed == 0 { "ok" } else { "FAILED" }, EXAMPLES.len() - failed);
    println!("\ntest result: {word}. {passed} passed; {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(101) }
}

fn results_stand_in_the_order_of_the_inputs() {
    let timing = time_pool(2, &[3, 1, 2], square).expect("a timing");
    assert_eq!((timing.workers, timing.results), (2, vec![9, 1, 4]));
}

fn every_size_computes_everything() {
    let timings = compare(&[2, 4, 8], &[1, 2, 3], square).expect("timings");
    let workers: Vec<usize> = timings.iter().map(|timing| timing.workers).collect();
    assert_eq!(workers, [2, 4, 8]);
    assert!(timings.iter().all(|timing| timing.results == [1, 4, 9]));
}

fn what_the_job_takes_is_in_map() {
    let slow = |number| {
        thread::sleep(Duration::from_millis(50));
        number
    };
    let before = Instant::now();
    let timing = time_pool(1, &[1, 2], slow).expect("a timing");
    assert!(timing.map >= Duration::from_millis(100), "{:?}", timing.map);
    assert!(timing.start + timing.map + timing.stop <= before.elapsed());
}

fn no_workers_is_an_error() {
    assert!(matches!(time_pool(0, &[1], square), Err(TimingError::NoWorkers)));
}

fn the_table_compares_with_the_first_row() {
    assert_eq!(
        table(&timings()),
        "Pool size: 2 -> Results: [1, 4, 9], Time taken: 0.004099 seconds, Speed-up: 1.00\n\
         Pool size: 4 -> Results: [1, 4, 9], Time taken: 0.002000 seconds, Speed-up: 2.05\n"
    );
}

fn the_chart_has_a_bar_for_each_timing() {
    let chart = chart(&timings());
    assert!(chart.contains(r#"<rect data-workers="2" data-map-us="4099" data-speedup="1.00" "#));
    assert!(chart.contains(r#"<rect data-workers="4" data-map-us="2000" data-speedup="2.05" "#));
    assert_eq!(chart.matches("<rect").count(), 2);
}

fn threads_compute_the_same() {
    let timing = time_threads(2, &[3, 1, 2], square).expect("a timing");
    assert_eq!((timing.workers, timing.results), (2, vec![9, 1, 4]));
}

/// Two made-up timings.
fn timings() -> [Timing; 2] {
    [(2, 4_099), (4, 2_000)].map(|(workers, micros)| Timing {
        workers,
        results: vec![1, 4, 9],
        start: Duration::from_micros(900),
        map: Duration::from_micros(micros),
        stop: Duration::from_micros(100),
    })
}
