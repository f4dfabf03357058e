//! The judge: grades answers that it does not trust.
//!
//! Data flows one way, and the modules stand in its order:
//!
//! ```text
//! submission ─► build ─► run ─► judge ─► score ─► report
//! ```
//!
//! A student's mistake is a value ([`verdict::Verdict`]); an `Err` means that the grader itself
//! could not do its work, and costs nobody anything. No answer is ever loaded into this process:
//! answers run as *respondents*, in processes of their own, and are asked over a socket.

#![deny(unsafe_code)]

mod error;
mod scratch;

pub mod cache;
pub mod catalogue;
pub mod experiment;
pub mod submission;
pub mod trial;

pub mod build;
pub mod sandbox;
pub mod screen;

mod observe;
pub mod run;

pub mod fault;
pub mod judge;
pub mod verdict;

mod actors;
pub mod bank;
pub mod drill;
pub mod exit;
pub mod grade;
mod history;
pub mod lanes;
mod leftovers;
pub mod quiz;
pub mod replay;
pub mod report;
pub mod score;
mod script;
mod story;
pub mod timeline;
mod trials;

pub use error::{ErrorKind, GraderError, Result};
