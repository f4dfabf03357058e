//! The calls of a daemon in a script, and what is written down of its beats.

use wire::script::{Op, limit_told};

/// `start`, with a [`limit`] for `every` and a [`Plan`]. The thread keeps the daemon
/// and counts its daemons from 0.
pub const START: u64 = 0;
/// `stop` of one of its daemons; 0 comes back, or 1 and the letters of the error's message.
pub const STOP: u64 = 1;
/// Drops one of its daemons; with a 1 it goes because the caller panics.
pub const DROP: u64 = 2;
/// Waits until one of its daemons has begun so many beats.
pub const AWAIT: u64 = 3;

/// A beat begins; args: which daemon, the time in nanoseconds, whether its thread is the one that started the daemon.
pub const BEAT: u64 = 100;
/// A beat has ended well; args: which daemon.
pub const BEAT_ENDED: u64 = 101;
/// A beat is about to panic; args: which daemon; text: what the panic says.
pub const BEAT_PANICS: u64 = 102;
/// The number of threads besides the caller that are there when a daemon has been stopped or dropped; args: it, and how
/// many daemons have not been.
pub const STILL_THERE: u64 = 103;

/// A closure that was called again and again is dropped; args: which daemon.
pub const BEAT_DROPPED: u64 = 104;

pub use wire::ON_PURPOSE;
pub use wire::script::limit;
/// What is said of a panic that is no text.
pub const NO_TEXT: &str = "panic without a message";

/// What a daemon's beats do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How long each takes.
    pub seconds: u64,
    /// Which of them panics, from 1; 0 for none.
    pub panic_at: u64,
    /// With what: 0 for a text that is fixed, 1 for one that is made, 2 for no text.
    pub payload: u64,
}

impl Plan {
    /// As a number of a call.
    pub const fn word(self) -> u64 {
        self.seconds * 1000 + self.panic_at * 10 + self.payload
    }

    /// Reads [`Plan::word`].
    pub const fn of(word: u64) -> Self {
        Self { seconds: word / 1000, panic_at: word / 10 % 100, payload: word % 10 }
    }
}

/// A call as a student would write it.
pub fn call(op: Op) -> String {
    match op[0] {
        START => format!("Daemon::start({}, beat)", limit_told(op[1])),
        STOP => "stop()".into(),
        DROP if op[2] == 1 => "a panic of the owner, which drops the daemon".into(),
        DROP => "drop(daemon)".into(),
        _ => format!("waits for beat {}", op[2]),
    }
}

/// The text of some letters.
pub fn text(letters: &[u64]) -> String {
    letters.iter().filter_map(|&letter| char::from_u32(u32::try_from(letter).ok()?)).collect()
}

/// What came back.
pub fn result(op: Op, result: &[u64]) -> String {
    match (op[0], result) {
        (STOP, [0]) => " -> Ok(())".into(),
        (STOP, [_, letters @ ..]) => format!(" -> Err(\"{}\")", text(letters)),
        _ => String::new(),
    }
}
