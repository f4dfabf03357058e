//! Where the tasks of a script meet their caller and each other. Knows nothing of pools.

use super::super::words::pool::{self as words, Task};
use crate::session::log;
use crate::world;
use std::collections::BTreeSet;
use std::panic::panic_any;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use wire::script::A_CENTURY;

/// A thread of the caller that waits for a result.
#[derive(Debug)]
pub struct Waiting(JoinHandle<Result<u64, String>>);

impl Waiting {
    /// Begins to wait.
    pub fn new(result: impl FnOnce() -> Result<u64, String> + Send + 'static) -> Self {
        Self(thread::spawn(result))
    }

    /// Waits for its end; nothing if it has panicked.
    pub fn end(self) -> Option<Result<u64, String>> {
        self.0.join().ok()
    }
}

/// What the tasks of one script share.
#[derive(Debug, Default)]
pub struct Board {
    state: Mutex<State>,
    changed: Condvar,
    written: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    begun: BTreeSet<u64>,
    ended: u64,
    released: BTreeSet<u64>,
    /// Tasks that have come to gather, ever.
    gathered: u64,
    /// Of many: how many have run, and how many not in their turn.
    many: [u64; 2],
}

/// Longer than any wait of an honest answer.
const AN_HOUR: Duration = Duration::from_secs(3600);

impl Board {
    /// Does what a task is to do, and gives its value. `submit` hands a plain task of this number to the task's own pool.
    ///
    /// # Panics
    ///
    /// If that is what the task is to do.
    pub fn run(&self, id: u64, task: Task, submit: impl Fn(u64)) -> u64 {
        let me = world::this_thread();
        log(me, words::BEGINS, &[id]);
        world::say(&format!("task {id} begins"));
        let mut state = self.lock();
        state.begun.insert(id);
        self.changed.notify_all();
        let in_time = match task {
            Task::Gather(count) => {
                state.gathered += 1;
                let wanted = state.gathered.div_ceil(count) * count;
                self.wait(state, |state| state.gathered >= wanted)
            }
            Task::NestHold => {
                drop(state);
                submit(id + 100);
                self.wait(self.lock(), |state| state.released.contains(&id))
            }
            Task::Hold => self.wait(state, |state| state.released.contains(&id)),
            Task::HoldUntil(count) => self.wait(state, |state| state.ended >= count),
            _ => {
                drop(state);
                true
            }
        };
        if !in_time {
            log(me, words::IN_VAIN, &[id]);
            world::say(world::IN_VAIN);
        }
        match task {
            Task::Nest => submit(id + 100),
            Task::Write => self.written.store(id, Relaxed),
            Task::Rest => world::rest(A_CENTURY),
            _ => {}
        }
        log(me, words::ENDS, &[id]);
        world::say(&format!("task {id} ends"));
        self.lock().ended += 1;
        self.changed.notify_all();
        match task {
            Task::Panic => panic!("{}", words::text(id)),
            Task::PanicPlain => panic_any(words::PLAIN_TEXT),
            Task::PanicLines => panic_any(words::TWO_LINES),
            Task::PanicNumber => panic_any(id),
            _ => words::value(id),
        }
    }

    /// Lets a held task go on.
    pub fn release(&self, id: u64) {
        self.lock().released.insert(id);
        self.changed.notify_all();
    }

    /// Waits until a task has begun; false if it does not.
    pub fn await_begin(&self, id: u64) -> bool {
        let state = self.lock();
        self.wait(state, |state| state.begun.contains(&id))
    }

    /// One of many has run: the one with this place.
    pub fn ran(&self, place: u64) {
        let mut state = self.lock();
        let [ran, late] = &mut state.many;
        *late += u64::from(*ran != place);
        *ran += 1;
    }

    /// How many of many have run, and how many out of turn.
    pub fn many_ran(&self) -> [u64; 2] {
        self.lock().many
    }

    /// What was written last.
    pub fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it came to be so within an hour. Where an hour takes an hour there is no limit: that everybody waits can be proven then.
    fn wait(&self, state: MutexGuard<'_, State>, is_so: impl Fn(&State) -> bool) -> bool {
        if !world::TIME_IS_VIRTUAL {
            drop(self.changed.wait_while(state, |state| !is_so(state)));
            return true;
        }
        let waited = self.changed.wait_timeout_while(state, AN_HOUR, |state| !is_so(state));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}
