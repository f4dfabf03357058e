//! What happened: one small record a step, rendered only if somebody asks for the story.
//!
//! Knows how to store a step, not what the step meant for the schedule.

use std::sync::atomic::Ordering;

use crate::names::Site;
use crate::object::ObjectIndex;
use crate::probe::ThreadRef;

/// One line of the story.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) thread: ThreadRef,
    pub(crate) verb: &'static str,
    pub(crate) object: Option<ObjectIndex>,
    pub(crate) site: Site,
    pub(crate) detail: Detail,
}

/// What a step adds to its verb and its object.
#[derive(Clone, Debug, Default)]
pub(crate) enum Detail {
    #[default]
    None,
    /// Must wait for a lock that this thread has held since then.
    HeldBy(ThreadRef, Site),
    /// The thread that the step is about.
    Thread(ThreadRef),
    /// Whether a thread has ended.
    Finished(ThreadRef, bool),
    /// The thread that the step wakes.
    Wakes(ThreadRef),
    /// How many threads a notification found waiting.
    Waiting(u32),
    /// Where the lock that is given back was taken.
    TakenAt(Site),
    /// The lock that a waiting thread gives up.
    GivesUp(ObjectIndex),
    /// A value read or written.
    Value(u64, Ordering),
    /// A value that a newer store had already replaced.
    OldValue(u64, Ordering),
    /// A read-modify-write.
    Change(u64, u64, Ordering),
    /// A compare-exchange that failed because it found this value.
    Found(u64, Ordering),
    /// A compare-exchange that failed although it found the expected value.
    FailedSpuriously(u64),
    /// A fence or any other step that has only an ordering.
    Order(Ordering),
    /// A virtual duration in nanoseconds.
    Nanos(u64),
    /// Where a panic happened, and its message.
    Panic(Box<str>, Box<str>),
    /// Anything else.
    Note(Box<str>),
    /// Anything else, known at compile time.
    Says(&'static str),
}
