//! What a run leaves on record: the entries that the driver writes while the answer works.
//!
//! Knows nothing of what the entries mean and of how threads are scheduled.

use crate::codec::{Malformed, Reader, Writer};
use crate::digest;
use crate::message::{Schedule, read_schedule, write_schedule};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who: a number that the driver gave to a thread.
    pub thread: u64,
    /// What, in the words of the question.
    pub word: u64,
    /// Its numbers.
    pub args: Vec<u64>,
    /// Its text, mostly empty.
    pub text: String,
}

/// Why the engine could not bring a schedule to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFailure {
    /// A fault word, or [`EngineFailure::TAINTED`].
    pub fault: String,
    /// What happened, in one sentence.
    pub headline: String,
    /// Who waits for what.
    pub waits: Vec<String>,
}

impl EngineFailure {
    /// Not a fault: something besides the answer had a hand in the run, so it proves nothing.
    pub const TAINTED: &str = "Tainted";
}

/// One run of a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Which run it was.
    pub schedule: Schedule,
    /// How many scheduling points it had (0 in the real world).
    pub steps: u32,
    /// How often the processor went from one thread to another (0 in the real world).
    pub switches: u32,
    /// Whether a load read a value that had already been replaced.
    pub old_read: bool,
    /// What happened, in order.
    pub entries: Vec<Entry>,
    /// Why it has no end, if it has none.
    pub failure: Option<EngineFailure>,
}

impl Entry {
    /// The word of a panic, in every question; `text` is its message and place.
    pub const PANIC: u64 = u64::MAX;

    /// The word for a thread that waited at a gate in vain; its one number says why. 0: no other
    /// thread was there; 1: one waits for a lock that this thread holds; 2: one waits for something
    /// else; 3: one waits, and nobody can tell for what.
    pub const STALLED: u64 = u64::MAX - 1;

    /// The word for a call of a scene that panicked, in every question about processes; its one number
    /// is the call's place.
    pub const CALL_PANICKED: u64 = u64::MAX - 2;
}

impl Run {
    /// Whether the same is on record in both, and nothing else: how long it took to get there does not count.
    pub fn tells_as(&self, other: &Run) -> bool {
        self.entries == other.entries && self.failure == other.failure
    }

    /// A number for what is on record: the same for all that [tell the same](Run::tells_as), and seldom for others. One step for
    /// each number of an entry, as in FNV-1a (Fowler, Noll and Vo).
    pub fn fingerprint(&self) -> u64 {
        let step = |hash: u64, number: u64| (hash ^ number).wrapping_mul(0x0100_0000_01b3).rotate_left(29);
        let of_entry = |hash: u64, entry: &Entry| {
            let hash = step(step(hash, entry.thread), entry.word);
            let hash = entry.args.iter().fold(hash, |hash, &number| step(hash, number));
            if entry.text.is_empty() { hash } else { step(hash, digest(entry.text.as_bytes())) }
        };
        self.entries.iter().fold(self.failure.is_some().into(), of_entry)
    }

    /// About how many bytes this run takes in a message.
    pub fn size_bytes(&self) -> usize {
        let entries: usize = self.entries.iter().map(|e| 40 + 8 * e.args.len() + e.text.len()).sum();
        let failure = self.failure.as_ref().map_or(0, |failure| {
            200 + failure.headline.len() + failure.waits.iter().map(|w| 8 + w.len()).sum::<usize>()
        });
        64 + entries + failure
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        write_schedule(to, &self.schedule);
        to.number(self.steps.into());
        to.number(self.switches.into());
        to.number(self.old_read.into());
        to.list(&self.entries, |to, entry| {
            to.number(entry.thread);
            to.number(entry.word);
            to.numbers(&entry.args);
            to.text(&entry.text);
        });
        to.number(self.failure.is_some().into());
        if let Some(failure) = &self.failure {
            to.text(&failure.fault);
            to.text(&failure.headline);
            to.texts(&failure.waits);
        }
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Run {
            schedule: read_schedule(from)?,
            steps: from.small()?,
            switches: from.small()?,
            old_read: from.number()? != 0,
            entries: from.list(|from| {
                Ok(Entry {
                    thread: from.number()?,
                    word: from.number()?,
                    args: from.numbers()?,
                    text: from.text()?,
                })
            })?,
            failure: match from.number()? {
                0 => None,
                _ => {
                    Some(EngineFailure { fault: from.text()?, headline: from.text()?, waits: from.texts()? })
                }
            },
        })
    }
}

/// Collects the entries of the run that is going on.
///
/// The lock inside is the real one in both worlds, so that recording is no step of a schedule and
/// orders nothing in the model's memory.
#[derive(Debug, Default)]
pub struct Recorder {
    entries: Mutex<Vec<Entry>>,
}

/// More entries than any run of ours makes: a bound on what a strange answer can make us keep.
const MAX_ENTRIES: usize = 4096;

impl Recorder {
    /// Makes an empty recorder.
    pub const fn new() -> Self {
        Self { entries: Mutex::new(Vec::new()) }
    }

    /// Adds an entry. Entries over 4096 a run are dropped.
    pub fn write(&self, entry: Entry) {
        let mut entries = self.lock();
        if entries.len() < MAX_ENTRIES {
            entries.push(entry);
        }
    }

    /// Takes all entries out.
    pub fn take(&self) -> Vec<Entry> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts something per thread. Like the [`Recorder`], no step of any schedule.
#[derive(Debug, Default)]
pub struct Tally {
    /// In the order in which the threads were first counted.
    counts: Mutex<Vec<(u64, u64)>>,
}

impl Tally {
    /// Adds one for `thread` and returns its count, from 1 on.
    pub fn count(&self, thread: u64) -> u64 {
        let mut counts = self.lock();
        match counts.iter_mut().find(|(counted, _)| *counted == thread) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                counts.push((thread, 1));
                1
            }
        }
    }

    /// The threads counted so far, in the order in which they were first counted.
    pub fn threads(&self) -> Vec<u64> {
        self.lock().iter().map(|(thread, _)| *thread).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(u64, u64)>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
