//! Futures: results that are still to come, and what becomes of failures on the way (`concurrent.futures`).

use crate::api::{ExecutorError, FutureError};
use std::marker::PhantomData;

/// Runs tasks on a fixed number of threads.
#[derive(Debug)]
pub struct Executor {
    // TODO 1/4: tasks have different results. What do the workers take out of their queue?
}

/// The result of a task, which may be still to come. Dropping it changes nothing for the task.
#[derive(Debug)]
pub struct Future<T> {
    // TODO 2/4: what do the worker and the owner of a future share? In which states can a task be?
    result: PhantomData<T>,
}

/// The results of several futures, in the order in which their tasks end. Dropping it changes nothing for the tasks.
#[derive(Debug)]
pub struct AsCompleted<T> {
    // TODO 3/4: how does one wait for whichever comes first?
    results: PhantomData<T>,
}

impl Executor {
    /// Starts so many worker threads.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::NoThreads`] for 0; [`ExecutorError::Spawn`] if the system refuses a thread, and then none is left of those
    /// that were started before.
    pub fn new(threads: usize) -> Result<Self, ExecutorError> {
        todo!("start {threads} workers")
    }

    /// Hands in a task and returns at once, however many are waiting. Tasks begin in this order, on a worker and never on the
    /// caller's thread; as many run at the same time as there are workers.
    ///
    /// A task that panics harms neither its worker nor other tasks. A task does not use the executor that runs it.
    pub fn submit<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Future<T> {
        let _ = task;
        todo!("put the task into the queue and wake a worker")
    }
}

impl Drop for Executor {
    /// Finishes the tasks that have begun and waits until every worker has ended. Tasks that have not begun never run: their
    /// futures say [`FutureError::ExecutorGone`]. Results that are there stay there, and what was cancelled stays cancelled.
    fn drop(&mut self) {
        // TODO 4/4: somebody may be waiting for a task that will never run.
        todo!("end the workers, and tell whoever waits")
    }
}

impl<T> Future<T> {
    /// Waits, without using the processor, until the task has ended, and gives its result.
    ///
    /// # Errors
    ///
    /// [`FutureError::Panicked`] with the panic's text (`panic without a message` if it was none),
    /// [`FutureError::Cancelled`] if it was cancelled, [`FutureError::ExecutorGone`] if it will never run.
    pub fn result(self) -> Result<T, FutureError> {
        let _ = self.result;
        todo!("wait for the task")
    }

    /// The error, if there is one; never waits. `None` while the task is still to come or under way, and when it ended well.
    pub fn exception(&self) -> Option<FutureError> {
        todo!("look whether there is an error")
    }

    /// Whether `result` would return at once; never waits.
    pub fn is_done(&self) -> bool {
        todo!("look whether it is over")
    }

    /// Sees to it that the task never runs, if it has not begun; never waits. Whether the task is cancelled: `true` the second
    /// time, too, and `false` for one that has begun, has ended or will never run because its executor is gone.
    pub fn cancel(&self) -> bool {
        todo!("cancel the task, unless it is too late")
    }
}

/// Gives each future's place in `futures` together with its result, in the order in which the tasks end; those that have
/// ended already come first, in any order.
pub fn as_completed<T>(futures: Vec<Future<T>>) -> AsCompleted<T> {
    let _ = AsCompleted::<T> { results: PhantomData };
    todo!("get ready to wait for {} futures", futures.len())
}

impl<T> Iterator for AsCompleted<T> {
    type Item = (usize, Result<T, FutureError>);

    /// Waits for the next task to end; `None` when there is no more.
    fn next(&mut self) -> Option<Self::Item> {
        let _ = self.results;
        todo!("wait for whichever task ends next")
    }
}
