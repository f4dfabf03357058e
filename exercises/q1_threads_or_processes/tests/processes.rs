//! Visible examples: a first look at what is asked. The grader does not read this file.
//!
//! It has a `main` of its own: a process that forks must have one thread, and the usual test harness has several.

#![expect(clippy::print_stdout, reason = "this file is its own test harness")]

use pretty_assertions::assert_eq;
use q1_threads_or_processes::api::{Job, Model, Outcome};
use q1_threads_or_processes::measure::elapsed;
use q1_threads_or_processes::processes::in_processes;
use q1_threads_or_processes::run_error::RunError;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{panic, process, thread};

const EXAMPLES: [(&str, fn()); 6] = [
    ("outcomes_stand_in_the_order_of_the_jobs", outcomes_stand_in_the_order_of_the_jobs),
    ("a_process_may_die_in_any_way", a_process_may_die_in_any_way),
    ("the_memory_of_a_process_is_its_own", the_memory_of_a_process_is_its_own),
    ("each_job_has_a_process_of_its_own", each_job_has_a_process_of_its_own),
    ("a_duration_covers_the_job", a_duration_covers_the_job),
    ("a_job_that_panics_has_no_duration", a_job_that_panics_has_no_duration),
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

fn outcomes_stand_in_the_order_of_the_jobs() {
    let jobs: [Job<'_>; 3] = [&|| 10, &|| 20, &|| 30];
    assert_eq!(in_processes(&jobs), Ok([10, 20, 30].map(Outcome::Done).to_vec()));
}

#[expect(clippy::exit, clippy::disallowed_methods, reason = "one of the ways to end")]
fn a_process_may_die_in_any_way() {
    let jobs: [Job<'_>; 4] = [&|| panic!("on purpose"), &|| process::abort(), &|| process::exit(3), &|| 1];
    let ends =
        [Outcome::Panicked("on purpose".into()), Outcome::Killed(6), Outcome::Exited(3), Outcome::Done(1)];
    assert_eq!(in_processes(&jobs), Ok(ends.to_vec()));
}

fn the_memory_of_a_process_is_its_own() {
    let count = AtomicU64::new(5);
    let job = || count.fetch_add(1, Ordering::Relaxed);
    assert_eq!(in_processes(&[&job, &job]), Ok(vec![Outcome::Done(5); 2]));
    assert_eq!(count.into_inner(), 5);
}

fn each_job_has_a_process_of_its_own() {
    let job = || process::id().into();
    let outcomes = in_processes(&[&job, &job]).expect("two processes");
    let caller = Outcome::Done(process::id().into());
    assert_ne!(outcomes[0], outcomes[1]);
    assert!(!outcomes.contains(&caller));
}

fn a_duration_covers_the_job() {
    let nap = Duration::from_millis(20);
    let job = || {
        thread::sleep(nap);
        0
    };
    for model in [Model::Threads, Model::Processes] {
        assert!(elapsed(model, &job).expect("a duration") >= nap, "{model:?}");
    }
}

fn a_job_that_panics_has_no_duration() {
    let failed = Err(RunError::Failed(Outcome::Panicked("on purpose".into())));
    for model in [Model::Threads, Model::Processes] {
        assert_eq!(elapsed(model, &|| panic!("on purpose")), failed);
    }
}
