//! Visible examples: a first look at what is asked. The grader does not read this file.
//!
//! It has a `main` of its own: a process that forks must have one thread, and the usual test harness has several.

#![expect(clippy::print_stdout, reason = "this file is its own test harness")]

use nix::sys::signal::{Signal, kill};
use nix::unistd::getppid;
use pretty_assertions::assert_eq;
use q6_failures::api::Served;
use q6_failures::child_error::ChildError;
use q6_failures::shutdown::{Job, serve};
use std::fs::File;
use std::io::{Read, pipe};
use std::num::NonZeroUsize;
use std::panic;
use std::process::ExitCode;

const EXAMPLES: [(&str, fn()); 4] = [
    ("every_job_has_its_result", every_job_has_its_result),
    ("sigterm_refuses_what_has_not_begun", sigterm_refuses_what_has_not_begun),
    ("sigusr1_brings_a_line", sigusr1_brings_a_line),
    ("a_job_that_dies_is_an_error", a_job_that_dies_is_an_error),
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

fn serve_all(jobs: &[Job], workers: usize) -> Result<Served, ChildError> {
    let nowhere = File::options().write(true).open("/dev/null").expect("it is there");
    serve(jobs, NonZeroUsize::new(workers).expect("some workers"), &nowhere)
}

/// A job that sends a signal to the caller, whose child it is.
fn signal_the_caller(signal: Signal) -> u64 {
    kill(getppid(), signal).map_or(0, |()| 7)
}

fn every_job_has_its_result() {
    let served = serve_all(&[|| 1, || 10, || 100], 2).expect("no job fails");
    assert_eq!(served.finished.into_iter().collect::<Vec<_>>(), [(0, 1), (1, 10), (2, 100)]);
    assert_eq!(served.refused, []);
}

fn sigterm_refuses_what_has_not_begun() {
    // With one worker no other job is under way meanwhile.
    let served =
        serve_all(&[|| 1, || signal_the_caller(Signal::SIGTERM), || 3, || 4], 1).expect("no job fails");
    assert_eq!(served.finished.into_iter().collect::<Vec<_>>(), [(0, 1), (1, 7)]);
    assert_eq!(served.refused, [2, 3]);
}

fn sigusr1_brings_a_line() {
    let (mut reader, writer) = pipe().expect("a pipe");
    let served = serve(&[|| 1, || signal_the_caller(Signal::SIGUSR1)], NonZeroUsize::MIN, &writer);
    drop(writer);
    let mut lines = String::new();
    reader.read_to_string(&mut lines).expect("text");
    assert_eq!(lines, "finished 1 of 2\n");
    assert_eq!(served.expect("no job fails").refused, []);
}

fn a_job_that_dies_is_an_error() {
    let served = serve_all(&[|| 1, || std::process::abort()], 2);
    assert_eq!(served, Err(ChildError::Killed { signal: 6 }));
}
