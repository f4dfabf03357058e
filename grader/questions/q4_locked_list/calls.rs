//! The calls of a script as they stand on record: who called what, when it began and returned.
//!
//! Reads entries; judges nothing.

use super::super::words::{self, Op};
use wire::Run;

/// A call that has returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// Who: 0 is the caller of the scene, the threads count from 1.
    pub(super) thread: u64,
    /// What.
    pub(super) op: Op,
    /// What came back.
    pub(super) result: Vec<u64>,
    /// Its place in the order of beginnings and returns.
    pub(super) began: usize,
    /// The place of its return.
    pub(super) returned: usize,
}

impl Call {
    /// The number that this call added.
    pub(super) fn added(&self) -> Option<u64> {
        match self.op {
            Op::Add(number) => Some(number),
            _ => None,
        }
    }

    /// The number that this call took out.
    pub(super) fn removed(&self) -> Option<u64> {
        if self.op == Op::Remove { self.result.first().copied() } else { None }
    }
}

/// All calls that returned, in the order of their returns.
pub(super) fn calls(run: &Run) -> Vec<Call> {
    let mut calls = Vec::new();
    for (place, entry) in run.entries.iter().enumerate() {
        let [code, number, ref result @ ..] = entry.args[..] else { continue };
        if entry.word != words::END {
            continue;
        }
        let Some(op) = Op::from_pair([code, number]) else { continue };
        let began = run.entries[..place]
            .iter()
            .rposition(|other| other.thread == entry.thread && other.word == words::BEGIN)
            .unwrap_or_default();
        calls.push(Call { thread: entry.thread, op, result: result.to_vec(), began, returned: place });
    }
    calls
}

/// The threads that called `pause` and how often, in the order of their first call.
pub(super) fn threads_that_paused(run: &Run) -> Vec<(u64, u64)> {
    let mut threads: Vec<(u64, u64)> = Vec::new();
    for entry in run.entries.iter().filter(|entry| entry.word == words::PAUSE) {
        match threads.iter_mut().find(|(thread, _)| *thread == entry.thread) {
            Some((_, count)) => *count += 1,
            None => threads.push((entry.thread, 1)),
        }
    }
    threads
}

/// Numbers, as Rust prints them; long lists are cut.
pub(super) fn list(numbers: &[u64]) -> String {
    match numbers {
        [_, ..] if numbers.len() > 12 => format!("{:?} and {} more", &numbers[..12], numbers.len() - 12),
        _ => format!("{numbers:?}"),
    }
}

/// So many lines of a table are read.
const LINES: usize = 14;

/// The first calls, a line each.
pub(super) fn table(calls: &[Call]) -> Vec<String> {
    let mut calls: Vec<&Call> = calls.iter().collect();
    calls.sort_by_key(|call| call.began);
    lines(&calls[..calls.len().min(LINES)])
}

/// The last of calls that came one after the other, a line each.
pub(super) fn last_of_table(calls: &[Call]) -> Vec<String> {
    lines(&calls.iter().skip(calls.len().saturating_sub(LINES)).collect::<Vec<_>>())
}

fn lines(calls: &[&Call]) -> Vec<String> {
    let who = |thread: u64| if thread == 0 { "caller".into() } else { format!("thread {thread}") };
    let line = |call: &&Call| format!("{}: {}", who(call.thread), call.op.call_with_result(&call.result));
    calls.iter().map(line).collect()
}
