//! Futures: each shares a cell with its task, and a channel of boxed jobs feeds the workers.

use crate::api::{ExecutorError, FutureError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// A task in its box: runs for `true`, and for `false` hears that it never will.
type Job = Box<dyn FnOnce(bool) + Send>;

/// Runs tasks on a fixed number of threads.
#[derive(Debug)]
pub struct Executor {
    jobs: Option<Sender<Job>>,
    is_going: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
}

/// The result of a task, which may be still to come.
#[derive(Debug)]
pub struct Future<T>(Arc<Mutex<Cell<T>>>);

#[derive(Debug)]
struct Cell<T> {
    /// Whether it is too late to cancel, or to begin.
    decided: bool,
    result: Option<Result<T, FutureError>>,
    /// Where somebody wants to hear of the end, and under which number.
    bell: Option<(usize, Sender<usize>)>,
}

/// The results of several futures, in the order in which their tasks end.
#[derive(Debug)]
pub struct AsCompleted<T> {
    futures: Vec<Future<T>>,
    ended: Receiver<usize>,
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
        let (jobs, waiting) = mpsc::channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let mut executor = Self { jobs: Some(jobs), is_going: Arc::default(), workers: Vec::new() };
        for _ in 0..threads {
            let (waiting, is_going) = (Arc::clone(&waiting), Arc::clone(&executor.is_going));
            let worker = thread::Builder::new().spawn(move || work(&waiting, &is_going));
            // On an error the workers that there are end with `executor`.
            executor.workers.push(worker.map_err(|error| ExecutorError::Spawn(error.to_string()))?);
        }
        Ok(executor)
    }

    /// Hands in a task and returns at once.
    pub fn submit<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Future<T> {
        let future = Future(Arc::new(Mutex::new(Cell { decided: false, result: None, bell: None })));
        let theirs = Future(Arc::clone(&future.0));
        let job: Job = Box::new(move |run| match theirs.decide() {
            true if run => theirs.end(catch_unwind(AssertUnwindSafe(task)).map_err(|panic| {
                let text = panic.downcast_ref::<&str>().copied();
                let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
                FutureError::Panicked { message: text.unwrap_or("panic without a message").to_owned() }
            })),
            true => theirs.end(Err(FutureError::ExecutorGone)),
            false => {} // cancelled
        });
        // The receiver lives as long as a worker does, and they all live as long as the executor.
        let _ = self.jobs.as_ref().map(|jobs| jobs.send(job));
        future
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        // Before the channel is closed, or a worker could take a job that is left and still run it.
        self.is_going.store(true, Ordering::SeqCst);
        self.jobs = None;
        self.workers.drain(..).for_each(|worker| drop(worker.join()));
    }
}

fn work(waiting: &Mutex<Receiver<Job>>, is_going: &AtomicBool) {
    loop {
        // A statement of its own: in a `while let` the lock would be held while the job runs, and nobody else would work.
        let next = lock(waiting).recv();
        let Ok(job) = next else { return };
        job(!is_going.load(Ordering::SeqCst));
    }
}

/// No stranger's code runs under a lock, so poison means nothing here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Future<T> {
    /// Waits until the task has ended, and gives its result.
    ///
    /// # Errors
    ///
    /// [`FutureError`] if there is no result.
    pub fn result(self) -> Result<T, FutureError> {
        as_completed(vec![self]).next().map_or(Err(FutureError::ExecutorGone), |(_, result)| result)
    }

    /// The error, if there is one.
    pub fn exception(&self) -> Option<FutureError> {
        lock(&self.0).result.as_ref()?.as_ref().err().cloned()
    }

    /// Whether `result` would return at once.
    pub fn is_done(&self) -> bool {
        lock(&self.0).result.is_some()
    }

    /// Sees to it that the task never runs, if it has not begun.
    pub fn cancel(&self) -> bool {
        if self.decide() {
            self.end(Err(FutureError::Cancelled));
        }
        self.exception() == Some(FutureError::Cancelled)
    }

    /// Whether the caller is the one who decides what becomes of the task. To look and to change is one step, or a task
    /// would run that was cancelled in between.
    fn decide(&self) -> bool {
        !std::mem::replace(&mut lock(&self.0).decided, true)
    }

    /// Keeps the result and tells whoever waits for it.
    fn end(&self, result: Result<T, FutureError>) {
        let mut cell = lock(&self.0);
        cell.result = Some(result);
        if let Some((number, bell)) = cell.bell.take() {
            let _ = bell.send(number); // nobody may be listening any more
        }
    }
}

/// Gives each future's place in `futures` together with its result, in the order in which the tasks end.
pub fn as_completed<T>(futures: Vec<Future<T>>) -> AsCompleted<T> {
    let (bell, ended) = mpsc::channel();
    for (number, future) in futures.iter().enumerate() {
        let mut cell = lock(&future.0);
        if cell.result.is_some() {
            let _ = bell.send(number);
        } else {
            // Under the lock: the task cannot end between the look and this.
            cell.bell = Some((number, bell.clone()));
        }
    }
    AsCompleted { futures, ended }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = (usize, Result<T, FutureError>);

    fn next(&mut self) -> Option<Self::Item> {
        // When every task has rung, the last sender is gone, and this is an error instead of a wait.
        let number = self.ended.recv().ok()?;
        Some((number, lock(&self.futures[number].0).result.take()?))
    }
}
