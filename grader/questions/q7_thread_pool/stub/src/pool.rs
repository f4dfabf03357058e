//! A pool of threads: so many workers, started once, that take one task after another
//! (`concurrent.futures.ThreadPoolExecutor`).

use std::marker::PhantomData;

use crate::api::{PoolError, TaskPanic};

/// A fixed number of threads that run tasks.
///
/// When a pool is dropped, what was submitted is finished first, and then no thread of it is left.
#[derive(Debug)]
pub struct ThreadPool {
    // TODO 1/4: what do the workers share, and what does the pool need to end them?
}

/// A task that was submitted, and its result as soon as there is one.
#[derive(Debug)]
pub struct Pending<T> {
    // TODO 2/4: how does the result get here from the worker?
    result: PhantomData<T>,
}

impl ThreadPool {
    /// Starts exactly `threads` workers, here and now. There are never more, and they are used again for task after
    /// task. A worker that has nothing to do waits without using the processor.
    ///
    /// # Errors
    ///
    /// [`PoolError::NoThreads`] if `threads` is 0; [`PoolError::Spawn`] if the system refuses a thread, and then none is left of
    /// those that were started before.
    pub fn new(threads: usize) -> Result<Self, PoolError> {
        todo!("start {threads} workers")
    }

    /// Hands a task to the pool and returns at once, however many tasks wait. Whichever worker is free takes the task that has waited
    /// longest, also while the one that has submitted it is still at work.
    ///
    /// A task may submit another one to its own pool, as long as it does not wait for it. A task that panics harms
    /// nobody else: its worker goes on with the next one.
    pub fn submit<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        // TODO 3/4: who wakes a worker that waits, and is it ever too early to do so?
        drop(task);
        todo!("queue the task")
    }

    /// Runs `task` on every input and returns the results in the order of the inputs, as soon as these are there. A worker that is free
    /// takes the next input, however long another one is busy. Where the inputs come from is the caller's business: they may have to
    /// wait for another task of this pool.
    pub fn map<I: Send + 'static, O: Send + 'static>(
        &self,
        inputs: impl IntoIterator<Item = I>,
        task: impl Fn(I) -> O + Send + Sync + 'static,
    ) -> Vec<Result<O, TaskPanic>> {
        drop((inputs.into_iter(), task));
        todo!("run the task on every input")
    }

    /// Finishes what was submitted and ends all threads; the same as dropping the pool.
    pub fn join(self) {
        todo!("end the pool")
    }
}

// TODO 4/4: what happens when a pool is dropped?

impl<T> Pending<T> {
    /// Waits for the task and returns its result, as soon as this task is done, whatever others do. Any thread may wait, not only the
    /// one that has submitted the task.
    ///
    /// # Errors
    ///
    /// [`TaskPanic`] with the text of the panic if the task panicked.
    pub fn result(self) -> Result<T, TaskPanic> {
        let _ = self.result;
        todo!("wait for the task")
    }

    /// Whether the task is done; never waits.
    pub fn is_done(&self) -> bool {
        todo!("look for a result")
    }
}
