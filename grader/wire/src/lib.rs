//! What the judge and the respondent say to each other, and nothing else.
//!
//! The judge sends [`Request`]s, the respondent answers with [`Reply`]s, one message a datagram on
//! a socket pair. The respondent's process runs a stranger's code, so every byte from it is read
//! with bounds and without trust: a malformed message is a [`Malformed`] value, never a panic.
//!
//! This crate knows no question and no check. It is compiled against the real `std` only, which is
//! why the [`Recorder`] lives here: what it locks is no step of any schedule.

#![forbid(unsafe_code)]

pub mod actors;
mod codec;
mod digest;
mod message;
mod policy;
mod reaper;
mod record;
mod rendezvous;
pub mod script;

pub use codec::Malformed;
pub use digest::{digest, digest_after, long_text};
pub use message::{Challenge, MAX_MESSAGE_BYTES, Reply, Request, Schedule};
pub use policy::{BOX_FAILED, CANARY, Most, Policy};
pub use reaper::{Notice, REAP, Wish};
pub use record::{EngineFailure, Entry, Recorder, Run, Tally};
pub use rendezvous::CheckIn;

/// The message of panics that a driver makes on purpose.
pub const ON_PURPOSE: &str = "a panic of the judge's making";

/// The descriptor number at which the respondent finds its end of the socket pair.
pub const DRIVER_FD: i32 = 4;
