//! The visible examples of the exercise, run on the reference solution.

extern crate q6_failures_solution as q6_failures;

use std::process::ExitCode;

#[path = "../../../exercises/q6_failures/tests/processes.rs"]
mod examples;

fn main() -> ExitCode {
    examples::main()
}
