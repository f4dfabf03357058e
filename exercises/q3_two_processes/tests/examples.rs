//! Visible examples: a first look at what is asked. The grader does not read this file.
//!
//! It has a `main` of its own: a process that forks must have one thread, and the usual test
//! harness has several.

#![expect(clippy::print_stdout, reason = "this file is its own test harness")]

use pretty_assertions::assert_eq;
use q3_two_processes::{Exit, ProcessError, square_and_cube, start};
use std::io::{self, Read};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{panic, process};

const EXAMPLES: [(&str, fn()); 6] = [
    ("join_tells_the_code_of_the_child", join_tells_the_code_of_the_child),
    ("the_child_is_a_process_of_its_own", the_child_is_a_process_of_its_own),
    (
        "a_child_that_waits_is_alive_until_it_is_terminated",
        a_child_that_waits_is_alive_until_it_is_terminated,
    ),
    ("the_memory_of_a_child_is_its_own", the_memory_of_a_child_is_its_own),
    ("two_processes_write_their_lines", two_processes_write_their_lines),
    ("a_cube_that_does_not_fit_is_an_error", a_cube_that_does_not_fit_is_an_error),
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

fn join_tells_the_code_of_the_child() {
    assert_eq!(start(|| 7).expect("a child").join(), Ok(Exit::Code(7)));
}

fn the_child_is_a_process_of_its_own() {
    let caller = process::id();
    let child = start(|| i32::from(process::id() != caller)).expect("a child");
    assert_eq!(child.join(), Ok(Exit::Code(1)));
}

fn a_child_that_waits_is_alive_until_it_is_terminated() {
    let mut child = start(|| {
        loop {
            nix::unistd::pause();
        }
    })
    .expect("a child");
    assert!(child.is_alive());
    child.terminate().expect("a signal");
    let deadline = Instant::now() + Duration::from_secs(10);
    while child.is_alive() {
        assert!(Instant::now() < deadline, "10 s after `SIGTERM` the child is still alive");
    }
    assert_eq!(child.join(), Ok(Exit::Signal(15)));
}

fn the_memory_of_a_child_is_its_own() {
    let mut number = 1;
    let child = start(|| {
        number += 1;
        number
    })
    .expect("a child");
    assert_eq!(child.join(), Ok(Exit::Code(2)));
    assert_eq!(number, 1);
}

fn two_processes_write_their_lines() {
    let (mut from, to) = io::pipe().expect("a pipe");
    square_and_cube(10, &to).expect("three lines");
    drop(to); // or the pipe never ends
    let mut text = String::new();
    from.read_to_string(&mut text).expect("three lines");
    let mut lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.pop(), Some("Both processes are complete."));
    lines.sort_unstable();
    assert_eq!(lines, ["Cube: 1000", "Square: 100"]);
}

fn a_cube_that_does_not_fit_is_an_error() {
    let (_from, to) = io::pipe().expect("a pipe");
    assert_eq!(square_and_cube(3_000_000, &to), Err(ProcessError::Overflow));
}
