//! Question 2: a pool of worker processes.
//!
//! Given: the grader uses its own copy of this file. What is yours are the three modules `frame`
//! (messages over a pipe), `worker` (one worker process) and `pool` (the pool).

#![forbid(unsafe_code)]

mod api;
mod frame;
mod pool;
mod worker;

pub use api::*;
pub use frame::{read_frame, write_frame};
pub use pool::*;
