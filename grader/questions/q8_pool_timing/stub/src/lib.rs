//! Question 8: the squares of many numbers, computed in process pools of several sizes and timed.
//!
//! Everything you write goes into `src/timing.rs`; every sentence there that promises something is
//! checked. This file and `src/api.rs` are given.

#![forbid(unsafe_code)]

mod api;
mod timing;

pub use api::*;
pub use timing::*;
