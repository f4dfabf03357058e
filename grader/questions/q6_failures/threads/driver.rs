//! The adapter of caught threads: bodies write down where they panic, the log and the hook what they are told.

use super::super::words::threads as words;
use crate::script::{Actor, Tool};
use crate::session::{log, log_text};
use crate::world;
use std::panic::{self, AssertUnwindSafe, Location, catch_unwind, panic_any};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use wire::Tally;

/// Thread, message and place.
pub type Failure = [String; 3];
/// Who is told of failures.
pub type Log = Arc<dyn Fn(Failure) + Send + Sync>;
/// What a task runs.
pub type Body = Box<dyn FnOnce() -> u64 + Send>;

/// An answer's task, behind an adapter.
pub trait Task {
    /// As in the question.
    ///
    /// # Errors
    ///
    /// As in the question.
    fn join(self: Box<Self>) -> Result<u64, Failure>;
}

/// How an answer starts a task.
#[derive(Debug)]
pub struct Spawner {
    spawn: fn(&str, Log, Body) -> Box<dyn Task>,
    state: Arc<State>,
}

impl Spawner {
    /// Starts tasks in this way.
    #[must_use]
    pub fn new(spawn: fn(&str, Log, Body) -> Box<dyn Task>) -> Self {
        Self { spawn, state: Arc::default() }
    }
}

impl Tool for Spawner {
    fn actor(&self) -> Box<dyn Actor + '_> {
        watch_panics();
        let state = Arc::clone(&self.state);
        Box::new(Owner { spawn: self.spawn, tasks: Vec::new(), state, threads: Arc::default() })
    }
}

/// The hook that is there before the first task: in the real world one for all runs, as is the answer's.
fn watch_panics() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let message = info.payload_as_str().unwrap_or(words::NO_TEXT);
            log_text(world::this_thread(), words::HOOK, message);
            before(info);
        }));
    });
}

struct Owner {
    spawn: fn(&str, Log, Body) -> Box<dyn Task>,
    /// Each with its number.
    tasks: Vec<Option<(u64, Box<dyn Task>)>>,
    state: Arc<State>,
    /// The threads on which bodies ran.
    threads: Arc<Tally>,
}

#[derive(Debug, Default)]
struct State {
    /// How many failures have been logged, and whether the gate is open.
    now: Mutex<(u64, bool)>,
    changed: Condvar,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, (u64, bool)> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, what: &'static str, until: impl Fn(&(u64, bool)) -> bool) {
        let wait = || drop(self.changed.wait_while(self.lock(), |now| !until(now)));
        world::waiting_for(what, wait);
    }
}

fn tell(thread: u64, word: u64, number: u64, failure: &Failure) {
    for (part, text) in (0..).zip(failure) {
        log(thread, word, &[number, part]);
        log_text(thread, word, text);
    }
}

/// Panics at the place of its caller, which is written down.
#[track_caller]
fn fail(kind: u64, number: u64) {
    let me = world::this_thread();
    log(me, words::FAILS, &[number]);
    log_text(me, words::FAILS, &Location::caller().to_string());
    match kind {
        words::PANICS => panic_any(words::ON_PURPOSE),
        words::PANICS_MUTE => panic_any(number),
        _ => panic_any(words::message(kind, number)),
    }
}

fn body(kind: u64, number: u64, state: &State) -> u64 {
    match kind {
        words::GIVES => {}
        words::GATED => state.wait("the gate that main opens", |now| now.1),
        words::CATCHES | words::CATCHES_FIRST => {
            let caught = catch_unwind(AssertUnwindSafe(|| panic_any(words::CAUGHT)));
            drop(caught);
            thread::yield_now();
            if kind == words::CATCHES_FIRST {
                fail(kind, number);
            }
        }
        words::PANICS => fail(kind, number),
        _ => {
            thread::yield_now();
            fail(kind, number); // at another place
        }
    }
    number
}

/// Writes down that a body ends, however it does.
struct End(u64);

impl Drop for End {
    fn drop(&mut self) {
        log(world::this_thread(), words::ENDED, &[self.0]);
    }
}

impl Owner {
    fn spawn(&mut self, kind: u64, number: u64) {
        let state = Arc::clone(&self.state);
        let logger: Log = Arc::new(move |failure| {
            let me = world::this_thread();
            tell(me, words::LOGGED, number, &failure);
            world::say(&format!("the log is told of {failure:?}"));
            // Others get their chance to come in between.
            thread::yield_now();
            state.lock().0 += 1;
            state.changed.notify_all();
        });
        let (state, threads, owner) =
            (Arc::clone(&self.state), Arc::clone(&self.threads), world::this_thread());
        let run = move || {
            let me = world::this_thread();
            threads.count(me);
            log(me, words::BEGAN, &[number, (me == owner).into()]);
            log_text(me, words::BEGAN, thread::current().name().unwrap_or("(none)"));
            let _end = End(number);
            body(kind, number, &state)
        };
        let task = (self.spawn)(&words::name(number), logger, Box::new(run));
        self.tasks.push(Some((number, task)));
    }

    fn take(&mut self, task: u64) -> Option<(u64, Box<dyn Task>)> {
        self.tasks.get_mut(task as usize)?.take()
    }

    fn look(&self) {
        let me = world::this_thread();
        let left = self.tasks.iter().filter(|task| task.is_some()).count();
        if left > 0 {
            return;
        }
        let ran: Vec<u64> = self.threads.threads().into_iter().filter(|&thread| thread != me).collect();
        let there = world::still_there(&ran).len().max(world::other_threads().len());
        log(me, words::STILL_THERE, &[there as u64]);
    }
}

impl Actor for Owner {
    fn perform(&mut self, [what, a, b]: [u64; 3]) -> Vec<u64> {
        match what {
            words::SPAWN => self.spawn(a, b),
            words::JOIN => {
                let Some((number, task)) = self.take(a) else { return vec![2] };
                let joined = task.join();
                self.look();
                match joined {
                    Ok(value) => return vec![0, value],
                    Err(failure) => {
                        tell(world::this_thread(), words::JOINED, number, &failure);
                        return vec![1];
                    }
                }
            }
            words::FORGET => drop(self.take(a)),
            words::AWAIT => self.state.wait("a call of `log`", |now| now.0 >= a),
            words::OUTSIDE => drop(catch_unwind(|| panic_any(words::ELSEWHERE))),
            words::OTHER_THREAD => drop(thread::spawn(|| panic_any(words::ELSEWHERE)).join()),
            _ => {
                self.state.lock().1 = true;
                self.state.changed.notify_all();
            }
        }
        Vec::new()
    }
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q6_threads {
    ($answer:ident) => {
        use $answer::api::TaskPanic;
        use $crate::q6_failures::driver::threads as driver;
        use $crate::q6_failures::words::threads as words;

        struct Task($answer::threads::Task<u64>);

        fn failure(failure: &TaskPanic) -> driver::Failure {
            let TaskPanic { thread, message, location } = failure;
            [thread.clone(), message.clone(), location.clone()]
        }

        impl driver::Task for Task {
            fn join(self: Box<Self>) -> Result<u64, driver::Failure> {
                self.0.join().map_err(|error| failure(&error))
            }
        }

        fn spawn(name: &str, log: driver::Log, body: driver::Body) -> Box<dyn driver::Task> {
            let log: $answer::threads::Log = std::sync::Arc::new(move |told: &TaskPanic| log(failure(told)));
            Box::new(Task($answer::threads::spawn_caught(name, log, body)))
        }

        fn main() {
            $crate::script::serve($crate::script::Kind {
                tool: |_| Box::new(driver::Spawner::new(spawn)),
                call: words::call,
                result: words::result,
            })
        }
    };
}
