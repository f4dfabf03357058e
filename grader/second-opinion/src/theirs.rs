//! The bodies under Shuttle.

/// The engine.
pub(crate) use shuttle as lab;

#[expect(clippy::duplicate_mod, reason = "the same bodies twice is the point")]
#[path = "bodies.rs"]
pub(crate) mod bodies;
