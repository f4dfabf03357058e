//! Question 6: what becomes of exceptions in concurrent programs.
//!
//! Each file is a part of its own, graded apart from the others: it uses the standard library, the types given in `api`
//! (`processes` and `shutdown` also those in `child_error`, and the crates that their README sections name), and nothing of another
//! part.

#![forbid(unsafe_code)]

pub mod accounts;
pub mod api;
pub mod child_error;
pub mod context;
pub mod daemon;
pub mod futures;
pub mod processes;
pub mod resources;
pub mod retry;
pub mod shutdown;
pub mod threads;
