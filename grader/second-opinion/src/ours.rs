//! The bodies under the explorer.

/// The engine.
pub(crate) use interleave_std as lab;

#[path = "bodies.rs"]
pub(crate) mod bodies;
