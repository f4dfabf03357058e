//! Questions that a driver may ask from inside a body. None is a scheduling point and none changes anything
//! that the threads can see.
//!
//! Outside a schedule every answer is the empty one.

use std::time::Duration;

use crate::context::{self, Here};
use crate::names::place;
use crate::state::{State, Status, Wait};
use crate::trace::Detail;

/// A thread of the running schedule, numbered by birth. `main` is 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct ThreadRef(pub u32);

/// What a thread is waiting for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Waiting {
    /// Nothing: it can run, or it has ended.
    No,
    /// A lock, or an initialisation, that these threads are holding or doing.
    LockHeldBy(Vec<ThreadRef>),
    /// A notification.
    Condvar,
    /// A channel: something to receive, or room to send.
    Channel,
    /// The other threads at a barrier.
    Barrier,
    /// The end of a thread.
    Join(ThreadRef),
    /// An unpark.
    Park,
    /// Time alone.
    Sleep,
}

/// The current thread, or `None` outside a schedule.
#[must_use]
pub fn current() -> Option<ThreadRef> {
    context::here().map(|here| ThreadRef(here.me as u32))
}

/// Whether the closure of `thread` has returned or unwound. Destructors of its thread-local values may still have to run:
/// not even the end of a scope waits for them.
#[must_use]
pub fn has_finished(thread: ThreadRef) -> bool {
    ask(|state, _| state.threads.get(thread.0 as usize).is_some_and(|it| it.has_returned)).unwrap_or(false)
}

/// Every thread that has not finished, the caller included.
#[must_use]
pub fn alive() -> Vec<ThreadRef> {
    let all = |state: &mut State, _: usize| {
        let threads = (0u32..).zip(&state.threads);
        threads.filter(|(_, it)| !it.has_returned).map(|(index, _)| ThreadRef(index)).collect()
    };
    ask(all).unwrap_or_default()
}

/// How many threads this schedule has had so far, the first one included.
#[must_use]
pub fn started() -> usize {
    ask(|state, _| state.threads.len()).unwrap_or_default()
}

/// How many times any thread has called `thread::sleep` in this schedule.
#[must_use]
pub fn sleeps() -> u32 {
    ask(|state, _| state.sleeps).unwrap_or(0)
}

/// What `thread` is waiting for at this moment.
#[must_use]
pub fn waiting(thread: ThreadRef) -> Waiting {
    ask(|state, _| waiting_in(state, thread)).unwrap_or(Waiting::No)
}

fn waiting_in(state: &State, thread: ThreadRef) -> Waiting {
    let Some(Status::Blocked(wait)) = state.threads.get(thread.0 as usize).map(|it| it.status) else {
        return Waiting::No;
    };
    match wait {
        Wait::Lock(object) | Wait::Shared(object) | Wait::Change(object) => {
            let object = &state.objects[object.0 as usize];
            match object.kind.label {
                "Channel" => Waiting::Channel,
                "Barrier" => Waiting::Barrier,
                _ => Waiting::LockHeldBy(object.holders().map(|hold| hold.thread).collect()),
            }
        }
        Wait::Condvar(_) => Waiting::Condvar,
        Wait::Join(other) | Wait::Return(other) => Waiting::Join(other),
        Wait::Park => Waiting::Park,
        Wait::Sleep => Waiting::Sleep,
    }
}

/// The locks that `thread` holds, for example `Mutex#1<Vec<u64>> since lib.rs:40:9`.
#[must_use]
pub fn locks_held(thread: ThreadRef) -> Vec<String> {
    let held = |state: &mut State, _: usize| {
        let locks = state.objects.iter().filter(|object| object.is_lock());
        let mine = locks.filter_map(|object| {
            let hold = object.holders().find(|hold| hold.thread == thread)?;
            Some(format!("{} since {}", object.name(), place(hold.since)))
        });
        mine.collect()
    };
    ask(held).unwrap_or_default()
}

/// Gives a wait a meaning: whatever the current thread waits for inside `wait`, a failure says that it waits for `what`, as in
/// "a task to begin". What a driver is made of is nobody's business, and a notification that came before such a wait is no
/// lost wake-up. Panics come through.
pub fn waiting_for<T>(what: &'static str, wait: impl FnOnce() -> T) -> T {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            ask(|state, me| state.threads[me].purpose = None);
        }
    }
    ask(|state, me| state.threads[me].purpose = Some(what));
    let _reset = Reset;
    wait()
}

/// Says that panics of the current thread inside `body` are meant: a schedule that fails while one of them unwinds, as by a
/// destructor that waits for ever, fails by that, and not by the panic before it. Panics come through.
pub fn panicking_on_purpose<T>(body: impl FnOnce() -> T) -> T {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            ask(|state, me| state.threads[me].means_to_panic = false);
        }
    }
    ask(|state, me| state.threads[me].means_to_panic = true);
    let _reset = Reset;
    body()
}

/// Has every `spawn` after `more` of them fail, in any thread, as on a machine that has no thread left, until `body` ends. Panics
/// come through. Not to be nested: the inner one ends the outer one's limit.
pub fn with_threads_left<T>(more: u32, body: impl FnOnce() -> T) -> T {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            ask(|state, _| state.threads_left = None);
        }
    }
    ask(|state, _| state.threads_left = Some(more));
    let _reset = Reset;
    body()
}

/// Has the current thread go from now on before all that have not asked for this, whenever it can go on and nobody yields just then: so
/// a schedule shows what becomes of somebody who was woken and comes late. The threads that it starts do not inherit this.
pub fn hurry() {
    ask(|state, me| state.threads[me].hurries = true);
}

/// Adds a step of the current thread to the story.
pub fn note(text: String) {
    ask(|state, me| {
        let site = state.threads[me].site;
        state.record(me, "--", None, site, Detail::Note(crate::hook::one_line(&text).into()));
    });
}

/// Virtual time since the schedule began.
#[must_use]
pub fn now() -> Duration {
    Duration::from_nanos(ask(|state, _| state.now).unwrap_or(0))
}

fn ask<R>(question: impl FnOnce(&mut State, usize) -> R) -> Option<R> {
    let Here { execution, me } = context::here()?;
    let mut state = execution.inspect();
    Some(question(&mut state, me))
}
