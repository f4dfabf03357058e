//! The visible examples of the exercise, run on the reference solution.

extern crate q8_pool_timing_solution as q8_pool_timing;

use std::process::ExitCode;

#[path = "../../../exercises/q8_pool_timing/tests/examples.rs"]
mod examples;

fn main() -> ExitCode {
    examples::main()
}
