//! Standstill: nothing moves, and the proof that nothing ever will.
//!
//! Two grades. *Quiet*: at some looks in a row every thread slept and none had run in between.
//! *Proven*: quiet for 300 ms or more, and each thread in a wait that only another of them can end.

use super::{People, Wait, explain};
use crate::trial::Who;
use procs::{Member, Task};
use std::collections::BTreeMap;

/// How many equal looks in a row make a quiet tree.
const QUIET_LOOKS: u32 = 4;

/// How many equal looks in a row, 5 ms apart or more, make a tree worth a proof: 300 ms at least.
const PROOF_LOOKS: u32 = 60;

/// How many looks without anything ready to run, and without progress, end the judge's patience:
/// 3 s at least. A loaded machine does not add to them.
const IDLE_LOOKS: u32 = 600;

/// How often a thread must have woken and slept again, with everybody asleep at every look and
/// nothing to wait for, until its naps are a fault.
const NAPS: u64 = 20;

/// What a look tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Something moves, or moved a moment ago.
    Moves,
    /// Nothing has moved for a few looks.
    Quiet,
    /// Nothing can ever move: who waits for what.
    Proven(Vec<String>),
    /// Everybody sleeps, but some wake again and again and find nothing: who.
    Napping(Vec<String>),
    /// Everybody has been asleep for long, and nobody can tell whether that will end.
    Idle(Vec<String>),
}

/// Remembers the last looks.
#[derive(Debug, Default)]
pub(crate) struct Still {
    last: Vec<(u32, Vec<Task>)>,
    equal_looks: u32,
    asleep_looks: u32,
    /// How often each process had gone to sleep when all were first seen asleep.
    naps_before: BTreeMap<u32, u64>,
}

impl Still {
    /// Something has happened that only the judge knows of.
    pub(crate) fn progress(&mut self) {
        *self = Self::default();
    }

    /// Takes in a look at everybody; 5 ms or more should lie between two of them.
    pub(crate) fn look(&mut self, people: &mut People, all: Vec<Member>) -> Look {
        let all = with_tasks(all);
        let asleep = !all.is_empty()
            && all.iter().all(|(_, tasks)| {
                !tasks.is_empty()
                    && tasks.iter().all(|task| matches!(task.state, 'S' | 'Z' | 'X' | 'T' | 't'))
            });
        self.equal_looks = if asleep && all == self.last { self.equal_looks + 1 } else { 0 };
        self.asleep_looks = if asleep { self.asleep_looks + 1 } else { 0 };
        self.last = all;
        if !asleep {
            self.naps_before.clear();
            return Look::Moves;
        }
        if self.naps_before.is_empty() {
            let naps = self.last.iter().map(|(pid, _)| (*pid, procs::voluntary_switches(*pid)));
            self.naps_before = naps.collect();
        }
        if self.equal_looks > 0
            && self.equal_looks.is_multiple_of(PROOF_LOOKS)
            && let Some(waits) = self.prove(people)
        {
            return Look::Proven(waits);
        }
        if self.asleep_looks >= PROOF_LOOKS
            && self.asleep_looks.is_multiple_of(PROOF_LOOKS)
            && self.only_naps()
        {
            return Look::Napping(self.describe(people));
        }
        if self.asleep_looks >= IDLE_LOOKS {
            return Look::Idle(self.describe(people));
        }
        if self.equal_looks >= QUIET_LOOKS { Look::Quiet } else { Look::Moves }
    }

    /// Whether everybody either waits for ever or has woken often enough to find nothing.
    fn only_naps(&self) -> bool {
        self.last.iter().all(|(pid, tasks)| {
            let naps = || {
                let before = self.naps_before.get(pid).copied();
                before.is_some_and(|before| procs::voluntary_switches(*pid).saturating_sub(before) >= NAPS)
            };
            tasks.iter().all(|task| explain(*pid, task).is_some()) || naps()
        })
    }

    fn prove(&self, people: &mut People) -> Option<Vec<String>> {
        let mut lines = Vec::new();
        for (pid, tasks) in &self.last {
            let who = people.name(*pid);
            for task in tasks {
                let wait = explain(*pid, task)?;
                lines.push(story(people, who, &wait, &self.last));
            }
        }
        // Nobody may have moved while they were examined one by one.
        (everybody(people) == self.last).then_some(lines)
    }

    /// What everybody was last seen doing, as far as it shows.
    pub(crate) fn describe(&self, people: &mut People) -> Vec<String> {
        let mut lines = Vec::new();
        for (pid, tasks) in self.last.iter().take(12) {
            let who = people.name(*pid);
            for task in tasks.iter().take(4) {
                lines.push(match explain(*pid, task) {
                    Some(wait) => story(people, who, &wait, &self.last),
                    None if task.state == 'R' => format!("{} runs", who.name()),
                    None => format!("{} does something that may end by itself", who.name()),
                });
            }
        }
        lines
    }
}

/// What everybody waits for, in a word each: for tasks that are stopped nothing is said.
pub(crate) fn doing(people: &mut People) -> Vec<(Who, String)> {
    let mut doing = Vec::new();
    for (pid, tasks) in everybody(people) {
        let who = people.name(pid);
        for task in tasks {
            let word = match explain(pid, &task) {
                Some(Wait::Child) => "waits for a child",
                Some(Wait::Write(_)) => "waits to write",
                Some(Wait::Read(_)) => "waits to read",
                Some(Wait::Ended) => "has ended",
                Some(Wait::Stopped) => "is stopped",
                Some(Wait::Futex | Wait::Ready | Wait::Signal) => "waits",
                None => "goes on",
            };
            doing.push((who, word.to_owned()));
        }
    }
    doing
}

fn everybody(people: &People) -> Vec<(u32, Vec<Task>)> {
    with_tasks(people.members())
}

fn with_tasks(all: Vec<Member>) -> Vec<(u32, Vec<Task>)> {
    all.into_iter().map(|member| (member.pid, member.tasks)).collect()
}

/// Who waits for what, in a sentence.
fn story(people: &mut People, who: Who, wait: &Wait, all: &[(u32, Vec<Task>)]) -> String {
    let name = who.name();
    match wait {
        Wait::Ended => format!("{name} has ended and was not waited for"),
        Wait::Stopped => format!("{name} is stopped"),
        Wait::Futex => format!("{name} waits for a lock, a condvar or a thread"),
        Wait::Child => format!("{name} waits for a child to end"),
        Wait::Signal => format!("{name} waits for a signal"),
        Wait::Ready => format!("{name} waits until a descriptor is ready"),
        Wait::Read(from) => {
            let others = holders(people, from, all, true);
            format!("{name} waits to read from {}, {others}", kind(from))
        }
        Wait::Write(to) => {
            let others = holders(people, to, all, false);
            format!("{name} waits to write to {}, {others}", kind(to))
        }
    }
}

/// A kind of file without its number, which differs from run to run.
fn kind(target: &str) -> &'static str {
    match target.split(':').next().unwrap_or_default() {
        "pipe" => "a pipe",
        "socket" => "a socket",
        _ => "an event descriptor",
    }
}

/// Who holds the other end.
fn holders(people: &mut People, target: &str, all: &[(u32, Vec<Task>)], writers: bool) -> String {
    if !target.starts_with("pipe:") {
        return "which somebody else would have to serve".into();
    }
    let mut names = Vec::new();
    for (pid, _) in all {
        let end =
            |file: &procs::OpenFile| file.target == target && if writers { file.writes } else { file.reads };
        if procs::open_files(*pid).iter().any(end) {
            names.push(people.name(*pid).name());
        }
    }
    let end = if writers { "write" } else { "read" };
    match names.len() {
        0 => format!("whose {end} end the judge holds"),
        _ => format!("whose {end} end is open in {}", names.join(", ")),
    }
}
