//! The visible examples of the exercise, run on the reference solution.

extern crate q6_failures_solution as q6_failures;

#[path = "../../../exercises/q6_failures/tests/futures.rs"]
mod futures;
