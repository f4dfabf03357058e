//! Actors on the judge's side: trials in which several processes use one tool call by call, and how a record of that is read.
//!
//! Knows neither tools nor questions. The calls and what comes back are told in `wire`.

use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Pick, Seen, Step, Trace, Trial};
use wire::Entry;
use wire::actors::{self as words, Op};

/// A trial: what the tool is made from, the caller's calls, those of each child, and what the judge does meanwhile.
pub(crate) fn trial(from: &[u64], caller: &[Op], children: &[&[Op]], script: &[Step]) -> Trial {
    let children: Vec<Vec<Op>> = children.iter().map(|ops| ops.to_vec()).collect();
    let words = words::words(from, caller, &children);
    Trial::new(words::SCENE, words, script)
}

/// A task at which an actor waits until it is let go.
pub(crate) fn gate(task: u64) -> Op {
    [words::GATE, task, 0]
}

/// The caller stands at this checkpoint.
pub(crate) const fn checkpoint(number: u64) -> Op {
    [words::CHECKPOINT, number, 0]
}

/// The caller waits until this child has ended.
pub(crate) const fn wait_for(child: u64) -> Op {
    [words::AWAIT, child, 0]
}

/// The caller kills this child.
pub(crate) const fn kill(child: u64) -> Op {
    [words::KILL, child, 0]
}

/// Tasks from here on are places to wait at before anything begins.
pub(crate) const DOOR: u64 = 100;

/// Steps that are given in lists, one after the other.
macro_rules! script {
    ($($steps:expr),* $(,)?) => { [$($steps.to_vec()),*].concat() };
}
pub(crate) use script;

/// The caller leaves its checkpoint.
pub(crate) const GO_ON: [Step; 1] = [Step::GoOn];

/// Waits until the caller stands at a checkpoint and nothing moves.
pub(crate) fn at(number: u64) -> [Step; 2] {
    [Step::Checkpoint(number), Step::Quiet]
}

/// Waits until so many are held and nothing moves.
pub(crate) fn gather(count: usize) -> [Step; 2] {
    [Step::Gather(count), Step::Quiet]
}

/// Kills whoever is held at this task, and waits until nothing moves.
pub(crate) fn kill_at(task: u64) -> [Step; 2] {
    [Step::Kill(Pick::Task(task)), Step::Quiet]
}

/// Lets a task go, and waits until all has come to rest.
pub(crate) fn open(task: u64) -> [Step; 2] {
    [Step::Open(Pick::Task(task)), Step::Quiet]
}

/// So often: waits until one is held and nothing moves, and lets it go.
pub(crate) fn one_by_one(times: usize) -> Vec<Step> {
    times_over(times, 1)
}

/// So often: waits until this many are held and nothing moves, and lets the oldest go.
pub(crate) fn times_over(times: usize, held: usize) -> Vec<Step> {
    let once = || [Step::Gather(held), Step::Quiet, Step::Open(Pick::Oldest)];
    (0..times).flat_map(|_| once()).collect()
}

/// A call that has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Returned {
    /// Who called; 0 is the caller.
    pub(crate) actor: usize,
    /// Its place among the calls of that actor.
    pub(crate) place: usize,
    /// The call.
    pub(crate) op: Op,
    /// What came back.
    pub(crate) with: [u64; 2],
}

/// All calls that have returned, in the order in which that was noted.
pub(crate) fn returned(trial: &Trial, trace: &Trace) -> Vec<Returned> {
    let of = |entry: &Entry| {
        let [actor, place, a, b] = entry.args[..] else { return None };
        let (actor, place) = (usize::try_from(actor).ok()?, usize::try_from(place).ok()?);
        let op = *words::ops(&trial.words, actor).get(place)?;
        (entry.word == words::RETURNED).then_some(Returned { actor, place, op, with: [a, b] })
    };
    trace.entries.iter().filter_map(of).collect()
}

/// What came back to one actor from its calls of this code, in order.
pub(crate) fn answers(trial: &Trial, trace: &Trace, actor: usize, code: u64) -> Vec<[u64; 2]> {
    let all = returned(trial, trace).into_iter();
    all.filter(|call| call.actor == actor && call.op[0] == code).map(|call| call.with).collect()
}

/// The most tasks of some kind that were held at one time.
pub(crate) fn most_at_once(trace: &Trace, is_one: impl Fn(u64) -> bool) -> usize {
    let (mut held, mut most) = (Vec::new(), 0);
    for event in &trace.events {
        match &event.seen {
            Seen::Arrived { who, task, .. } if is_one(*task) => held.push((who.pid, *task)),
            Seen::Opened { who, task, .. } => held.retain(|one| *one != (who.pid, *task)),
            Seen::Killed(who) => held.retain(|one| one.0 != who.pid),
            _ => {}
        }
        most = most.max(held.len());
    }
    most
}

/// Whether a task has come to its gate.
pub(crate) fn has_come(trace: &Trace, task: u64) -> bool {
    trace.arrivals().any(|(_, come)| come == task)
}

/// Who an actor is, for students.
pub(crate) fn name(actor: u64) -> String {
    if actor == 0 { "the caller".to_owned() } else { format!("process {actor}") }
}

/// The tool was made and the processes were started, no call has panicked, and all has come to its end. A hang has the fault and the
/// words of what the check is about; `say` tells a call.
///
/// # Errors
///
/// What is wrong instead.
pub(crate) fn good_end(
    trial: &Trial,
    trace: &Trace,
    say: fn(Op) -> String,
    hang: Fault,
    what: &str,
) -> Result<(), Wrong> {
    for entry in &trace.entries {
        let actor = entry.args.first().copied().unwrap_or_default();
        let (fault, what) = match entry.word {
            words::NO_TOOL => (Fault::WrongAnswer, format!("the tool could not be made: {}", entry.text)),
            words::NO_FORK => {
                let what = format!("with the tool at hand no process could be started: {}", entry.text);
                (Fault::LeakedThread, what)
            }
            words::PANICKED => {
                let ops = words::ops(&trial.words, usize::try_from(actor).unwrap_or_default());
                let place = entry.args.get(1).and_then(|&place| usize::try_from(place).ok());
                let call = place.and_then(|place| ops.get(place)).map_or("a call".to_owned(), |&op| say(op));
                // The caller's own is on record with its place, too.
                let text = if actor == 0 { trace.last_panic() } else { &entry.text };
                (Fault::Panic, format!("{} panicked in `{call}`: {text}", name(actor)))
            }
            _ => continue,
        };
        return Err(Wrong::new(fault, what));
    }
    trace.good_end(hang, what)?;
    for entry in trace.entries.iter().filter(|entry| entry.word == words::ENDED) {
        // `SIGKILL` is the judge's.
        if let [actor, 1, number] = entry.args[..]
            && number != 9
        {
            let (fault, what) = match number {
                24 => (Fault::Timeout, "has used up its processor time".to_owned()),
                _ => (Fault::Panic, format!("was killed by signal {number}")),
            };
            return Err(Wrong::new(fault, format!("{} {what}", name(actor))));
        }
    }
    Ok(())
}

/// After the caller was killed nobody is left who can never end, and no named memory.
///
/// # Errors
///
/// What is left.
pub(crate) fn nothing_after_a_kill(trace: &Trace) -> Result<(), Wrong> {
    for event in &trace.events {
        if let Seen::Survivors(all) = &event.seen
            && !all.is_empty()
        {
            let what = format!("the caller was killed, and processes are left that never end: {}", all.len());
            return Err(Wrong::new(Fault::Orphan, what));
        }
    }
    match trace.left.shared_memory {
        0 => Ok(()),
        count => {
            let what = format!("all processes were killed, and in `/dev/shm` is left: {count}");
            Err(Wrong::new(Fault::ShmLeak, what))
        }
    }
}

/// Nobody has more memory to itself, where the judge looked, than so many KiB.
///
/// # Errors
///
/// Who has more.
pub(crate) fn own_memory(trace: &Trace, most_kib: u64) -> Result<(), Wrong> {
    for event in &trace.events {
        let Seen::Memory(all) = &event.seen else { continue };
        if let Some((who, bytes)) = all.iter().find(|(_, bytes)| bytes >> 10 >= most_kib) {
            let what = format!(
                "{} has {} KiB of memory to itself: what is shared needs no copy (less than {most_kib} KiB is enough)",
                who.name(),
                bytes >> 10
            );
            return Err(Wrong::new(Fault::PrivateCopy, what));
        }
    }
    Ok(())
}
