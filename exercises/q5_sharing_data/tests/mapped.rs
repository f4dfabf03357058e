//! Visible examples: a first look at what is asked. The grader does not read this file.
//!
//! It has a `main` of its own: a process that forks must have one thread, and the usual test harness has several.

#![expect(clippy::print_stdout, reason = "this file is its own test harness")]

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::getpid;
use pretty_assertions::assert_eq;
use q5_sharing_data::processes::mapped::MappedCounters;
use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs, panic, process};
use toolkit::fork;

const EXAMPLES: [(&str, fn()); 3] = [
    ("counters_stay_when_all_are_closed", counters_stay_when_all_are_closed),
    ("another_process_opens_the_same_counters", another_process_opens_the_same_counters),
    ("what_a_killed_process_has_added_is_there", what_a_killed_process_has_added_is_there),
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

/// A file for one example, gone at its end.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        Self(env::temp_dir().join(format!("{name}-{}", process::id())))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn counters_stay_when_all_are_closed() {
    let file = File::new("stay");
    for before in 0..3 {
        let counters = MappedCounters::open(&file.0, 2).expect("counters");
        assert_eq!((counters.len(), counters.add(1, 1)), (2, before));
    }
    assert!(MappedCounters::open(&file.0, 3).is_err(), "there are two");
}

fn another_process_opens_the_same_counters() {
    let file = File::new("same");
    let counters = MappedCounters::open(&file.0, 2).expect("counters");
    let child = fork(|| {
        let same = MappedCounters::open(&file.0, 2).expect("counters");
        same.add(0, 5);
        0
    });
    waitpid(child.expect("a child"), None).expect("it has ended");
    assert_eq!((counters.get(0), counters.take(0), counters.get(0)), (5, 5, 0));
}

fn what_a_killed_process_has_added_is_there() {
    let file = File::new("killed");
    let child = fork(|| {
        let counters = MappedCounters::open(&file.0, 1).expect("counters");
        counters.add(0, 7);
        let _ = kill(getpid(), Signal::SIGKILL);
        0
    });
    waitpid(child.expect("a child"), None).expect("it has ended");
    assert_eq!(MappedCounters::open(&file.0, 1).expect("counters").get(0), 7);
}
