//! The pool: which task goes to which worker, and where its result goes.
//!
//! What holds for all of it: the caller has no helper thread, so queued tasks make progress while the
//! caller is inside any call of the pool. Idle workers and a caller that waits use no processor time.
//! All this works for inputs and results of any size up to the limit of a frame, several of them on
//! the way in both directions at once.
//!
//! Workers keep no end of another pool's pipes: two pools may live at once, also after replacements.
//! When the caller is killed, its workers end by themselves, as soon as they have finished the task
//! they are running, or the inputs that were sent together with it.

use crate::{PoolError, TaskError};
use nix::unistd::Pid;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::time::Duration;

/// Stands for the result of one [`ProcessPool::apply_async`]. It can be used once, with the pool that
/// gave it out.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    // TODO 4/7: how does a pool know its own tickets?
}

/// Worker processes that run one task over and over, with inputs of type `I` and results of type `O`.
///
/// There are never more workers than were asked for. A worker that dies while it runs a task costs
/// that task only, which gets [`TaskError::WorkerDied`]; one that dies while idle costs nothing. The
/// dead worker is replaced at the next call of the pool, and during a call at once, and the pool goes
/// on. If no worker can be started, the tasks that wait get [`TaskError::PoolFailed`].
///
/// A task that panics gets [`TaskError::Panicked`] with the text of the panic, or "panic without a
/// message" if its payload is no text. Its worker lives on.
///
/// An input or a result that cannot be turned into bytes and back is [`TaskError::Undecodable`]; one
/// that does not fit into a frame is [`TaskError::PoolFailed`].
///
/// Dropping the pool does what [`terminate`](ProcessPool::terminate) does.
pub struct ProcessPool<I, O> {
    // TODO 5/7: workers, queue, results.
    _task: PhantomData<fn(I) -> O>,
}

// The bounds stand here and not on the struct, as a `Drop` needs none of them: an `impl Drop` must
// have the very bounds of its struct (error E0367).
impl<I: Serialize + DeserializeOwned, O: Serialize + DeserializeOwned> ProcessPool<I, O> {
    /// Starts exactly `workers` child processes of the caller, which wait for inputs of `task`. They
    /// are started once, in here, before there is any task, and each serves many tasks. `task` starts no process
    /// that outlives its worker.
    ///
    /// # Errors
    ///
    /// [`PoolError::NoWorkers`] for 0. If not all of them can be started, [`PoolError::Fork`] or
    /// [`PoolError::Os`], and no worker is left.
    pub fn new(workers: usize, task: fn(I) -> O) -> Result<Self, PoolError> {
        // TODO 6/7: start the workers.
        let _ = task;
        todo!("start {workers} workers")
    }

    /// Starts as many workers as there are processors that this process may use
    /// ([`available_parallelism`](std::thread::available_parallelism)).
    ///
    /// # Errors
    ///
    /// As for [`ProcessPool::new`].
    pub fn with_default_workers(task: fn(I) -> O) -> Result<Self, PoolError> {
        let _ = task;
        todo!("start a worker for each processor")
    }

    /// Runs the task with `input` in a worker and blocks until it is done.
    ///
    /// # Errors
    ///
    /// [`TaskError::Closed`] after [`close`](ProcessPool::close); otherwise what happened to the task.
    pub fn apply(&mut self, input: I) -> Result<O, TaskError> {
        let _ = input;
        todo!("run the task with the input and wait")
    }

    /// Queues the task with `input` and returns a ticket. Never waits for a task, even if every worker
    /// is busy for ever. A free worker begins at once.
    ///
    /// # Errors
    ///
    /// [`PoolError::Closed`] after [`close`](ProcessPool::close). An input that cannot be encoded is no
    /// error here: it yields a ticket whose result is [`TaskError::Undecodable`].
    pub fn apply_async(&mut self, input: I) -> Result<Ticket, PoolError> {
        let _ = input;
        todo!("queue the task with the input")
    }

    /// Blocks until the result of `ticket` is there. Tickets may be used in any order, also after
    /// [`close`](ProcessPool::close).
    ///
    /// # Errors
    ///
    /// What happened to the task.
    ///
    /// # Panics
    ///
    /// If the ticket was given out by another pool.
    pub fn get(&mut self, ticket: Ticket) -> Result<O, TaskError> {
        todo!("wait for {ticket:?}")
    }

    /// Blocks until the result of `ticket` is there, for at most `limit`, which may be
    /// `Duration::ZERO` or [`Duration::MAX`].
    ///
    /// # Errors
    ///
    /// The ticket itself, if the time is over; it works later. The inner result is that of
    /// [`get`](ProcessPool::get).
    ///
    /// # Panics
    ///
    /// If the ticket was given out by another pool.
    pub fn get_timeout(&mut self, ticket: Ticket, limit: Duration) -> Result<Result<O, TaskError>, Ticket> {
        todo!("wait for {ticket:?} for at most {limit:?}")
    }

    /// Runs the task with each input and blocks until all are done. Results come in the order of the
    /// inputs, whatever order the tasks end in. No inputs, or fewer than workers, are fine.
    ///
    /// A task goes to whichever worker is free: each holds at most one unfinished task, so one that is
    /// slow holds up nothing else. After [`close`](ProcessPool::close) every result is
    /// [`TaskError::Closed`]. How far ahead the inputs are taken from the iterator is not specified.
    pub fn map(&mut self, inputs: impl IntoIterator<Item = I>) -> Vec<Result<O, TaskError>> {
        let _ = inputs;
        todo!("run the task with each input")
    }

    /// Does what [`map`](ProcessPool::map) does, but sends `chunk` inputs in a frame, and has at most
    /// two frames on the way to one worker. That saves most of the sending; in return a slow task
    /// holds up what was sent together with it.
    ///
    /// An error still belongs to one input: if a worker dies, the inputs that it had not begun go back
    /// to the queue, and those that it had finished keep their results. None is run twice.
    pub fn map_chunked(
        &mut self,
        inputs: impl IntoIterator<Item = I>,
        chunk: NonZeroUsize,
    ) -> Vec<Result<O, TaskError>> {
        let _ = inputs;
        todo!("run the task with each input, {chunk} in a frame")
    }

    /// Returns the process ids of all workers. Right after any other call these are the children that
    /// the kernel shows, as far as the pool has started them; one that has died since may be among
    /// them. The order is not specified.
    pub fn worker_ids(&self) -> Vec<Pid> {
        todo!("list the workers")
    }

    /// Closes the pool for new tasks and does not wait. What is queued is not lost: it still runs, and
    /// results can still be fetched. Closing twice is closing once.
    pub fn close(&mut self) {
        todo!("take no more tasks")
    }

    /// Closes the pool, blocks until everything that is queued has run and all workers have ended, and
    /// reaps them. Results that nobody has fetched are dropped, errors among them.
    ///
    /// # Errors
    ///
    /// [`PoolError::Os`] if a worker could not be reaped, and for no other reason.
    pub fn join(self) -> Result<(), PoolError> {
        todo!("run what is queued, then end the workers")
    }

    /// Kills all workers, whatever they are doing, and reaps them. No process, no zombie and no open
    /// descriptor of the pool is left.
    pub fn terminate(self) {
        todo!("kill the workers")
    }
}

// TODO 7/7: whatever the pool has started must not outlive it.
