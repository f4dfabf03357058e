//! The alias `std`: everything from the real standard library, with `sync`, `thread`, `time` and `hint` replaced by
//! modules whose every visible operation is a scheduling point of [`interleave`].
//!
//! A program compiled with `--extern std=libinterleave_std.rlib` needs no change at all. Outside a schedule the types
//! behave like the real ones. The replaced modules list their items one by one: an item without a model does not
//! compile, instead of slipping past the scheduler. The scheduler itself cannot be named through this crate.

pub use std::*;

pub mod hint;
pub mod sync;
pub mod thread;
pub mod time;
