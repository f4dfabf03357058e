//! One call of `retry` in a script, and what is seen of it.

use wire::script::{Op, pack};

/// `retry`; what happened comes back, event by event: kind, number, and the nanoseconds since the call.
pub const RETRY: u64 = 0;

/// `primary` is called; the number counts the calls.
pub const TRY: u64 = 0;
/// `backoff` is asked, with this number.
pub const BACKOFF: u64 = 1;
/// `fallback` is called, with this error.
pub const FALLBACK: u64 = 2;
/// `retry` returned this value.
pub const VALUE: u64 = 3;
/// `retry` returned this error.
pub const ERROR: u64 = 4;
/// `retry` panicked; the number is the kind of what panicked first, [`STOPPED`] if nobody was meant to.
pub const PANICKED: u64 = 5;

/// The number of a panic that stops what would go on for ever, or that is the answer's own.
pub const STOPPED: u64 = 9;

/// After so many tries the driver stops them.
pub const ENOUGH: u64 = 12;

/// A pause of more than a century.
pub const AGES: u64 = 255;

pub use wire::ON_PURPOSE;

/// What one call is to meet. All are below 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How many tries there are; 255 stands for `u32::MAX`.
    pub times: u64,
    /// Which try succeeds; 0 for none.
    pub good_at: u64,
    /// What `fallback` does: [`VALUE`], [`ERROR`] or [`PANICKED`].
    pub fallback: u64,
    /// Which try panics; 0 for none.
    pub try_breaks: u64,
    /// Which pause panics; 0 for none.
    pub pause_breaks: u64,
    /// Pauses are multiples of so many seconds; [`AGES`] stands for more than 32 bits hold.
    pub pause_s: u64,
    /// Each try takes so many seconds.
    pub try_s: u64,
    /// Each answer of `backoff` takes so many seconds.
    pub ask_s: u64,
}

impl Plan {
    const fn numbers(self) -> [u64; 8] {
        [
            self.times,
            self.good_at,
            self.fallback,
            self.try_breaks,
            self.pause_breaks,
            self.pause_s,
            self.try_s,
            self.ask_s,
        ]
    }

    /// A call whose values and errors begin with this number.
    pub const fn op(self, base: u64) -> Op {
        [RETRY, pack(&self.numbers()), base]
    }

    /// Reads what [`Plan::op`] wrote.
    pub fn of(op: Op) -> Plan {
        let [times, good_at, fallback, try_breaks, pause_breaks, pause_s, try_s, ask_s] =
            op[1].to_le_bytes().map(u64::from);
        Plan { times, good_at, fallback, try_breaks, pause_breaks, pause_s, try_s, ask_s }
    }

    /// How long the pause after so many failures is, in seconds: no rule that anybody would guess.
    pub fn pause_after(self, failed: u64) -> u64 {
        let rule = [2, 1, 3, 0, 2];
        let place = usize::try_from(failed.saturating_sub(1)).unwrap_or_default();
        let unit = if self.pause_s == AGES { 1 << 32 } else { self.pause_s };
        unit * rule[place % rule.len()]
    }
}

/// The value or error of this try; [`ENOUGH`] is the fallback's.
pub fn number(base: u64, of: u64) -> u64 {
    base * 100 + of
}

/// A call as a student would write it.
pub fn call(op: Op) -> String {
    let plan = Plan::of(op);
    let mut text = match plan.times {
        255 => "retry(u32::MAX times".to_owned(),
        times => format!("retry({times} times"),
    };
    let mut add = |when: bool, what: String| {
        if when {
            text.push_str(&what);
        }
    };
    add(plan.good_at > 0, format!(", try {} succeeds", plan.good_at));
    add(plan.try_breaks > 0, format!(", try {} panics", plan.try_breaks));
    add(plan.pause_breaks > 0, format!(", backoff({}) panics", plan.pause_breaks));
    add(plan.good_at == 0 && plan.fallback == ERROR, ", fallback fails".into());
    add(plan.good_at == 0 && plan.fallback == PANICKED, ", fallback panics".into());
    text + ")"
}

/// What came back: the last event.
pub fn result(_: Op, result: &[u64]) -> String {
    match result.as_chunks::<3>().0.last() {
        Some(&[VALUE, value, _]) => format!(" -> Ok({value})"),
        Some(&[ERROR, error, _]) => format!(" -> Err({error})"),
        _ => ", which panics".into(),
    }
}

/// An event in words.
pub fn event(kind: u64, number: u64) -> String {
    match kind {
        TRY => format!("calls `primary` for the {}", nth(number)),
        BACKOFF => format!("asks `backoff({number})`"),
        FALLBACK => format!("calls `fallback` with error {number}"),
        VALUE => format!("returns Ok({number})"),
        ERROR => format!("returns Err({number})"),
        _ => match number {
            TRY => "panics with the panic of `primary`".into(),
            BACKOFF => "panics with the panic of `backoff`".into(),
            FALLBACK => "panics with the panic of `fallback`".into(),
            _ => "does not stop, or panics on its own".into(),
        },
    }
}

fn nth(number: u64) -> String {
    match number {
        1 => "first time".into(),
        2 => "second time".into(),
        3 => "third time".into(),
        _ => format!("{number}th time"),
    }
}
