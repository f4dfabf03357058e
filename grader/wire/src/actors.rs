//! The words of actors: processes that the caller forks and that use one tool call by call, each by a list of its own.
//!
//! A challenge of the scene [`SCENE`] has these words: what the tool is made from, the calls of the caller, and then the calls
//! of each child, three numbers a call. Knows no tool.

use std::time::Duration;

/// One call: a code, which the part of a question gives a meaning, and two numbers for it.
pub type Op = [u64; 3];

/// The name of the scene.
pub const SCENE: &str = "actors";

/// Codes from here on are the same for every tool.
const COMMON: u64 = 900;
/// Checks in with the judge as this task, and waits until its gate is opened.
pub const GATE: u64 = COMMON;
/// Stands at this checkpoint; for the caller alone.
pub const CHECKPOINT: u64 = COMMON + 1;
/// Kills this child and waits until it is dead; for the caller alone.
pub const KILL: u64 = COMMON + 2;
/// Waits until this child has come to its end; for the caller alone.
pub const AWAIT: u64 = COMMON + 3;
/// Leaves at once by `_exit` with this code, with everything that it holds.
pub const LEAVE: u64 = COMMON + 4;
/// Reads a cell, looks away for a while, and stores one more: two that do so at once lose one of them.
pub const COUNT: u64 = COMMON + 5;
/// What a cell holds.
pub const READ: u64 = COMMON + 6;
/// Lets others go first, this often.
pub const YIELD: u64 = COMMON + 7;
/// Starts a child that checks in as this task, waits until its gate is opened, and leaves. Nobody waits for it. The actor panics if
/// it may not fork, as with a thread or a lock of the toolkit in use.
pub const HEIR: u64 = COMMON + 8;

/// A call has returned; args: actor, place of the call, and two numbers that came back.
pub const RETURNED: u64 = COMMON + 20;
/// A call has panicked; args: actor and place; text: why.
pub const PANICKED: u64 = COMMON + 21;
/// A child has ended; args: actor, whether by a signal, and its number or the code.
pub const ENDED: u64 = COMMON + 22;
/// The child with this number could not be forked; text: why.
pub const NO_FORK: u64 = COMMON + 23;
/// The tool could not be made; text: why.
pub const NO_TOOL: u64 = COMMON + 24;

/// How many cells there are, all 0 at first.
pub const CELLS: usize = 8;
/// How long a process may be on a processor until it stops to wait for meetings with others.
pub const LONGEST: Duration = Duration::from_millis(300);

/// A scene in words: what the tool is made from, the caller's calls, and those of each child.
#[must_use]
pub fn words(from: &[u64], caller: &[Op], children: &[Vec<Op>]) -> Vec<Vec<u64>> {
    let lists = std::iter::once(caller).chain(children.iter().map(Vec::as_slice));
    std::iter::once(from.to_vec()).chain(lists.map(|ops| ops.concat())).collect()
}

/// The calls of an actor, 0 for the caller.
#[must_use]
pub fn ops(words: &[Vec<u64>], actor: usize) -> Vec<Op> {
    words.get(actor + 1).map_or(&[][..], |words| words.as_chunks::<3>().0).to_vec()
}
