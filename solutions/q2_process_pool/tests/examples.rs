//! The visible examples of the exercise, run on the reference solution.

extern crate q2_process_pool_solution as q2_process_pool;

#[path = "../../../exercises/q2_process_pool/tests/examples.rs"]
mod examples;

fn main() -> std::process::ExitCode {
    examples::main()
}
