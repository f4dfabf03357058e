//! One call of `with_resource` in a script, and what is seen of it.

use wire::script::{Op, pack};

/// `with_resource`; what happened comes back, event by event: kind, number, and the nanoseconds since the call.
pub const WITH: u64 = 0;

/// `acquire` is called, for the resource of this number.
pub const ACQUIRE: u64 = 0;
/// `use_` gets this resource.
pub const USE: u64 = 1;
/// `release` gets this resource.
pub const RELEASE: u64 = 2;
/// This resource was dropped without a release.
pub const DROPPED: u64 = 3;
/// `with_resource` returned this value.
pub const VALUE: u64 = 4;
/// `with_resource` returned this error.
pub const ERROR: u64 = 5;
/// `with_resource` panicked; the number is the kind of what had panicked, [`OTHER`] if it was none of them.
pub const PANICKED: u64 = 6;
/// The number of a panic of the answer's own.
pub const OTHER: u64 = 9;

pub use wire::ON_PURPOSE;

/// Brings what it should.
pub const WELL: u64 = 0;
/// Returns an error.
pub const FAILS: u64 = 1;
/// Panics.
pub const PANICS: u64 = 2;

/// What one call is to meet. All are below 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How `acquire` ends.
    pub acquire: u64,
    /// How `use_` ends; of nested calls the inner one.
    pub use_: u64,
    /// How `release` ends: [`WELL`] or [`PANICS`]; of nested calls the inner one.
    pub release: u64,
    /// Whether `use_` makes a call of the same kind, for a resource of its own, whose end becomes its own.
    pub nested: u64,
    /// Whether all this happens in a destructor while the thread unwinds.
    pub unwinding: u64,
    /// `use_` takes so many seconds.
    pub use_s: u64,
}

impl Plan {
    /// A call whose numbers begin with this one.
    pub const fn op(self, base: u64) -> Op {
        let numbers = [self.acquire, self.use_, self.release, self.nested, self.unwinding, self.use_s];
        [WITH, pack(&numbers), base]
    }

    /// Reads what [`Plan::op`] wrote.
    pub fn of(op: Op) -> Plan {
        let [acquire, use_, release, nested, unwinding, use_s, ..] = op[1].to_le_bytes().map(u64::from);
        Plan { acquire, use_, release, nested, unwinding, use_s }
    }
}

/// The number of the resource of this depth, and of what comes of it.
pub fn number(base: u64, depth: u64) -> u64 {
    base * 10 + depth
}

/// A call as a student would write it.
pub fn call(op: Op) -> String {
    let plan = Plan::of(op);
    let ends = |what: &str, end: u64| match end {
        FAILS => format!(", {what} fails"),
        PANICS => format!(", {what} panics"),
        _ => String::new(),
    };
    let inner = if plan.nested > 0 { ", one in another" } else { "" };
    let place = if plan.unwinding > 0 { ", in a destructor" } else { "" };
    format!(
        "with_resource({}{}{}{}{inner}{place})",
        op[2],
        ends("acquire", plan.acquire),
        ends("use_", plan.use_),
        ends("release", plan.release)
    )
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
        ACQUIRE => format!("calls `acquire` for resource {number}"),
        USE => format!("calls `use_` with resource {number}"),
        RELEASE => format!("calls `release` with resource {number}"),
        DROPPED => format!("drops resource {number} without a release"),
        VALUE => format!("returns Ok({number})"),
        ERROR => format!("returns Err({number})"),
        _ => match number {
            ACQUIRE => "panics with the panic of `acquire`".into(),
            USE => "panics with the panic of `use_`".into(),
            RELEASE => "panics with the panic of `release`".into(),
            _ => "panics on its own".into(),
        },
    }
}
