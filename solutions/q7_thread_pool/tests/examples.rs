//! The visible examples of the exercise, run on the reference solution.

extern crate q7_thread_pool_solution as q7_thread_pool;

#[path = "../../../exercises/q7_thread_pool/tests/examples.rs"]
mod examples;
