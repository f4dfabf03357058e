//! A pool of threads: one queue under a mutex, a condition variable for idle workers, and a slot for each result.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::api::{PoolError, TaskPanic};

type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads that run tasks.
pub struct ThreadPool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// A job came, or the pool was closed.
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl ThreadPool {
    /// Starts exactly `threads` workers.
    pub fn new(threads: usize) -> Result<Self, PoolError> {
        if threads == 0 {
            return Err(PoolError::NoThreads);
        }
        let mut pool = Self { shared: Arc::default(), workers: Vec::new() };
        for number in 0..threads {
            let shared = Arc::clone(&pool.shared);
            let builder = thread::Builder::new().name(format!("worker {number}"));
            // If this fails, the pool is dropped, and the workers that were started are joined.
            let worker = builder.spawn(move || shared.work());
            pool.workers.push(worker.map_err(|error| PoolError::Spawn(error.to_string()))?);
        }
        Ok(pool)
    }

    /// Hands a task to the pool and returns at once.
    pub fn submit<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        let slot = Arc::new(Slot { result: Mutex::new(None), done: Condvar::new() });
        let theirs = Arc::clone(&slot);
        let job = Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(task)).map_err(told);
            *lock(&theirs.result) = Some(result);
            theirs.done.notify_one();
        });
        lock(&self.shared.queue).jobs.push_back(job);
        self.shared.changed.notify_one();
        Pending { slot }
    }

    /// Runs `task` on every input and returns the results in the order of the inputs.
    pub fn map<I: Send + 'static, O: Send + 'static>(
        &self,
        inputs: impl IntoIterator<Item = I>,
        task: impl Fn(I) -> O + Send + Sync + 'static,
    ) -> Vec<Result<O, TaskPanic>> {
        let task = Arc::new(task);
        let submit = |input| {
            let task = Arc::clone(&task);
            self.submit(move || task(input))
        };
        // All are submitted before the first is waited for.
        let pending: Vec<Pending<O>> = inputs.into_iter().map(submit).collect();
        pending.into_iter().map(Pending::result).collect()
    }

    /// Finishes what was submitted and ends all threads.
    pub fn join(self) {}
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        // Under the lock: a worker that has just found nothing to do is in its wait before it can miss this.
        lock(&self.shared.queue).closed = true;
        self.shared.changed.notify_all();
        for worker in self.workers.drain(..) {
            // A worker catches every panic of a task.
            let _ = worker.join();
        }
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool").field("threads", &self.workers.len()).finish_non_exhaustive()
    }
}

impl Shared {
    fn work(&self) {
        while let Some(job) = self.next() {
            job();
        }
    }

    /// The oldest job; nothing when the pool is closed and no job is left.
    fn next(&self) -> Option<Job> {
        let idle = |queue: &mut Queue| queue.jobs.is_empty() && !queue.closed;
        let queue = self.changed.wait_while(lock(&self.queue), idle);
        queue.unwrap_or_else(PoisonError::into_inner).jobs.pop_front()
    }
}

/// A task that was submitted, and its result as soon as there is one.
#[derive(Debug)]
pub struct Pending<T> {
    slot: Arc<Slot<T>>,
}

#[derive(Debug)]
struct Slot<T> {
    result: Mutex<Option<Result<T, TaskPanic>>>,
    done: Condvar,
}

impl<T> Pending<T> {
    /// Waits for the task and returns its result.
    pub fn result(self) -> Result<T, TaskPanic> {
        let mut result = lock(&self.slot.result);
        loop {
            match result.take() {
                Some(result) => return result,
                None => result = self.slot.done.wait(result).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Whether the task is done.
    pub fn is_done(&self) -> bool {
        lock(&self.slot.result).is_some()
    }
}

/// No task runs under a lock, so poison means nothing here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn told(panic: Box<dyn Any + Send>) -> TaskPanic {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    TaskPanic { message: text.unwrap_or_else(|| "panic without a message".to_owned()) }
}
