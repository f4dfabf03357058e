//! What threads do with contexts: a tree of steps for each, and the numbers that stand for it.

use wire::script::Op;

/// The scene: its words are the steps of each thread. The first is the caller.
pub const SCENE: &str = "contexts";

/// What a thread does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Calls `context()`.
    Ask,
    /// Makes a value that calls `context()` when it is dropped, at the end of the steps in which it stands.
    AskAtEnd,
    /// The same value; it opens a context of this name first.
    WithinAtEnd(u64),
    /// Calls `with_context`.
    Context {
        /// The number of a [`name`].
        name: u64,
        /// What the body returns.
        value: u64,
        /// Whether a panic that comes out of it is caught.
        caught: bool,
        /// What the body does.
        body: Vec<Step>,
    },
    /// Panics with this number.
    Panic(u64),
    /// The same, and what the panic carries is the number as a text.
    PanicText(u64),
    /// Waits until two threads have come.
    Meet,
    /// Starts the thread of this number, takes these steps, and waits for its end.
    Start(u64, Vec<Step>),
}

const END: u64 = 0;
const ASK: u64 = 1;
const ASK_AT_END: u64 = 2;
const CONTEXT: u64 = 3;
const CAUGHT: u64 = 4;
const PANIC: u64 = 5;
const MEET: u64 = 6;
const START: u64 = 7;
const WITHIN_AT_END: u64 = 8;
const PANIC_TEXT: u64 = 9;

/// The numbers of some steps.
pub fn to_words(steps: &[Step]) -> Vec<u64> {
    let block = |head: Op, body: &[Step]| [&head[..], &to_words(body), &[END, 0, 0]].concat();
    let words = steps.iter().map(|step| match step {
        Step::Ask => vec![ASK, 0, 0],
        Step::AskAtEnd => vec![ASK_AT_END, 0, 0],
        Step::WithinAtEnd(name) => vec![WITHIN_AT_END, *name, 0],
        Step::Panic(number) => vec![PANIC, *number, 0],
        Step::PanicText(number) => vec![PANIC_TEXT, *number, 0],
        Step::Meet => vec![MEET, 0, 0],
        Step::Context { name, value, caught, body } => {
            block([if *caught { CAUGHT } else { CONTEXT }, *name, *value], body)
        }
        Step::Start(thread, body) => block([START, *thread, 0], body),
    });
    words.collect::<Vec<_>>().concat()
}

/// Reads what [`to_words`] wrote.
pub fn from_words(words: &[u64]) -> Vec<Step> {
    steps(&mut wire::script::ops(words).into_iter())
}

fn steps(ops: &mut std::vec::IntoIter<Op>) -> Vec<Step> {
    let mut all = Vec::new();
    while let Some([code, a, b]) = ops.next() {
        all.push(match code {
            ASK => Step::Ask,
            ASK_AT_END => Step::AskAtEnd,
            WITHIN_AT_END => Step::WithinAtEnd(a),
            PANIC => Step::Panic(a),
            PANIC_TEXT => Step::PanicText(a),
            MEET => Step::Meet,
            CONTEXT | CAUGHT => Step::Context { name: a, value: b, caught: code == CAUGHT, body: steps(ops) },
            START => Step::Start(a, steps(ops)),
            _ => break,
        });
    }
    all
}

/// The name of a context.
pub fn name(number: u64) -> String {
    match number {
        0 => String::new(),
        1 => "a name that is longer than most, and not all ASCII: Zoë, 数え".to_owned(),
        2 => "a/b::c\u{1f}d\0e, f\n".to_owned(),
        _ => format!("job {number}"),
    }
}

/// `context()` said a name; the text is it.
pub const SAID: u64 = 1;
/// `context()` said nothing.
pub const SAID_NONE: u64 = 2;
/// `with_context` has returned; args: the number of its name, what came back, and how often the body had run.
pub const RETURNED: u64 = 3;
/// A panic came out of it; args: the number of its name, and the number with which it began, or nothing.
pub const CAME_OUT: u64 = 4;
/// `context()` has panicked.
pub const ASK_BROKE: u64 = 5;
/// A panic came out of all that a thread does.
pub const BROKE: u64 = 6;
