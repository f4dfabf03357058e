//! The things that threads share: locks, condition variables, channels, atomics.
//!
//! Knows who holds what and since where. What holding means is decided in `ops`.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use crate::clock::VectorClock;
use crate::context;
use crate::memory::History;
use crate::names::{Site, short_type};
use crate::probe::ThreadRef;

/// Bits of an [`ObjectId`] that hold the index; the rest hold the schedule's epoch.
const INDEX_BITS: u32 = 24;

/// Sits inside every modelled object and says which entry of the running schedule's table is its own.
/// An id of an earlier schedule is simply out of date, so statics start afresh in every schedule.
#[derive(Debug, Default)]
pub struct ObjectId(AtomicU64);

impl ObjectId {
    /// An object that no schedule has met.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub(crate) fn index_in(&self, epoch: u64) -> Option<ObjectIndex> {
        let packed = self.0.load(Relaxed);
        (packed >> INDEX_BITS == epoch).then_some(ObjectIndex((packed & ((1 << INDEX_BITS) - 1)) as u32))
    }

    pub(crate) fn bind(&self, epoch: u64, index: ObjectIndex) {
        self.0.store(epoch << INDEX_BITS | u64::from(index.0), Relaxed);
    }
}

/// How the current thread comes to an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meeting {
    /// No thread of its schedule has used it yet.
    First,
    /// Its schedule knows it.
    Again,
    /// The thread belongs to no schedule.
    Outside,
}

/// How the current thread comes to the object of this identity.
#[must_use]
pub fn meeting(id: &ObjectId) -> Meeting {
    match context::epoch() {
        context::NO_EPOCH => Meeting::Outside,
        epoch if id.index_in(epoch).is_some() => Meeting::Again,
        _ => Meeting::First,
    }
}

/// An entry of a schedule's object table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ObjectIndex(pub(crate) u32);

/// What a modelled type tells about itself when one of its values is met for the first time.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// `Mutex`, `Condvar`, `AtomicU32` …
    pub label: &'static str,
    /// Full name of the type argument, or nothing.
    pub type_name: &'static str,
    /// How values are printed.
    pub shape: Shape,
}

impl Kind {
    /// A kind of object without printable values.
    #[must_use]
    pub const fn new(label: &'static str, type_name: &'static str) -> Self {
        Self { label, type_name, shape: Shape::Unsigned }
    }
}

/// How the 64 bits of an atomic are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// A number without a sign.
    Unsigned,
    /// A number with a sign.
    Signed,
    /// `null` or `a pointer`: an address would differ from run to run.
    Pointer,
}

impl Shape {
    pub(crate) fn show(self, bits: u64) -> String {
        match self {
            Self::Bool => (bits != 0).to_string(),
            Self::Unsigned => bits.to_string(),
            Self::Signed => (bits as i64).to_string(),
            Self::Pointer => if bits == 0 { "null" } else { "a pointer" }.to_owned(),
        }
    }
}

/// A thread that holds a lock, and where it took it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold {
    pub(crate) thread: ThreadRef,
    pub(crate) since: Site,
}

/// One shared object of a schedule.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    pub(crate) number: u32,
    /// Who has it for itself alone.
    pub(crate) owner: Option<Hold>,
    /// Who shares it for reading.
    pub(crate) readers: Vec<Hold>,
    /// Everything that a thread learns by taking it.
    pub(crate) clock: VectorClock,
    pub(crate) history: History,
    /// Somebody asks whether it is free: then also the moment before it is given back can be seen.
    pub(crate) tried: bool,
    /// The last notification that found nobody waiting.
    pub(crate) idle_notify: Option<Hold>,
}

impl Object {
    pub(crate) fn new(kind: Kind, number: u32) -> Self {
        Self {
            kind,
            number,
            owner: None,
            readers: Vec::new(),
            clock: VectorClock::default(),
            history: History::default(),
            tried: false,
            idle_notify: None,
        }
    }

    /// `Mutex#1<Vec<u64>>`
    pub(crate) fn name(&self) -> String {
        let Kind { label, type_name, .. } = self.kind;
        match type_name {
            "" => format!("{label}#{}", self.number),
            full => format!("{label}#{}<{}>", self.number, short_type(full)),
        }
    }

    /// Whether holding it counts as holding a lock in the eyes of a student.
    pub(crate) fn is_lock(&self) -> bool {
        matches!(self.kind.label, "Mutex" | "RwLock")
    }

    /// Everybody who holds it, the sole owner or all readers.
    pub(crate) fn holders(&self) -> impl Iterator<Item = &Hold> {
        self.owner.iter().chain(&self.readers)
    }
}
