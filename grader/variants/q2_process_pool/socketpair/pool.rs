//! Variant: one pair of connected sockets for each worker, for both directions.
//!
//! The pool: which task goes to which worker, and where its result goes.

use crate::frame::LIMIT;
use crate::worker::{Batch, Item, Outcome, Worker, room};
use crate::{FrameError, PoolError, TaskError};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{HashMap, VecDeque};
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use toolkit::codec::{decode, encode};

static POOLS: AtomicU64 = AtomicU64::new(0);

/// Stands for the result of one [`ProcessPool::apply_async`]. It can be used once, with the pool that
/// gave it out.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    pool: u64,
    id: u64,
}

/// How long to wait for something to happen.
#[derive(Clone, Copy)]
enum Wait {
    No,
    Until(Instant),
    Forever,
}

/// Worker processes that run one task over and over, with inputs of type `I` and results of type `O`.
pub struct ProcessPool<I, O> {
    id: u64,
    task: fn(I) -> O,
    size: usize,
    workers: Vec<Worker>,
    queue: VecDeque<Batch>,
    results: HashMap<u64, Outcome>,
    next: u64,
    closed: bool,
    /// Whether a worker is missing and starting one has not been tried since.
    missing: bool,
    unreaped: Option<nix::Error>,
    _task: PhantomData<fn(I) -> O>,
}

impl<I: Serialize + DeserializeOwned, O: Serialize + DeserializeOwned> ProcessPool<I, O> {
    /// Starts exactly `workers` child processes of the caller, which wait for inputs of `task`.
    ///
    /// # Errors
    ///
    /// [`PoolError::NoWorkers`] for 0. If not all of them can be started, [`PoolError::Fork`] or
    /// [`PoolError::Os`], and no worker is left.
    pub fn new(workers: usize, task: fn(I) -> O) -> Result<Self, PoolError> {
        if workers == 0 {
            return Err(PoolError::NoWorkers);
        }
        let size = workers;
        let workers = (0..size).map(|_| Worker::start(task)).collect::<Result<_, _>>()?;
        Ok(ProcessPool {
            id: POOLS.fetch_add(1, Ordering::Relaxed),
            task,
            size,
            workers,
            queue: VecDeque::new(),
            results: HashMap::new(),
            next: 0,
            closed: false,
            missing: false,
            unreaped: None,
            _task: PhantomData,
        })
    }

    /// Starts as many workers as there are processors that this process may use.
    ///
    /// # Errors
    ///
    /// As for [`ProcessPool::new`].
    pub fn with_default_workers(task: fn(I) -> O) -> Result<Self, PoolError> {
        Self::new(std::thread::available_parallelism().map_or(1, NonZeroUsize::get), task)
    }

    /// Runs the task with `input` in a worker and blocks until it is done.
    ///
    /// # Errors
    ///
    /// [`TaskError::Closed`] after [`close`](ProcessPool::close); otherwise what happened to the task.
    pub fn apply(&mut self, input: I) -> Result<O, TaskError> {
        match self.apply_async(input) {
            Ok(ticket) => self.get(ticket),
            Err(PoolError::Closed) => Err(TaskError::Closed),
            Err(error) => Err(TaskError::PoolFailed(error)),
        }
    }

    /// Queues the task with `input` and returns a ticket.
    ///
    /// # Errors
    ///
    /// [`PoolError::Closed`] after [`close`](ProcessPool::close).
    pub fn apply_async(&mut self, input: I) -> Result<Ticket, PoolError> {
        self.enter();
        if self.closed {
            return Err(PoolError::Closed);
        }
        let first = self.enqueue(vec![prepare(&input)], 1, false);
        self.dispatch();
        Ok(Ticket { pool: self.id, id: first })
    }

    /// Blocks until the result of `ticket` is there.
    ///
    /// # Errors
    ///
    /// What happened to the task.
    ///
    /// # Panics
    ///
    /// If the ticket was given out by another pool.
    pub fn get(&mut self, ticket: Ticket) -> Result<O, TaskError> {
        assert_eq!(ticket.pool, self.id, "the ticket was given out by another pool");
        self.enter();
        loop {
            if let Some(outcome) = self.results.remove(&ticket.id) {
                return finish(outcome);
            }
            self.turn(Wait::Forever);
        }
    }

    /// Blocks until the result of `ticket` is there, for at most `limit`.
    ///
    /// # Errors
    ///
    /// The ticket itself, if the time is over; it works later.
    ///
    /// # Panics
    ///
    /// If the ticket was given out by another pool.
    pub fn get_timeout(&mut self, ticket: Ticket, limit: Duration) -> Result<Result<O, TaskError>, Ticket> {
        let deadline = Instant::now().checked_add(limit);
        assert_eq!(ticket.pool, self.id, "the ticket was given out by another pool");
        self.enter();
        loop {
            if let Some(outcome) = self.results.remove(&ticket.id) {
                return Ok(finish(outcome));
            }
            match deadline {
                Some(deadline) if Instant::now() >= deadline => return Err(ticket),
                Some(deadline) => self.turn(Wait::Until(deadline)),
                None => self.turn(Wait::Forever),
            }
        }
    }

    /// Runs the task with each input and blocks until all are done.
    pub fn map(&mut self, inputs: impl IntoIterator<Item = I>) -> Vec<Result<O, TaskError>> {
        self.run_all(inputs, 1, false)
    }

    /// Does what [`map`](ProcessPool::map) does, but sends `chunk` inputs in a frame.
    pub fn map_chunked(
        &mut self,
        inputs: impl IntoIterator<Item = I>,
        chunk: NonZeroUsize,
    ) -> Vec<Result<O, TaskError>> {
        self.run_all(inputs, chunk.get(), true)
    }

    /// Returns the process ids of all workers.
    pub fn worker_ids(&self) -> Vec<Pid> {
        self.workers.iter().map(|worker| worker.pid).collect()
    }

    /// Closes the pool for new tasks and does not wait.
    pub fn close(&mut self) {
        self.closed = true;
        self.enter();
    }

    /// Closes the pool, blocks until everything that is queued has run and all workers have ended, and
    /// reaps them.
    ///
    /// # Errors
    ///
    /// [`PoolError::Os`] if a worker could not be reaped, and for no other reason.
    pub fn join(mut self) -> Result<(), PoolError> {
        self.close();
        while !self.queue.is_empty() || self.workers.iter().any(|worker| !worker.held.is_empty()) {
            self.turn(Wait::Forever);
        }
        for worker in &mut self.workers {
            worker.dismiss();
        }
        for worker in &mut self.workers {
            if let Err(error) = worker.reap() {
                self.unreaped = self.unreaped.or(Some(error));
            }
        }
        self.unreaped.map_or(Ok(()), |error| Err(PoolError::Os(error)))
    }

    /// Kills all workers, whatever they are doing, and reaps them.
    pub fn terminate(self) {
        drop(self);
    }

    fn run_all(
        &mut self,
        inputs: impl IntoIterator<Item = I>,
        chunk: usize,
        chunked: bool,
    ) -> Vec<Result<O, TaskError>> {
        let inputs: Vec<_> = inputs.into_iter().map(|input| prepare(&input)).collect();
        self.enter();
        if self.closed {
            return inputs.iter().map(|_| Err(TaskError::Closed)).collect();
        }
        let first = self.enqueue(inputs, chunk, chunked);
        let ids = first..self.next;
        self.dispatch();
        for id in ids.clone() {
            while !self.results.contains_key(&id) {
                self.turn(Wait::Forever);
            }
        }
        ids.map(|id| self.results.remove(&id).map_or(Err(TaskError::Closed), finish)).collect()
    }

    /// Puts inputs into the queue and returns the number of the first result; the others follow it.
    fn enqueue(&mut self, inputs: Vec<Outcome>, chunk: usize, chunked: bool) -> u64 {
        let first = self.next;
        let mut bytes = 0;
        let mut items = VecDeque::new();
        for input in inputs {
            let id = self.next;
            self.next += 1;
            match input {
                Ok(input) => {
                    if items.len() == chunk || bytes + room(&input) > LIMIT {
                        self.queue.push_back(Batch { items: std::mem::take(&mut items), chunked });
                        bytes = 0;
                    }
                    bytes += room(&input);
                    items.push_back(Item { id, input });
                }
                Err(error) => {
                    self.results.insert(id, Err(error));
                }
            }
        }
        if !items.is_empty() {
            self.queue.push_back(Batch { items, chunked });
        }
        first
    }

    /// What every call does first: see what has happened meanwhile.
    fn enter(&mut self) {
        self.missing = true;
        self.turn(Wait::No);
    }

    /// Waits until something happens or the time is over, and does all that can be done without
    /// waiting.
    fn turn(&mut self, wait: Wait) {
        for index in self.ready(wait) {
            let results = &mut self.results;
            let alive = self.workers[index].receive(|id, outcome| {
                results.insert(id, outcome);
            });
            if !alive {
                self.bury(index);
            }
        }
        self.refill();
        for worker in &mut self.workers {
            worker.send();
        }
        self.dispatch();
    }

    /// Waits; returns the indices of the workers whose answers can be read, the last one first, so
    /// that one can be removed without moving the others.
    fn ready(&mut self, wait: Wait) -> Vec<usize> {
        loop {
            let mut polled: Vec<PollFd<'_>> =
                self.workers.iter().map(|worker| PollFd::new(worker.answers(), PollFlags::POLLIN)).collect();
            let unsent = self.workers.iter().filter_map(Worker::unsent);
            polled.extend(unsent.map(|tasks| PollFd::new(tasks, PollFlags::POLLOUT)));
            match poll(&mut polled, timeout(wait)) {
                Ok(0) | Err(Errno::EINTR) if !over(wait) => {}
                Ok(_) | Err(Errno::EINTR) => {
                    let count = self.workers.len();
                    return (0..count).rev().filter(|index| polled[*index].any() == Some(true)).collect();
                }
                Err(error) => {
                    drop(polled);
                    self.fail(&PoolError::Os(error));
                    return (0..self.workers.len()).rev().collect();
                }
            }
        }
    }

    /// Reaps a worker that has ended. What it had not begun goes back to the front of the queue.
    fn bury(&mut self, index: usize) {
        let mut worker = self.workers.remove(index);
        // Should it have closed its end without ending, it ends now.
        worker.kill();
        let (signal, code) = match worker.reap() {
            Ok(end) => end,
            Err(error) => {
                self.unreaped = self.unreaped.or(Some(error));
                (None, None)
            }
        };
        let mut held = std::mem::take(&mut worker.held);
        if worker.begun
            && let Some(lost) = held.front_mut().and_then(|batch| batch.items.pop_front())
        {
            self.results.insert(lost.id, Err(TaskError::WorkerDied { signal, code }));
        }
        for batch in held.into_iter().rev() {
            if !batch.items.is_empty() {
                self.queue.push_front(batch);
            }
        }
        self.missing = true;
    }

    /// Replaces the workers that are missing.
    fn refill(&mut self) {
        while self.workers.len() < self.size && (self.missing || self.workers.is_empty()) {
            match Worker::start(self.task) {
                Ok(worker) => self.workers.push(worker),
                Err(error) => {
                    self.missing = false;
                    if self.workers.is_empty() {
                        self.fail(&error);
                    }
                    return;
                }
            }
        }
        self.missing = false;
    }

    /// All tasks that wait have failed.
    fn fail(&mut self, error: &PoolError) {
        for item in self.queue.drain(..).flat_map(|batch| batch.items) {
            self.results.insert(item.id, Err(TaskError::PoolFailed(error.clone())));
        }
    }

    /// Hands what is queued to workers that may have it.
    fn dispatch(&mut self) {
        if self.workers.is_empty() && !self.queue.is_empty() {
            self.refill();
        }
        while let Some(batch) = self.queue.front() {
            let idle = self.workers.iter_mut().position(|worker| worker.held.is_empty());
            let chunked = batch.chunked;
            let second = || {
                let may = |worker: &Worker| worker.held.len() == 1 && worker.held[0].chunked;
                self.workers.iter().position(may).filter(|_| chunked)
            };
            let Some(index) = idle.or_else(second) else { return };
            if let Some(batch) = self.queue.pop_front() {
                self.workers[index].give(batch);
            }
        }
    }
}

// A `Worker` that is dropped is killed and reaped; here all are killed first, and then reaped.
impl<I, O> Drop for ProcessPool<I, O> {
    fn drop(&mut self) {
        for worker in &self.workers {
            worker.kill();
        }
        self.workers.clear();
    }
}

/// The bytes of an input, or the result it has because there are none.
fn prepare<I: Serialize>(input: &I) -> Outcome {
    let bytes = encode(input).map_err(TaskError::Undecodable)?;
    match room(&bytes) {
        room if room > LIMIT => {
            Err(TaskError::PoolFailed(PoolError::Frame(FrameError::TooLong { bytes: room })))
        }
        _ => Ok(bytes),
    }
}

fn finish<O: DeserializeOwned>(outcome: Outcome) -> Result<O, TaskError> {
    decode(&outcome?).map_err(TaskError::Undecodable)
}

fn over(wait: Wait) -> bool {
    match wait {
        Wait::No => true,
        Wait::Until(deadline) => Instant::now() >= deadline,
        Wait::Forever => false,
    }
}

/// The time for `poll`, in whole milliseconds: rather one too many than to look again and again.
fn timeout(wait: Wait) -> PollTimeout {
    match wait {
        Wait::No => PollTimeout::ZERO,
        Wait::Until(deadline) => {
            let left = deadline.saturating_duration_since(Instant::now());
            let millis = left.as_nanos().div_ceil(1_000_000);
            i32::try_from(millis).ok().and_then(|millis| millis.try_into().ok()).unwrap_or(PollTimeout::MAX)
        }
        Wait::Forever => PollTimeout::NONE,
    }
}
