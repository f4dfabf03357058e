//! The visible examples of the exercise, run on the reference solution.

extern crate q5_sharing_data_solution as q5_sharing_data;

#[path = "../../../exercises/q5_sharing_data/tests/queue.rs"]
mod queue;
