//! The bodies under the explorer.

/// The engine.
pub(crate) use ::ours as lab;

#[path = "bodies.rs"]
pub(crate) mod bodies;
