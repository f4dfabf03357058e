//! The words that the driver and the checks of this question share.
//!
//! Numbers only: the driver writes them, the checks read them.

/// An operation on the list, in a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Add this number.
    Add(u64),
    /// Remove a number.
    Remove,
    /// Ask how many there are.
    Len,
    /// Ask whether there is none.
    IsEmpty,
    /// Ask for the history.
    History,
    /// Look at the numbers.
    Inspect,
    /// Look at the numbers and panic.
    InspectAndPanic,
}

impl Op {
    /// Two numbers for each operation.
    pub fn to_words(ops: &[Op]) -> Vec<u64> {
        ops.iter().flat_map(|op| op.pair()).collect()
    }

    /// The two numbers of one operation.
    pub fn pair(self) -> [u64; 2] {
        match self {
            Op::Add(number) => [0, number],
            Op::Remove => [1, 0],
            Op::Len => [2, 0],
            Op::IsEmpty => [3, 0],
            Op::History => [4, 0],
            Op::Inspect => [5, 0],
            Op::InspectAndPanic => [6, 0],
        }
    }

    /// Reads what [`Op::to_words`] wrote; what it does not know is left out.
    pub fn from_words(words: &[u64]) -> Vec<Op> {
        words.as_chunks::<2>().0.iter().filter_map(|&pair| Op::from_pair(pair)).collect()
    }

    /// Reads what [`Op::pair`] wrote.
    pub fn from_pair(pair: [u64; 2]) -> Option<Op> {
        Some(match pair {
            [0, number] => Op::Add(number),
            [1, _] => Op::Remove,
            [2, _] => Op::Len,
            [3, _] => Op::IsEmpty,
            [4, _] => Op::History,
            [5, _] => Op::Inspect,
            [6, _] => Op::InspectAndPanic,
            _ => return None,
        })
    }
}

impl Op {
    /// The call as a student would write it.
    pub fn call(self) -> String {
        match self {
            Op::Add(number) => format!("add({number})"),
            Op::Remove => "remove()".into(),
            Op::Len => "len()".into(),
            Op::IsEmpty => "is_empty()".into(),
            Op::History => "history()".into(),
            Op::Inspect => "inspect(..)".into(),
            Op::InspectAndPanic => "inspect(|_| panic!())".into(),
        }
    }

    /// The call and what came back.
    pub fn call_with_result(self, result: &[u64]) -> String {
        let call = self.call();
        match self {
            Op::Add(_) | Op::InspectAndPanic => call,
            Op::Remove => match result.first() {
                Some(number) => format!("{call} -> Some({number})"),
                None => format!("{call} -> None"),
            },
            Op::Len => format!("{call} -> {}", result.first().copied().unwrap_or_default()),
            Op::IsEmpty => format!("{call} -> {}", result == [1]),
            Op::History => format!("{call} -> {}", history(result.as_chunks::<2>().0)),
            Op::Inspect => format!("{call} saw {result:?}"),
        }
    }
}

/// A history in words; of long ones the beginning.
pub fn history(events: &[[u64; 2]]) -> String {
    let names: Vec<String> = events
        .iter()
        .take(12)
        .map(|event| match event {
            [0, number] => format!("Added({number})"),
            [1, number] => format!("Removed({number})"),
            _ => "Empty".into(),
        })
        .collect();
    let more = if events.len() > 12 { ", ..." } else { "" };
    format!("[{}{more}]", names.join(", "))
}

/// What `pause` does, in the scene of `add_and_remove`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// Return at once.
    Nothing,
    /// At its first two visits, wait for the other thread.
    Meet,
    /// Hold whoever pauses first until the other has paused twice.
    HoldFirst,
    /// Let a long time pass, and longer for the thread that paused first.
    Rest,
    /// Panic at this visit of a thread, counting from 1.
    PanicAt(u64),
}

impl Pause {
    /// Two numbers.
    pub fn pair(self) -> [u64; 2] {
        match self {
            Pause::Nothing => [0, 0],
            Pause::Meet => [1, 0],
            Pause::Rest => [2, 0],
            Pause::PanicAt(visit) => [3, visit],
            Pause::HoldFirst => [4, 0],
        }
    }

    /// Reads what [`Pause::pair`] wrote.
    pub fn from_pair(pair: [u64; 2]) -> Option<Pause> {
        Some(match pair {
            [0, _] => Pause::Nothing,
            [1, _] => Pause::Meet,
            [2, _] => Pause::Rest,
            [3, visit] => Pause::PanicAt(visit),
            [4, _] => Pause::HoldFirst,
            _ => return None,
        })
    }
}

/// An operation begins; args: its pair.
pub const BEGIN: u64 = 1;
/// An operation has returned; args: its pair, then its result.
pub const END: u64 = 2;
/// An operation has panicked; args: its pair.
pub const BROKE: u64 = 3;
/// A thread has called `pause`; its number is the world's.
pub const PAUSE: u64 = 4;
/// A thread waited at the gate in vain; args: why.
pub const STALLED: u64 = wire::Entry::STALLED;
/// `add_and_remove` has returned.
pub const RETURNED: u64 = 6;
/// `add_and_remove` has panicked.
pub const PANICKED: u64 = 7;
/// Threads that called `pause` and had not ended after the call; args: their numbers.
pub const STILL_THERE: u64 = 8;
/// How often anybody slept; args: one number.
pub const SLEEPS: u64 = 9;
/// The final history; args: pairs of kind (0 added, 1 removed, 2 empty) and number.
pub const HISTORY: u64 = 10;
/// The numbers left at the end.
pub const LEFT: u64 = 11;

/// Threads, besides the caller, that were there when the list was gone; args: their numbers.
pub const THREADS_LEFT: u64 = 12;
/// How much virtual time `add_and_remove` took, in nanoseconds.
pub const ELAPSED: u64 = 13;
/// `look` begins to look.
pub const LOOK: u64 = 14;
/// `look` has looked.
pub const LOOKED: u64 = 15;

/// This thread was held in its first pause until the other had paused twice.
pub const HELD: u64 = 16;

pub use wire::ON_PURPOSE;
