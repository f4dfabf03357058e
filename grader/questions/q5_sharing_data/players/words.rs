//! Several processes that use one tool, call by call: how their calls are written down, and how each tells what came of one.
//!
//! Knows no tool: what a call of a tool does is told by a code that the part gives it.

/// One call of one player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// 0 is the caller; the others are children that are started.
    pub player: u64,
    /// Whether the player checks in with the judge when the call is over, and waits there.
    pub tells: bool,
    /// What it does: one of those below, or one of the part's own.
    pub code: u64,
    /// With what.
    pub args: Vec<u64>,
}

impl Call {
    /// The call as numbers.
    pub fn to_words(&self) -> Vec<u64> {
        [&[self.player, self.tells.into(), self.code], self.args.as_slice()].concat()
    }

    /// Reads what [`Call::to_words`] wrote.
    pub fn from_words(words: &[u64]) -> Option<Self> {
        match words {
            [player, tells, code, args @ ..] => {
                Some(Call { player: *player, tells: *tells == 1, code: *code, args: args.to_vec() })
            }
            _ => None,
        }
    }
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// What: one of those below, or one of the part's own (at most 0xff).
    pub kind: u64,
    /// Its number, of which 40 bits count.
    pub detail: u64,
}

const DETAIL: u64 = (1 << 40) - 1;

impl Told {
    /// Cuts the number to what can be told.
    pub fn new(kind: u64, detail: u64) -> Self {
        Told { kind, detail: detail & DETAIL }
    }

    /// The task as which the player checks in after the call with this place in the scene.
    pub fn task(self, call: usize) -> u64 {
        (call as u64 + 1) << 48 | self.kind << 40 | self.detail
    }

    /// Reads a task: which call, and what came of it. `None` for a [`HOLD`].
    pub fn from_task(task: u64) -> Option<(usize, Told)> {
        let call = usize::try_from((task >> 48).checked_sub(1)?).ok()?;
        Some((call, Told { kind: task >> 40 & 0xff, detail: task & DETAIL }))
    }
}

/// Start this player, as a child. Only the caller waits for its own.
pub const START: u64 = 200;
/// Wait for the end of this player.
pub const WAIT: u64 = 201;
/// Stand at this checkpoint.
pub const CHECKPOINT: u64 = 202;
/// From here on these faults, as in `drivers-faults`, also in players that are started later.
pub const FAULTS: u64 = 203;
/// Check in as this task, a small number, and wait there.
pub const HOLD: u64 = 204;
/// End at once: nothing is dropped.
pub const LEAVE: u64 = 205;
/// Have the system refuse to open more than so many descriptors more.
pub const FEW_FILES: u64 = 206;
/// Have the system open descriptors again.
pub const FILES: u64 = 207;
/// Block `SIGTERM`, also in processes that are started later.
pub const BLOCK_TERM: u64 = 208;

/// Milliseconds, 50 days, of which 32 bits are next to nothing.
pub const WRAPS: u64 = (1 << 32) + 1;

/// How something is dropped: as what a body owns when it panics.
pub const UNWINDS: u64 = 1;

/// Of the faults: every third call that could sleep is interrupted by a signal.
pub const INTERRUPTED: u64 = 2;
/// Of the faults: what is read comes in pieces, each after half of the limit.
pub const PIECEMEAL: u64 = 64;
/// The same of [`FAULTS`]: whoever next learns from a wait that something has come is stopped before it can take that.
pub const SEES_AND_STOPS: u64 = 128;
/// The same: whoever next reads a page or more at once is stopped before it can read on.
pub const STOPS_AMID: u64 = 256;
/// Of the faults: a signal comes whenever the time of a wait is up.
pub const LATE: u64 = 16;

/// The call panicked.
pub const PANICKED: u64 = 0xff;
/// There was nothing to do it with: an earlier call has failed.
pub const NOTHING: u64 = 0xfe;
/// The call is over, and has nothing to tell.
pub const DONE: u64 = 0xfd;
/// The child could not be started, since the process has more than one thread.
pub const THREADS: u64 = 0xfc;

/// A text of so many bytes that has this number written all over it.
pub fn body(number: u64, bytes: u64) -> String {
    wire::long_text(number, usize::try_from(bytes).unwrap_or_default())
}

/// A number that stands for a text and those before it.
pub fn digest(before: u64, number: u64, text: &str) -> u64 {
    wire::digest_after(before, &[&number.to_le_bytes(), text.as_bytes()])
}
