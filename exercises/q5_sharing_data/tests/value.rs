//! Visible examples: a first look at what is asked. The grader does not read this file.
//!
//! It has a `main` of its own: a process that forks must have one thread, and the usual test harness has several.

#![expect(clippy::print_stdout, reason = "this file is its own test harness")]

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::getpid;
use pretty_assertions::assert_eq;
use q5_sharing_data::processes::value::{SharedArray, SharedValue};
use std::panic;
use std::process::ExitCode;
use toolkit::fork;

const EXAMPLES: [(&str, fn()); 3] = [
    ("a_value_is_changed_by_another_process", a_value_is_changed_by_another_process),
    ("an_array_has_floats_too", an_array_has_floats_too),
    ("a_process_dies_in_an_update", a_process_dies_in_an_update),
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

/// Runs this in a child and waits for it.
fn in_a_child(work: impl FnOnce()) {
    let child = fork(|| {
        work();
        0
    });
    waitpid(child.expect("a child"), None).expect("it has ended");
}

fn a_value_is_changed_by_another_process() {
    let value = SharedValue::new(40_u64).expect("memory");
    in_a_child(|| _ = value.update(|number| number + 2));
    assert_eq!(value.get(), 42);
    value.set(7);
    assert_eq!(value.update(|number| number * 2), 14);
}

fn an_array_has_floats_too() {
    let array = SharedArray::new(&[0.5, 1.5, 2.5]).expect("memory");
    in_a_child(|| array.set(1, -0.25));
    assert_eq!((array.len(), array.to_vec()), (3, vec![0.5, -0.25, 2.5]));
}

fn a_process_dies_in_an_update() {
    let array = SharedArray::new(&[1_u64; 4]).expect("memory");
    in_a_child(|| {
        array.update(|numbers| {
            numbers[0] = 99;
            let _ = kill(getpid(), Signal::SIGKILL);
        });
    });
    array.update(|numbers| numbers[3] = 5);
    assert_eq!(array.to_vec(), [1, 1, 1, 5]);
}
