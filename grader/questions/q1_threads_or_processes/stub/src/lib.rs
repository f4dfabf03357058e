//! Question 1: the same jobs in threads and in processes, and when to choose which.
//!
//! Each file besides the given ones is a part; every sentence in it that promises something is checked.

#![forbid(unsafe_code)]

pub mod api;
pub mod choose;
pub mod measure;
pub mod processes;
pub mod run_error;
pub mod threads;
