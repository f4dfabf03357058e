//! The model world: the explorer chooses the schedules and tells what it saw.

use crate::session::Scene;
use interleave::probe::{self, ThreadRef, Waiting};
use interleave::{Clock, Explorer, Options};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;
use wire::{Challenge, EngineFailure, Run, Schedule, script};

/// Plays a scene, one schedule after another.
pub(crate) struct Player {
    seed: u64,
    explorer: Explorer,
}

impl Player {
    pub(crate) fn new(challenge: &Challenge) -> Self {
        let clock = if challenge.timed { Clock::Timed } else { Clock::Adversarial };
        // In a long script each call may wake everybody who waits, and they all take some steps.
        let calls: usize = challenge.words.iter().map(|words| script::ops(words).len()).sum();
        let usual = Options::default();
        let max_steps = usual.max_steps.max(u32::try_from(3 * calls * calls).unwrap_or(u32::MAX));
        let options = Options { clock, max_steps, ..usual };
        Self { seed: challenge.seed, explorer: Explorer::new(challenge.seed, options) }
    }

    /// Plays the scene under the next schedule.
    pub(crate) fn play(&mut self, scene: &Scene) -> Run {
        record(self.explorer.next(scene))
    }

    /// Plays the scene under this schedule and tells every step.
    pub(crate) fn tell(&mut self, schedule: Schedule, scene: &Scene) -> (Run, Vec<String>) {
        let schedule =
            interleave::Schedule { seed: self.seed, index: schedule.index, horizon: schedule.horizon };
        let ran = self.explorer.replay(schedule, scene);
        // What the gate does inside is no step of the answer; its notes say what matters.
        let mine = |line: &String| line.contains(" world_model.rs:") && !line.contains(" -- ");
        let story = ran.story_without(is_stage).into_iter();
        let mut story: Vec<String> = story.filter(|line| !mine(line)).collect();
        // When somebody has waited in vain the case is clear; what comes after it is disturbed.
        if let Some(end) = story.iter().position(|line| line.ends_with(IN_VAIN)) {
            story.truncate(end + 1);
        }
        (record(ran), story)
    }
}

/// Whether a file is one of the drivers: they all belong to this crate, and the compiler names them from the folder of its root.
fn is_stage(file: &str) -> bool {
    file!().strip_suffix("world_model.rs").is_some_and(|folder| file.starts_with(folder))
}

fn record(ran: interleave::Ran) -> Run {
    let (old_read, tainted) = (ran.read_old_value(), ran.is_tainted());
    Run {
        schedule: Schedule { index: ran.schedule.index, horizon: ran.schedule.horizon },
        steps: ran.steps,
        switches: ran.switches,
        old_read,
        entries: Vec::new(),
        failure: ran.failure.map(|failure| EngineFailure {
            fault: if tainted { EngineFailure::TAINTED } else { failure.fault.as_str() }.to_owned(),
            headline: failure.headline,
            waits: failure.waits,
        }),
    }
}

pub(crate) fn watch_panics() {
    interleave::install_panic_hook();
}

/// The model's number of the calling thread.
pub fn this_thread() -> u64 {
    probe::current().map_or(u64::MAX, |thread| thread.0.into())
}

/// Which of these threads have not ended.
pub fn still_there(threads: &[u64]) -> Vec<u64> {
    let ended = |&thread: &u64| u32::try_from(thread).is_ok_and(|t| probe::has_finished(ThreadRef(t)));
    threads.iter().copied().filter(|thread| !ended(thread)).collect()
}

/// The threads that have not ended, the caller left out.
pub fn other_threads() -> Vec<u64> {
    let me = this_thread();
    probe::alive().into_iter().map(|thread| thread.0.into()).filter(|&thread| thread != me).collect()
}

/// How many threads have been started so far, the caller of the scene left out.
pub fn started() -> u64 {
    (probe::started() as u64).saturating_sub(1)
}

/// Ends a tool with threads of its own after a script that does not end it itself.
pub fn let_go(end: impl FnOnce() + Send + 'static) {
    end();
}

/// Has the system refuse the `nth` thread and every later one that `body` starts, the first being 1. Panics come through.
pub fn with_thread_refused<T>(nth: u64, body: impl FnOnce() -> T) -> T {
    let more = nth.saturating_sub(1);
    probe::with_threads_left(u32::try_from(more).unwrap_or(u32::MAX), body)
}

/// Virtual time since the schedule began.
pub fn now_ns() -> u64 {
    u64::try_from(probe::now().as_nanos()).unwrap_or(u64::MAX)
}

/// Makes visible to the calling thread what others did before they came here. It stands in this file because the steps of
/// this file are left out of stories.
pub fn take_turn(order: &AtomicU64) {
    order.fetch_add(1, Ordering::AcqRel);
}

/// How often any thread has slept in this run.
pub fn sleeps() -> u64 {
    probe::sleeps().into()
}

/// Waits, and has failures say for what.
pub fn waiting_for<T>(what: &'static str, wait: impl FnOnce() -> T) -> T {
    probe::waiting_for(what, wait)
}

/// Has panics inside `body` be no failure of the schedule in which they unwind. They come through.
pub fn panicking_on_purpose<T>(body: impl FnOnce() -> T) -> T {
    probe::panicking_on_purpose(body)
}

/// The calling thread goes first from now on, whenever it can and nobody yields.
pub fn hurry() {
    probe::hurry();
}

/// Comments on the story of the calling thread.
pub fn say(text: &str) {
    probe::note(text.to_owned());
}

/// Whether a wait of an hour is over when everybody waits.
pub const TIME_IS_VIRTUAL: bool = true;

/// The note of a thread that gives up waiting at the gate.
pub const IN_VAIN: &str = "nobody else came";

/// Longer than any wait of an honest answer.
const AN_HOUR: Duration = Duration::from_secs(3600);

/// Lets virtual time pass for everybody else. No sleep, as far as sleeps are counted.
pub fn rest(time: Duration) {
    let nobody = Mutex::new(());
    let guard = nobody.lock().unwrap_or_else(PoisonError::into_inner);
    drop(Condvar::new().wait_timeout_while(guard, time, |()| true));
}

/// A gate at which two threads wait for each other.
#[derive(Debug, Default)]
pub struct Gate {
    visits: Mutex<BTreeMap<u64, u64>>,
    came: Condvar,
}

/// Why a thread had to leave the gate alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stalled {
    /// As in `wire::Entry::STALLED`.
    pub why: u64,
}

impl Gate {
    /// Makes a gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Comes for the `visit`th time and waits until another thread has come as often.
    ///
    /// # Errors
    ///
    /// [`Stalled`] when everybody waits and nobody will come.
    pub fn meet(&self, visit: u64) -> Result<(), Stalled> {
        self.wait(visit, |_| visit).map(drop)
    }

    /// Comes for the `visit`th time. Whoever comes first of all waits until another thread has come
    /// twice; whether this thread did.
    ///
    /// # Errors
    ///
    /// As [`Gate::meet`].
    pub fn hold_first(&self, visit: u64) -> Result<bool, Stalled> {
        self.wait(visit, |visits| if visits.is_empty() { 2 } else { 0 })
    }

    /// Comes, then waits until another thread has come as often as `until` says of the visits
    /// before this one; whether there was anything to wait for.
    fn wait(&self, visit: u64, until: impl FnOnce(&BTreeMap<u64, u64>) -> u64) -> Result<bool, Stalled> {
        let me = this_thread();
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let until = until(&visits);
        visits.insert(me, visit);
        self.came.notify_all();
        if until == 0 {
            return Ok(false);
        }
        let alone = |visits: &mut BTreeMap<u64, u64>| !visits.iter().any(|(&t, &n)| t != me && n >= until);
        let (visits, wait) =
            self.came.wait_timeout_while(visits, AN_HOUR, alone).unwrap_or_else(PoisonError::into_inner);
        drop(visits);
        if wait.timed_out() { Err(Stalled { why: why_alone(me) }) } else { Ok(true) }
    }
}

/// What keeps the others from the gate.
fn why_alone(me: u64) -> u64 {
    let others = probe::alive().into_iter().filter(|thread| u64::from(thread.0) != me && thread.0 != 0);
    let mut why = 0;
    for other in others {
        match probe::waiting(other) {
            Waiting::LockHeldBy(holders) if holders.iter().any(|holder| u64::from(holder.0) == me) => {
                return 1;
            }
            _ => why = 2,
        }
    }
    why
}
