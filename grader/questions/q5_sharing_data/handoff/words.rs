//! The calls of a handoff in a script.

use wire::script::{OTHER, Op, on_tool};

/// `give`, with the item's number.
pub const GIVE: u64 = 0;
/// `take`; the item's number comes back.
pub const TAKE: u64 = 1;

/// A call as a student would write it.
pub fn call(op: Op) -> String {
    match op[0] {
        OTHER => format!("other.{}", call(on_tool(op).1)),
        GIVE => format!("give({})", op[1]),
        _ => "take()".into(),
    }
}

/// What came back.
pub fn result(op: Op, result: &[u64]) -> String {
    match (op[0], result) {
        (OTHER, _) => self::result(on_tool(op).1, result),
        (TAKE, [item]) => format!(" -> {item}"),
        _ => String::new(),
    }
}
