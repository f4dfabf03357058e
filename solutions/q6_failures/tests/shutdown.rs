//! The visible examples of the exercise, run on the reference solution, and signals at many moments.
fn main() {}
