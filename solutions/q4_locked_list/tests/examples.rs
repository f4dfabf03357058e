//! The visible examples of the exercise, run on the reference solution.

extern crate q4_locked_list_solution as q4_locked_list;

#[path = "../../../exercises/q4_locked_list/tests/examples.rs"]
mod examples;
