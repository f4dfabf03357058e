//! The visible examples of the exercise, run on the reference solution.

extern crate q1_threads_or_processes_solution as q1_threads_or_processes;

#[path = "../../../exercises/q1_threads_or_processes/tests/choose.rs"]
mod examples;
