//! What the list tells about itself. Given: the grader uses its own copy of this file.

/// One step in the life of a [`NumberList`](crate::NumberList).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// This number was added.
    Added(u64),
    /// This number was removed.
    Removed(u64),
    /// Somebody tried to remove while the list was empty.
    Empty,
}
