//! The visible examples of the exercise, run on the reference solution.

extern crate q5_sharing_data_solution as q5_sharing_data;

use std::process::ExitCode;

#[path = "../../../exercises/q5_sharing_data/tests/manager.rs"]
mod examples;

fn main() -> ExitCode {
    examples::main()
}
