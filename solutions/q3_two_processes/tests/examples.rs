//! The visible examples of the exercise, run on the reference solution.

extern crate q3_two_processes_solution as q3_two_processes;

use std::process::ExitCode;

#[path = "../../../exercises/q3_two_processes/tests/examples.rs"]
mod examples;

fn main() -> ExitCode {
    examples::main()
}
