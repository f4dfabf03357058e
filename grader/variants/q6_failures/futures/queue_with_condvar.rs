//! Variant: a queue of its own under a mutex, a condition variable for the workers and one in each future.
//!
//! Futures: each has a cell that its task and its owner share.

use crate::api::{ExecutorError, FutureError};
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// A task in its box: runs for `true`, and for `false` hears that it never will.
type Job = Box<dyn FnOnce(bool) + Send>;

/// Runs tasks on a fixed number of threads.
pub struct Executor {
    queue: Arc<Queue>,
    workers: Vec<JoinHandle<()>>,
}

struct Queue {
    /// The jobs that have not begun; None when the executor goes.
    jobs: Mutex<Option<VecDeque<Job>>>,
    changed: Condvar,
}

/// The result of a task, which may be still to come.
#[derive(Debug)]
pub struct Future<T>(Arc<Cell<T>>);

#[derive(Debug)]
struct Cell<T> {
    state: Mutex<State<T>>,
    ended: Condvar,
}

#[derive(Debug)]
struct State<T> {
    /// Whether it is too late to cancel, or to begin.
    decided: bool,
    result: Option<Result<T, FutureError>>,
    /// Where `as_completed` wants to hear of the end, and under which number.
    bell: Option<(usize, Sender<usize>)>,
}

/// The results of several futures, in the order in which their tasks end.
#[derive(Debug)]
pub struct AsCompleted<T> {
    futures: Vec<Option<Future<T>>>,
    ended: Receiver<usize>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("workers", &self.workers).finish_non_exhaustive()
    }
}

impl Executor {
    /// Starts so many worker threads.
    ///
    /// # Errors
    ///
    /// [`ExecutorError`] for 0, or if the system refuses a thread.
    pub fn new(threads: usize) -> Result<Self, ExecutorError> {
        if threads == 0 {
            return Err(ExecutorError::NoThreads);
        }
        let queue = Queue { jobs: Mutex::new(Some(VecDeque::new())), changed: Condvar::new() };
        let mut executor = Self { queue: Arc::new(queue), workers: Vec::new() };
        for _ in 0..threads {
            let queue = Arc::clone(&executor.queue);
            let worker = thread::Builder::new().spawn(move || queue.work());
            // On an error the workers that there are end with `executor`.
            executor.workers.push(worker.map_err(|error| ExecutorError::Spawn(error.to_string()))?);
        }
        Ok(executor)
    }

    /// Hands in a task and returns at once.
    pub fn submit<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Future<T> {
        let state = State { decided: false, result: None, bell: None };
        let cell = Arc::new(Cell { state: Mutex::new(state), ended: Condvar::new() });
        let shared = Arc::clone(&cell);
        let job: Job = Box::new(move |run| match shared.decide() {
            true if run => shared.run(task),
            true => shared.end(Err(FutureError::ExecutorGone)),
            false => {} // cancelled
        });
        if let Some(jobs) = &mut *lock(&self.queue.jobs) {
            jobs.push_back(job);
        }
        self.queue.changed.notify_one();
        Future(cell)
    }
}

impl Queue {
    fn work(&self) {
        loop {
            let mut jobs = lock(&self.jobs);
            let job = loop {
                match &mut *jobs {
                    None => return,
                    Some(waiting) => match waiting.pop_front() {
                        Some(job) => break job,
                        None => jobs = self.changed.wait(jobs).unwrap_or_else(PoisonError::into_inner),
                    },
                }
            };
            drop(jobs); // others shall find work while this one works
            job(true);
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        let left = lock(&self.queue.jobs).take();
        self.queue.changed.notify_all();
        left.into_iter().flatten().for_each(|job| job(false));
        self.workers.drain(..).for_each(|worker| drop(worker.join()));
    }
}

impl<T> Cell<T> {
    /// Whether the caller is the one who decides what becomes of the task. To look and to change is one step, or a task
    /// would run that was cancelled in between.
    fn decide(&self) -> bool {
        !std::mem::replace(&mut lock(&self.state).decided, true)
    }

    fn run(&self, task: impl FnOnce() -> T) {
        self.end(catch_unwind(AssertUnwindSafe(task)).map_err(|payload| {
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            FutureError::Panicked { message: text.unwrap_or("panic without a message").to_owned() }
        }));
    }

    /// Keeps the result and tells whoever waits for it.
    fn end(&self, result: Result<T, FutureError>) {
        let mut state = lock(&self.state);
        state.result = Some(result);
        self.ended.notify_all();
        if let Some((number, bell)) = state.bell.take() {
            let _ = bell.send(number); // nobody may be listening any more
        }
    }
}

impl<T> Future<T> {
    /// Waits until the task has ended, and gives its result.
    ///
    /// # Errors
    ///
    /// [`FutureError`] if there is no result.
    pub fn result(self) -> Result<T, FutureError> {
        let mut state = lock(&self.0.state);
        loop {
            match state.result.take() {
                Some(result) => return result,
                None => state = self.0.ended.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// The error, if there is one.
    pub fn exception(&self) -> Option<FutureError> {
        lock(&self.0.state).result.as_ref()?.as_ref().err().cloned()
    }

    /// Whether `result` would return at once.
    pub fn is_done(&self) -> bool {
        lock(&self.0.state).result.is_some()
    }

    /// Sees to it that the task never runs, if it has not begun.
    pub fn cancel(&self) -> bool {
        if self.0.decide() {
            self.0.end(Err(FutureError::Cancelled));
        }
        self.exception() == Some(FutureError::Cancelled)
    }
}

/// Gives each future's place in `futures` together with its result, in the order in which the tasks end.
pub fn as_completed<T>(futures: Vec<Future<T>>) -> AsCompleted<T> {
    let (bell, ended) = mpsc::channel();
    for (number, future) in futures.iter().enumerate() {
        let mut state = lock(&future.0.state);
        if state.result.is_some() {
            let _ = bell.send(number);
        } else {
            // Under the lock: the task cannot end between the look and this.
            state.bell = Some((number, bell.clone()));
        }
    }
    AsCompleted { futures: futures.into_iter().map(Some).collect(), ended }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = (usize, Result<T, FutureError>);

    fn next(&mut self) -> Option<Self::Item> {
        // When every task has rung, the last sender is gone, and this is an error instead of a wait.
        let number = self.ended.recv().ok()?;
        Some((number, self.futures[number].take()?.result()))
    }
}
