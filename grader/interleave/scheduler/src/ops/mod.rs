//! The visible operations, one file a family. Each begins with a scheduling point, leaves a step in the trace,
//! and does nothing at all outside a schedule: then it says so, and the caller does the real thing.
//!
//! Nothing here stores a user's data; that stays in real locks and cells of the modelled types.

pub mod atomic;
pub mod condvar;
pub mod lock;
pub mod monitor;
pub mod thread;
pub mod time;
