//! The adapter of an executor and its futures: tasks write down when they begin and end, and on which thread.

use super::super::words::futures::{self as words, NOTHING};
use crate::script::{Actor, Tool, drop_in_a_panic};
use crate::session::log;
use crate::world;
use std::panic::panic_any;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What is handed in.
pub type Task = Box<dyn FnOnce() -> u64 + Send>;
/// The iterator of an answer: place and outcome.
pub type Completed = Box<dyn Iterator<Item = (u64, Vec<u64>)>>;

/// An answer's executor, behind an adapter.
pub trait Executor: Send {
    /// As in the question.
    fn submit(&self, task: Task) -> Box<dyn Future>;
}

/// An answer's future, behind an adapter; results are outcomes of the words.
pub trait Future {
    /// As in the question.
    fn result(self: Box<Self>) -> Vec<u64>;
    /// As in the question.
    fn exception(&self) -> Option<Vec<u64>>;
    /// As in the question.
    fn is_done(&self) -> bool;
    /// As in the question.
    fn cancel(&self) -> bool;
    /// The answer's own future again.
    fn as_any(self: Box<Self>) -> Box<dyn std::any::Any>;
}

/// An answer, behind an adapter.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// Makes an executor; whether it was refused for want of threads.
    pub new: fn(usize) -> Result<Box<dyn Executor>, bool>,
    /// As in the question.
    pub as_completed: fn(Vec<Box<dyn Future>>) -> Completed,
}

/// An executor that several threads use, and the gate for its tasks.
pub struct Shared {
    answer: Answer,
    executor: Mutex<Option<Box<dyn Executor>>>,
    gate: Arc<Gate>,
    actors: Mutex<u64>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

#[derive(Debug, Default)]
struct Gate {
    /// Whether it is open, and how many tasks have begun.
    state: Mutex<(bool, u64)>,
    changed: Condvar,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    fn begin(&self) {
        lock(&self.state).1 += 1;
        self.changed.notify_all();
    }

    fn wait(&self, what: &'static str, until: impl Fn(bool, u64) -> bool) {
        let wait = || drop(self.changed.wait_while(lock(&self.state), |state| !until(state.0, state.1)));
        world::waiting_for(what, wait);
    }
}

impl Shared {
    /// Makes an executor of so many threads.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn new(answer: Answer, threads: u64) -> Self {
        let Ok(executor) = (answer.new)(threads as usize) else { panic!("there is no executor") };
        let executor = Mutex::new(Some(executor));
        Self { answer, executor, gate: Arc::default(), actors: Mutex::new(0) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let executor = lock(&self.executor).take();
        world::let_go(move || drop(executor));
    }
}

impl Tool for Shared {
    fn actor(&self) -> Box<dyn Actor + '_> {
        let mut actors = lock(&self.actors);
        *actors += 1;
        let futures = Vec::new();
        Box::new(Thread { shared: self, number: *actors - 1, futures, completed: None, places: Vec::new() })
    }
}

struct Thread<'a> {
    shared: &'a Shared,
    number: u64,
    futures: Vec<Option<Box<dyn Future>>>,
    completed: Option<Completed>,
    /// Which futures `completed` has.
    places: Vec<u64>,
}

impl Thread<'_> {
    fn submit(&mut self, kind: u64, number: u64) -> Vec<u64> {
        let executor = lock(&self.shared.executor);
        let Some(executor) = &*executor else { return vec![0] };
        let place = self.number * 100 + self.futures.len() as u64;
        let (owner, gate) = (world::this_thread(), Arc::clone(&self.shared.gate));
        let task = move || {
            let me = world::this_thread();
            log(me, words::BEGAN, &[place, world::now_ns(), (me == owner).into()]);
            world::say(&format!("task {place} begins"));
            gate.begin();
            match kind {
                words::SLEEPS => thread::sleep(Duration::from_secs(number)),
                words::GATED => gate.wait("the gate that main opens", |open, _| open),
                _ => thread::yield_now(),
            }
            world::say(&format!("task {place} ends"));
            log(me, words::ENDED, &[place, world::now_ns()]);
            match kind {
                words::PANICS => panic_any(words::ON_PURPOSE),
                words::PANICS_MADE => panic_any(words::message(kind, number)),
                words::PANICS_MUTE => panic_any(number),
                _ => number,
            }
        };
        self.futures.push(Some(executor.submit(Box::new(task))));
        vec![1, place]
    }

    fn future(&self, place: u64) -> Option<&dyn Future> {
        self.futures.get(place as usize)?.as_deref()
    }

    fn take(&mut self, place: u64) -> Option<Box<dyn Future>> {
        self.futures.get_mut(place as usize)?.take()
    }

    fn new_refused(&self, threads: u64, refused: u64) -> [u64; 2] {
        let before = world::other_threads().len();
        let made = world::with_thread_refused(refused, || (self.shared.answer.new)(threads as usize));
        let left = world::other_threads().len().saturating_sub(before);
        let code = match made {
            Ok(executor) => {
                world::let_go(move || drop(executor));
                0
            }
            Err(no_threads) => 1 + u64::from(no_threads),
        };
        [code, left as u64]
    }

    fn drop_executor(&self, unwinds: bool) {
        // Two statements: the lock is not held while the executor goes.
        let executor = lock(&self.shared.executor).take();
        if unwinds { drop_in_a_panic(executor) } else { drop(executor) }
    }
}

impl Actor for Thread<'_> {
    fn perform(&mut self, [what, a, b]: [u64; 3]) -> Vec<u64> {
        match what {
            words::SUBMIT => return self.submit(a, b),
            words::RESULT => return self.take(a).map_or(vec![NOTHING], Future::result),
            words::EXCEPTION => {
                return self.future(a).and_then(Future::exception).unwrap_or_else(|| vec![NOTHING]);
            }
            words::IS_DONE => return vec![self.future(a).is_some_and(Future::is_done).into()],
            words::CANCEL => return vec![self.future(a).is_some_and(Future::cancel).into()],
            words::COMPLETED => {
                let there =
                    (0..).zip(&mut self.futures).filter_map(|(place, future)| Some((place, future.take()?)));
                let (places, futures): (Vec<u64>, Vec<_>) = there.unzip();
                self.places = places;
                self.completed = Some((self.shared.answer.as_completed)(futures));
            }
            words::NEXT => {
                let Some((place, outcome)) = self.completed.as_mut().and_then(Iterator::next) else {
                    return Vec::new();
                };
                let place = self.places.get(place as usize).copied().unwrap_or(u64::MAX);
                return [place].into_iter().chain(outcome).collect();
            }
            words::OPEN => {
                lock(&self.shared.gate.state).0 = true;
                self.shared.gate.changed.notify_all();
            }
            words::DROP => self.drop_executor(a == 1),
            words::FORGET => drop(self.take(a)),
            words::FORGET_ALL => self.completed = None,
            words::NEW_REFUSED => return self.new_refused(a, b).to_vec(),
            words::NEW_OF_NONE => return vec![matches!((self.shared.answer.new)(0), Err(true)).into()],
            _ => self.shared.gate.wait("another task to begin", |_, begun| begun >= a),
        }
        Vec::new()
    }
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q6_futures {
    ($answer:ident) => {
        use $answer::api::{ExecutorError, FutureError};
        use $answer::futures as theirs;
        use $crate::q6_failures::driver::futures as driver;
        use $crate::q6_failures::words::futures as words;

        fn error(error: FutureError) -> Vec<u64> {
            match error {
                FutureError::Panicked { message } => {
                    [words::PANICKED].into_iter().chain(message.chars().map(u64::from)).collect()
                }
                FutureError::Cancelled => vec![words::CANCELLED],
                FutureError::ExecutorGone => vec![words::GONE],
            }
        }

        fn outcome(result: Result<u64, FutureError>) -> Vec<u64> {
            result.map_or_else(error, |value| vec![words::VALUE, value])
        }

        struct Executor(theirs::Executor);

        impl driver::Executor for Executor {
            fn submit(&self, task: driver::Task) -> Box<dyn driver::Future> {
                Box::new(Future(self.0.submit(task)))
            }
        }

        struct Future(theirs::Future<u64>);

        impl driver::Future for Future {
            fn result(self: Box<Self>) -> Vec<u64> {
                outcome(self.0.result())
            }
            fn exception(&self) -> Option<Vec<u64>> {
                self.0.exception().map(error)
            }
            fn is_done(&self) -> bool {
                self.0.is_done()
            }
            fn cancel(&self) -> bool {
                self.0.cancel()
            }
            fn as_any(self: Box<Self>) -> Box<dyn std::any::Any> {
                self
            }
        }

        fn new(threads: usize) -> Result<Box<dyn driver::Executor>, bool> {
            match theirs::Executor::new(threads) {
                Ok(executor) => Ok(Box::new(Executor(executor))),
                Err(error) => Err(matches!(error, ExecutorError::NoThreads)),
            }
        }

        fn as_completed(futures: Vec<Box<dyn driver::Future>>) -> driver::Completed {
            let own =
                |future: Box<dyn driver::Future>| future.as_any().downcast::<Future>().ok().map(|own| own.0);
            let completed = theirs::as_completed(futures.into_iter().filter_map(own).collect());
            Box::new(completed.map(|(place, result)| (place as u64, outcome(result))))
        }

        fn main() {
            $crate::script::serve($crate::script::Kind {
                tool: |config| Box::new(driver::Shared::new(driver::Answer { new, as_completed }, config[0])),
                call: words::call,
                result: words::result,
            })
        }
    };
}
