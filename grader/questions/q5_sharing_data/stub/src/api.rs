//! Given: the types that the grader looks into. Nothing to do here.

/// In which order a queue gives out its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The oldest first.
    Fifo,
    /// The newest first.
    Lifo,
    /// The smallest first; of equal ones the oldest.
    Priority,
}

/// Why there is no item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GetError {
    /// There is none now.
    Empty,
    /// None came within the limit.
    TimedOut,
    /// There is none, and none will come.
    Closed,
}

/// The queue is closed; here is the item that it did not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed<T>(pub T);

/// Whoever had this before died with it; here it is, for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HolderDied<G>(pub G);
