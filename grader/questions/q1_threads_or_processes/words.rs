//! The words of each part, a folder each.

#[path = "threads/words.rs"]
pub mod threads;
