//! Visible examples: a first look at what is asked. The grader does not read this file.
//!
//! It has a `main` of its own: a process that forks must have one thread, and the usual test harness has several.

#![expect(clippy::print_stdout, reason = "this file is its own test harness")]

use pretty_assertions::assert_eq;
use q6_failures::child_error::ChildError;
use q6_failures::processes::run_isolated;
use std::panic;
use std::process::ExitCode;

const EXAMPLES: [(&str, fn()); 3] = [
    ("an_answer_comes_back", an_answer_comes_back),
    ("a_panic_comes_back_with_its_place", a_panic_comes_back_with_its_place),
    ("a_death_does_no_harm", a_death_does_no_harm),
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

fn an_answer_comes_back() {
    assert_eq!(run_isolated(|| Ok(b"done".to_vec())), Ok(b"done".to_vec()));
    assert_eq!(run_isolated(|| Err("not today".into())), Err(ChildError::Returned("not today".into())));
}

fn a_panic_comes_back_with_its_place() {
    let Err(ChildError::Panicked { message, location, .. }) = run_isolated(|| panic!("out of paper")) else {
        panic!("the body has panicked");
    };
    assert_eq!(message, "out of paper");
    assert!(location.contains("processes.rs:"), "{location}");
}

fn a_death_does_no_harm() {
    assert_eq!(run_isolated(|| std::process::abort()), Err(ChildError::Killed { signal: 6 }));
}
