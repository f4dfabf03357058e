//! What can go wrong in a schedule, and the sentences that say so.
//!
//! Reads the state at the moment of failure. Knows nothing of how the schedule got there but what the state says.

use std::fmt::Write as _;

use crate::names::place;
use crate::object::ObjectIndex;
use crate::probe::ThreadRef;
use crate::state::{State, Status, Wait};
use crate::trace::{Detail, Step};

/// The kind of a failure.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// The body panicked.
    Panic,
    /// Threads wait for each other, or for something that nobody will do.
    Deadlock,
    /// A thread waits for a lock that it holds itself.
    SelfDeadlock,
    /// A thread waits for a notification that came before it waited.
    LostWakeUp,
    /// A thread keeps asking whether it may go on.
    BusyWait,
    /// A thread keeps sleeping and asking whether it may go on.
    SleepPolling,
    /// A thread can never end although the body has returned.
    LeakedThread,
}

impl Fault {
    /// The name, as reports print it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Panic => "Panic",
            Self::Deadlock => "Deadlock",
            Self::SelfDeadlock => "SelfDeadlock",
            Self::LostWakeUp => "LostWakeUp",
            Self::BusyWait => "BusyWait",
            Self::SleepPolling => "SleepPolling",
            Self::LeakedThread => "LeakedThread",
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a schedule failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The kind.
    pub fault: Fault,
    /// What happened, in one sentence.
    pub headline: String,
    /// Who waits for what, where, held by whom since which line.
    pub waits: Vec<String>,
}

impl Failure {
    pub(crate) fn new(fault: Fault, headline: String, state: &State) -> Self {
        Self { fault, headline, waits: waits(state) }
    }
}

/// The body's own panic, from which nobody recovered.
pub(crate) fn body_panicked(panic: Box<str>, state: &State) -> Failure {
    Failure::new(Fault::Panic, with_cause(panic, state), state)
}

/// The panic that was unwinding `main` when the schedule got stuck.
pub(crate) fn panic_then(panic: Box<str>, later: Failure) -> Failure {
    Failure { fault: Fault::Panic, headline: format!("main {panic}"), ..later }
}

/// A destructor of a thread-local value panicked at the end of its thread, where nothing can catch it.
pub(crate) fn destructor_panicked(thread: usize, panic: &str, state: &State) -> Failure {
    let who = name(state, ThreadRef(thread as u32));
    let headline = format!("{who} {panic} (as a thread-local value went, which aborts the program)");
    Failure::new(Fault::Panic, headline, state)
}

/// `unwrap` of a failed `join` hides the panic that matters: name it too.
fn with_cause(panic: Box<str>, state: &State) -> String {
    let mut headline = format!("main {panic}");
    if headline.ends_with("Any { .. }") {
        let theirs = state.trace.iter().filter(|step| step.thread.0 != 0);
        let mut panics = theirs.filter_map(|step| match &step.detail {
            Detail::Panic(location, message) => Some((step.thread, location, message)),
            _ => None,
        });
        if let Some((thread, location, message)) = panics.next() {
            let _ = write!(headline, " ({} had panicked at {location}: {message})", name(state, thread));
        }
    }
    headline
}

/// No thread can run, and time cannot change that.
pub(crate) fn nobody_can_run(state: &State) -> Failure {
    if state.threads[0].status == Status::Finished {
        return leaked(state);
    }
    // Both are so at times; who took the last one says more than who gave one that may have been for nobody.
    let taken = taken_wake_up(state);
    if let Some(lost) = lost_wake_up(state) {
        return Failure::new(Fault::LostWakeUp, taken.unwrap_or(lost), state);
    }
    let stuck = cycle(state).or_else(|| taken.map(|clause| vec![clause])).unwrap_or_else(|| roots(state));
    Failure::new(Fault::Deadlock, format!("no thread can go on: {}", stuck.join(", ")), state)
}

/// Those for whom nothing will come, a clause each: not who merely waits for their end. The story has the rest.
fn roots(state: &State) -> Vec<String> {
    const TOLD: usize = 3;
    let is_root = |wait: &Wait| !matches!(wait, Wait::Join(_) | Wait::Return(_));
    let threads = blocked(state).filter(|(_, wait)| is_root(wait)).map(|(thread, _)| thread);
    let mut clauses: Vec<String> = threads.map(|thread| clause(state, thread)).collect();
    let more = clauses.len().saturating_sub(TOLD);
    if more > 0 {
        clauses.truncate(TOLD);
        clauses.push(format!("and {more} more"));
    }
    clauses
}

/// As in `thread 1 waits for Mutex#2`.
fn clause(state: &State, thread: ThreadRef) -> String {
    format!("{} waits for {}", name(state, thread), reason(state, thread))
}

fn leaked(state: &State) -> Failure {
    let stuck = blocked(state).map(|(thread, _)| thread).collect::<Vec<_>>();
    let spawned = |thread: &ThreadRef| {
        format!(
            "{}, spawned at {},",
            name(state, *thread),
            place(state.threads[thread.0 as usize].spawned_at)
        )
    };
    let who = stuck.iter().map(spawned).collect::<Vec<_>>();
    let verb = if who.len() == 1 { "never ends" } else { "never end" };
    let headline = format!("{} {verb}, although the body has returned", list(&who));
    Failure::new(Fault::LeakedThread, headline, state)
}

fn lost_wake_up(state: &State) -> Option<String> {
    let unexplained = |(thread, _): &(ThreadRef, Wait)| state.threads[thread.0 as usize].purpose.is_none();
    blocked(state).filter(unexplained).find_map(|(thread, wait)| {
        let Wait::Condvar(condvar) = wait else { return None };
        let object = &state.objects[condvar.0 as usize];
        let notify = object.idle_notify?;
        Some(format!(
            "{} waits for a notification of {}, but {} notified it at {} when nobody was waiting",
            name(state, thread),
            object.name(),
            name(state, notify.thread),
            place(notify.since),
        ))
    })
}

/// A thread that waits for a notification, where the last one went to another thread that could not use it: all that it did was to
/// look, and to wait again.
fn taken_wake_up(state: &State) -> Option<String> {
    let waits = |thread: ThreadRef, condvar| {
        state.threads[thread.0 as usize].status == Status::Blocked(Wait::Condvar(condvar))
    };
    let only_looked =
        |it: &Step| matches!(it.verb, "is woken by" | "lock") || matches!(it.detail, Detail::GivesUp(_));
    let unexplained = |(thread, _): &(ThreadRef, Wait)| state.threads[thread.0 as usize].purpose.is_none();
    blocked(state).filter(unexplained).find_map(|(thread, wait)| {
        let Wait::Condvar(condvar) = wait else { return None };
        let of_it = state.trace.iter().enumerate().rev().filter(|(_, step)| step.object == Some(condvar));
        // Back to where its wait began: what came before that was not for it.
        let begins = |it: &Step| it.thread == thread && matches!(it.detail, Detail::GivesUp(_));
        let mut since = of_it.take_while(|(_, step)| !begins(step));
        let (place_of_last, last) = since.find(|(_, step)| step.verb.starts_with("notify"))?;
        let Detail::Wakes(other) = last.detail else { return None };
        let mut later = state.trace[place_of_last..].iter().filter(|step| step.thread == other);
        (waits(other, condvar) && later.all(only_looked)).then(|| {
            let (place, other) = (place(last.site), name(state, other));
            let clause = clause(state, thread);
            format!("{clause}; the last one, at {place}, woke {other}, which waits again")
        })
    })
}

/// The threads of a wait-for cycle, one clause each.
fn cycle(state: &State) -> Option<Vec<String>> {
    blocked(state).find_map(|(start, _)| {
        let mut path = vec![start];
        loop {
            let next = waits_for(state, *path.last()?)?;
            if next == start {
                break;
            }
            if path.contains(&next) {
                return None;
            }
            path.push(next);
        }
        Some(path.iter().map(|&thread| clause(state, thread)).collect())
    })
}

fn waits_for(state: &State, thread: ThreadRef) -> Option<ThreadRef> {
    match state.threads[thread.0 as usize].status {
        Status::Blocked(Wait::Lock(object) | Wait::Shared(object) | Wait::Change(object)) => {
            let mut holders = state.objects[object.0 as usize].holders();
            holders.next().map(|hold| hold.thread)
        }
        Status::Blocked(Wait::Join(other) | Wait::Return(other)) => Some(other),
        _ => None,
    }
}

/// The step bound was reached.
pub(crate) fn busy_wait(state: &State) -> Failure {
    // Whoever took most of the latest steps is the one that does not stop.
    let latest = &state.trace[state.trace.len().saturating_sub(1000)..];
    let mut counts = vec![0_u32; state.threads.len()];
    for step in latest {
        counts[step.thread.0 as usize] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let busiest = counts.iter().position(|&count| count == most).unwrap_or(0);
    let headline = format!(
        "{} keeps running at {}: no end after {} steps, and time stands still while a thread runs",
        name(state, ThreadRef(busiest as u32)),
        place(state.threads[busiest].site),
        state.options.max_steps,
    );
    Failure::new(Fault::BusyWait, headline, state)
}

/// Too many sleeps in a row.
pub(crate) fn sleep_polling(state: &State, thread: usize) -> Failure {
    let headline = format!(
        "{} has slept or timed out {} times in a row (at {}): it polls instead of waiting",
        name(state, ThreadRef(thread as u32)),
        state.threads[thread].idle_turns,
        place(state.threads[thread].site),
    );
    Failure::new(Fault::SleepPolling, headline, state)
}

/// A thread waits for something that only it could give: a lock that it holds, or its own initialisation.
pub(crate) fn self_deadlock(state: &State, thread: usize, object: ObjectIndex) -> Failure {
    let me = ThreadRef(thread as u32);
    let object = &state.objects[object.0 as usize];
    let hold = object.holders().find(|hold| hold.thread == me);
    let since = hold.map_or_else(String::new, |hold| place(hold.since));
    let (who, what, here) = (name(state, me), object.name(), place(state.threads[thread].site));
    let headline = if object.is_lock() {
        format!("{who} locks {what} again at {here} while holding it since {since}")
    } else {
        format!("{who} waits at {here} for {what}, which it has been initialising itself since {since}")
    };
    Failure::new(Fault::SelfDeadlock, headline, state)
}

/// A lock that outlives schedules is still held by a stuck thread of an earlier one.
pub(crate) fn inherited(state: &State, thread: usize, object: ObjectIndex) -> Failure {
    let headline = format!(
        "{} at {} is still held by a thread of an earlier schedule, which failed",
        state.objects[object.0 as usize].name(),
        place(state.threads[thread].site),
    );
    Failure::new(Fault::Deadlock, headline, state)
}

fn waits(state: &State) -> Vec<String> {
    let line = |(thread, _): (ThreadRef, Wait)| {
        let site = place(state.threads[thread.0 as usize].site);
        format!("{} waits at {site} for {}", name(state, thread), reason(state, thread))
    };
    blocked(state).map(line).collect()
}

fn reason(state: &State, thread: ThreadRef) -> String {
    let Status::Blocked(wait) = state.threads[thread.0 as usize].status else { return String::new() };
    let object_name = |object: ObjectIndex| state.objects[object.0 as usize].name();
    if let (Wait::Condvar(_), Some(purpose)) = (wait, state.threads[thread.0 as usize].purpose) {
        return purpose.to_owned();
    }
    match wait {
        Wait::Lock(object) | Wait::Shared(object) | Wait::Change(object) => {
            let hold = |hold: &crate::object::Hold| {
                format!("{} since {}", name(state, hold.thread), place(hold.since))
            };
            let holders = state.objects[object.0 as usize].holders().map(hold).collect::<Vec<_>>();
            match holders.is_empty() {
                true => object_name(object),
                false => format!("{} held by {}", object_name(object), list(&holders)),
            }
        }
        Wait::Condvar(object) => format!("a notification of {}", object_name(object)),
        Wait::Join(other) | Wait::Return(other) => format!("{} to end", name(state, other)),
        Wait::Park => "an unpark".to_owned(),
        Wait::Sleep => "time to pass".to_owned(),
    }
}

fn blocked(state: &State) -> impl Iterator<Item = (ThreadRef, Wait)> {
    (0u32..).zip(&state.threads).filter_map(|(index, thread)| match thread.status {
        Status::Blocked(wait) => Some((ThreadRef(index), wait)),
        _ => None,
    })
}

fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

/// `main`, the given name, or `thread 2`.
pub(crate) fn name(state: &State, thread: ThreadRef) -> String {
    crate::story::thread_name(thread, state.threads[thread.0 as usize].given_name.as_deref())
}
