//! Threads: spawn, join, park, yield.
//!
//! Knows nothing of results; the caller's closure keeps them and catches every panic.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::context::{self, Here};
use crate::execution::Guard;
use crate::fiber;
use crate::locals;
use crate::names::Site;
use crate::ops::time::{Timer, count_idle_turn};
use crate::probe::ThreadRef;
use crate::state::{Status, Wait, Woken};
use crate::trace::Detail;

/// `EAGAIN`, with which Linux refuses a thread: see `pthread_create(3)`.
const NO_THREAD_LEFT: i32 = 11;

/// A closure for a new thread. It must not unwind.
pub type Task = Box<dyn FnOnce() + Send>;

/// What a new thread is to be like.
#[derive(Debug, Default)]
pub struct Plan {
    /// Its name.
    pub name: Option<Arc<str>>,
    /// The size of its stack.
    pub stack_size: Option<usize>,
}

/// Whether the current thread belongs to a schedule.
#[must_use]
pub fn is_modelled() -> bool {
    context::is_inside()
}

/// The current thread and its name, inside a schedule.
#[must_use]
pub fn current() -> Option<(ThreadRef, Option<Arc<str>>)> {
    let here = context::here()?;
    let name = here.execution.inspect().threads[here.me].given_name.clone();
    Some((ThreadRef(here.me as u32), name))
}

/// Starts a thread of this schedule. Must be called inside one.
///
/// # Errors
/// If the machine has no thread left, or [`crate::probe::with_threads_left`] says so.
pub fn spawn(plan: Plan, site: Site, task: Task) -> io::Result<ThreadRef> {
    let Some(here) = context::here() else { unreachable!("asked by `is_modelled`") };
    let (execution, me) = (&here.execution, here.me);
    let (mut state, site) = here.point(site);
    match &mut state.threads_left {
        Some(0) => {
            state.record(me, "spawn", None, site, Detail::Says("refused"));
            return Err(io::Error::from_raw_os_error(NO_THREAD_LEFT));
        }
        Some(left) => *left -= 1,
        None => {}
    }
    let child = state.add_thread(Some(me), plan.name, site);
    state.record(me, "spawn", None, site, Detail::Thread(ThreadRef(child as u32)));
    let member = Here { execution: Rc::clone(execution), me: child };
    let live = move || {
        context::live(&member, |here| {
            task();
            // A thread that nobody waits for may be there for a while after its last step.
            let mut state = here.execution.switch(here.lock(), here.me, false);
            state.threads[here.me].has_returned = true;
            state.wake_all(here.me, |wait| wait == Wait::Return(ThreadRef(here.me as u32)));
            if locals::has_destructors() {
                drop(here.execution.switch(state, here.me, false));
            }
        })
    };
    match fiber::add(plan.stack_size, Box::new(live)) {
        Ok(()) => {
            drop(execution.switch(state, me, false));
            Ok(ThreadRef(child as u32))
        }
        Err(error) => {
            state.threads[child].status = Status::Finished;
            state.threads[child].has_returned = true;
            state.tainted = true;
            Err(error)
        }
    }
}

/// Waits for the end of a thread.
pub fn join(thread: ThreadRef, site: Site) {
    let Some(here) = context::here() else { return };
    let (state, site) = here.point(site);
    wait_for(&here, state, thread, Wait::Join(thread), site);
}

/// The end of a scope: a step only if the thread is still to be waited for. As in the standard library, thread-local
/// values of the thread may go later.
pub fn join_at_scope_end(thread: ThreadRef, site: Site) {
    let Some(here) = context::here() else { return };
    let state = here.lock();
    if state.threads[thread.0 as usize].has_returned {
        return learn_all(state, here.me, thread);
    }
    drop(state);
    let (state, site) = here.point(site);
    wait_for(&here, state, thread, Wait::Return(thread), site);
}

fn wait_for<'a>(here: &'a Here, mut state: Guard<'a>, thread: ThreadRef, wait: Wait, site: Site) {
    let is_over = |state: &Guard<'_>| {
        let it = &state.threads[thread.0 as usize];
        it.status == Status::Finished || it.has_returned && matches!(wait, Wait::Return(_))
    };
    state.record(here.me, "join", None, site, Detail::Thread(thread));
    let waited = !is_over(&state);
    while !is_over(&state) {
        state = here.execution.block(state, here.me, wait, None);
    }
    if waited {
        state.threads[here.me].idle_turns = 0;
        state.record(here.me, "has joined", None, site, Detail::Thread(thread));
    }
    learn_all(state, here.me, thread);
}

fn learn_all(mut state: Guard<'_>, me: usize, ended: ThreadRef) {
    let known = state.threads[ended.0 as usize].view.clock.clone();
    state.threads[me].view.clock.join(&known);
}

/// Whether a thread has done what it was spawned for.
#[must_use]
pub fn is_finished(thread: ThreadRef, site: Site) -> bool {
    let Some(here) = context::here() else { return true };
    let (mut state, site) = here.point(site);
    let finished = state.threads[thread.0 as usize].has_returned;
    state.count_look(here.me, !finished);
    state.record(here.me, "is_finished", None, site, Detail::Finished(thread, finished));
    finished
}

/// Passes the turn on.
pub fn yield_now(verb: &'static str, site: Site) -> bool {
    let Some(here) = context::here() else { return false };
    let mut state = here.lock();
    state.threads[here.me].site = site;
    state.record(here.me, verb, None, site, Detail::None);
    drop(here.execution.switch(state, here.me, true));
    true
}

/// Gives a thread the token that its `park` waits for.
pub fn unpark(thread: ThreadRef, site: Site) {
    let Some(here) = context::here() else { return };
    let (mut state, site) = here.point(site);
    state.record(here.me, "unpark", None, site, Detail::Thread(thread));
    let known = state.threads[here.me].view.clock.clone();
    state.threads[here.me].view.clock.tick(here.me);
    let target = &mut state.threads[thread.0 as usize];
    target.token = true;
    target.token_clock.join(&known);
    if target.status == Status::Blocked(Wait::Park) {
        state.wake(thread.0 as usize, Woken::By(ThreadRef(here.me as u32)));
    }
}

/// Waits for a token; false outside a schedule.
pub fn park(timeout: Option<Duration>, verb: &'static str, site: Site) -> bool {
    let Some(here) = context::here() else { return false };
    let (execution, me) = (&here.execution, here.me);
    let (mut state, site) = here.point(site);
    state.record(me, verb, None, site, Detail::None);
    if !state.threads[me].token {
        let woken = match Timer::start(&mut state, timeout, 8) {
            Timer::EndsNow => {
                state = execution.switch(state, me, true);
                Woken::Expired
            }
            Timer::At(deadline) => {
                state = execution.block(state, me, Wait::Park, deadline);
                state.threads[me].woken
            }
        };
        let (verb, detail) = match woken {
            Woken::By(thread) => ("is unparked by", Detail::Thread(thread)),
            Woken::Expired => ("park times out", Detail::None),
            Woken::Spuriously => ("park returns spuriously", Detail::None),
        };
        state.record(me, verb, None, site, detail);
        state = count_idle_turn(&here, state, woken);
    }
    let thread = &mut state.threads[me];
    thread.token = false;
    thread.view.clock.join(&thread.token_clock);
    true
}

/// A key for a hasher: another one at every call, the same in every run of a schedule; nothing outside of one.
#[must_use]
pub fn hash_key() -> Option<u64> {
    let here = context::here()?;
    let mut state = here.lock();
    state.hash_key = state.hash_key.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
    Some(state.hash_key)
}
