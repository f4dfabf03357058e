//! What the judge sees of a respondent from outside while it waits for a message.
//!
//! Looks at threads every few milliseconds, and only while nothing else happens. It concludes a
//! hang only from a proof: all threads asleep, none of them having run for a while, each in a call
//! that nothing but another of them can end.

use crate::observe::{self, Wait};
use procs::Task;
use std::time::Duration;

/// How long the judge waits between two looks.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How many equal looks in a row make a standstill: 300 ms in which no thread got a turn.
const STANDSTILL_LOOKS: u32 = 15;

/// How many looks in a row without any thread ready to run make the judge give up: 3 s. A loaded
/// machine does not add to them, since a thread that waits for a processor is ready to run.
const IDLE_LOOKS: u32 = 150;

/// The same when the submission has already come to no end elsewhere.
const IDLE_LOOKS_IN_HURRY: u32 = 25;

/// How many looks in all make the judge give up, whatever it sees: two minutes.
const MAX_LOOKS: u32 = 6000;

/// What a look tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Nothing special.
    GoesOn,
    /// All threads sleep and have not run for a while.
    Standstill(Vec<Task>),
    /// No thread has been ready for long.
    Idle,
}

/// Remembers the last looks.
#[derive(Debug)]
pub(super) struct Watch {
    pid: u32,
    hurry: bool,
    last: Vec<Task>,
    equal_looks: u32,
    idle_looks: u32,
    looks: u32,
}

impl Watch {
    pub(super) fn new(pid: u32, hurry: bool) -> Self {
        Self { pid, hurry, last: Vec::new(), equal_looks: 0, idle_looks: 0, looks: 0 }
    }

    /// Something has happened: forget what was seen.
    pub(super) fn progress(&mut self) {
        self.last.clear();
        (self.equal_looks, self.idle_looks) = (0, 0);
    }

    /// Looks once. Call it when nothing has happened for [`LOOK_EVERY`].
    pub(super) fn look(&mut self) -> Sight {
        let tasks = procs::tasks(self.pid);
        let asleep = !tasks.is_empty() && tasks.iter().all(|task| matches!(task.state, 'S' | 'Z'));
        self.looks += 1;
        self.idle_looks = if asleep { self.idle_looks + 1 } else { 0 };
        self.equal_looks = if asleep && tasks == self.last { self.equal_looks + 1 } else { 0 };
        self.last = tasks;
        let most = if self.hurry { IDLE_LOOKS_IN_HURRY } else { IDLE_LOOKS };
        if self.idle_looks >= most || self.looks >= MAX_LOOKS {
            return Sight::Idle;
        }
        // Every so often only: a standstill that proves nothing shall not be examined at each look.
        if self.equal_looks > 0 && self.equal_looks.is_multiple_of(STANDSTILL_LOOKS) {
            return Sight::Standstill(self.last.clone());
        }
        Sight::GoesOn
    }
}

/// Who waits for what, if every thread waits for something that only another could bring about.
pub(super) fn prove_hang(pid: u32, tasks: &[Task]) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    for (number, task) in (1..).zip(tasks) {
        let wait = endless_wait(pid, task)?;
        let who = if task.id == pid { "the caller".into() } else { format!("thread {number}") };
        lines.push(format!("{who} {wait}"));
    }
    // The threads must not have moved while they were examined one by one.
    (procs::tasks(pid) == tasks).then_some(lines)
}

/// What a thread waits for, in words, if only another thread or process can end it.
fn endless_wait(pid: u32, task: &Task) -> Option<&'static str> {
    match observe::explain(pid, task)? {
        Wait::Ended => Some("has ended"),
        Wait::Futex => Some("waits in futex: for a lock, a condvar or a join"),
        Wait::Child => Some("waits for a process to end"),
        Wait::Read(from) if from.starts_with("pipe:") => Some("waits to read from a pipe"),
        Wait::Write(to) if to.starts_with("pipe:") => Some("waits to write to a pipe"),
        // Of answers about threads nothing else is taken for a proof.
        Wait::Read(_) | Wait::Write(_) | Wait::Ready | Wait::Signal | Wait::Stopped => None,
    }
}

/// What each thread is doing, as far as it shows; of many threads the first.
pub(super) fn describe_threads(pid: u32) -> Vec<String> {
    let describe = |task: &Task| {
        let wait = endless_wait(pid, task).unwrap_or("does something that may end by itself");
        format!("thread `{}` ({}) {wait}", task.name, task.state)
    };
    procs::tasks(pid).iter().take(8).map(describe).collect()
}
