//! Question 7: a pool of threads, and factorials computed by it.
//!
//! `pool` and `factorials` are yours, and so is `with_rayon`, which does the same with a pool that others have written.

#![forbid(unsafe_code)]

pub mod api;
pub mod factorials;
pub mod pool;
pub mod with_rayon;
