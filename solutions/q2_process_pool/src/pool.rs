//! The pool: which task goes to which worker, and where its result goes. This module does not know
//! how a message looks on its way.
//!
//! Why this works: the caller is one thread that never waits for a single worker. It waits in `poll`
//! for all of them at once, for answers and for room in the pipes, and each time something happens
//! it makes one [`round`](ProcessPool::round): take the answers, bury and replace the dead, hand out
//! what is queued to whoever may have it. Results are put where their input came from, so the order
//! in which workers finish is of no account.

use crate::frame::{Patience, Tray};
use crate::worker::{Parcel, Place, Worker, open};
use crate::{PoolError, TaskError};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Stands for the result of one [`ProcessPool::apply_async`].
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    pool: u64,
    number: u64,
}

/// Worker processes that run one task over and over, with inputs of type `I` and results of type `O`.
pub struct ProcessPool<I, O> {
    id: u64,
    task: fn(I) -> O,
    workers: Vec<Worker>,
    /// One for each worker that is missing.
    trays: Vec<Tray>,
    patience: Patience,
    queue: VecDeque<Parcel>,
    desk: Desk<O>,
    next_ticket: u64,
    closed: bool,
    /// Why the last attempt to start a worker in this call failed.
    start_failed: Option<PoolError>,
    _task: PhantomData<fn(I) -> O>,
}

/// Where results are kept until somebody asks for them.
struct Desk<O> {
    tickets: HashMap<u64, Result<O, TaskError>>,
    /// The results of the running map, and how many are missing. [`MISSING`] stands for one of these,
    /// since no task ends with it.
    map: Vec<Result<O, TaskError>>,
    missing: usize,
}

/// A result that is not there yet.
const MISSING: TaskError = TaskError::Closed;

impl<O> Desk<O> {
    fn put(&mut self, place: Place, result: Result<O, TaskError>) {
        match place {
            Place::Ticket(number) => _ = self.tickets.insert(number, result),
            Place::Map(index) | Place::Chunk(index) => {
                if let Some(slot @ Err(MISSING)) = self.map.get_mut(index) {
                    *slot = result;
                    self.missing -= 1;
                }
            }
        }
    }
}

impl<I: Serialize + DeserializeOwned, O: Serialize + DeserializeOwned> ProcessPool<I, O> {
    /// Starts `workers` processes that wait for inputs of `task`.
    ///
    /// # Errors
    ///
    /// [`PoolError::NoWorkers`] for 0; [`PoolError::Fork`] or [`PoolError::Os`] if not all of them
    /// could be started, and then none is left.
    pub fn new(workers: usize, task: fn(I) -> O) -> Result<Self, PoolError> {
        static POOLS: AtomicU64 = AtomicU64::new(0);
        if workers == 0 {
            return Err(PoolError::NoWorkers);
        }
        let trays = Tray::several(workers).map_err(PoolError::Os)?;
        let started: Result<Vec<Worker>, PoolError> =
            trays.iter().map(|tray| Worker::start(task, tray)).collect();
        Ok(ProcessPool {
            id: POOLS.fetch_add(1, Ordering::Relaxed),
            task,
            workers: started?,
            trays: Vec::new(),
            patience: Patience::default(),
            queue: VecDeque::new(),
            desk: Desk { tickets: HashMap::new(), map: Vec::new(), missing: 0 },
            next_ticket: 0,
            closed: false,
            start_failed: None,
            _task: PhantomData,
        })
    }

    /// Starts as many workers as there are processors that this process may use.
    ///
    /// # Errors
    ///
    /// As for [`ProcessPool::new`].
    pub fn with_default_workers(task: fn(I) -> O) -> Result<Self, PoolError> {
        Self::new(thread::available_parallelism().map_or(1, NonZeroUsize::get), task)
    }

    /// Runs the task with `input` in a worker and waits for the result.
    ///
    /// # Errors
    ///
    /// [`TaskError::Closed`] after `close`; otherwise whatever happened to the task.
    pub fn apply(&mut self, input: I) -> Result<O, TaskError> {
        match self.apply_async(input) {
            Ok(ticket) => self.wait_for(&ticket, None).unwrap_or(Err(TaskError::Closed)),
            Err(_) => Err(TaskError::Closed),
        }
    }

    /// Queues the task with `input` and returns at once, without waiting for any task.
    ///
    /// # Errors
    ///
    /// [`PoolError::Closed`] after `close`.
    pub fn apply_async(&mut self, input: I) -> Result<Ticket, PoolError> {
        if self.closed {
            return Err(PoolError::Closed);
        }
        let number = self.next_ticket;
        self.next_ticket += 1;
        let mut parcel = Parcel::new(Place::Ticket(number));
        match parcel.pack(&input) {
            Ok(()) => self.queue.push_back(parcel),
            Err(error) => self.desk.put(Place::Ticket(number), Err(error)),
        }
        self.begin_call();
        Ok(Ticket { pool: self.id, number })
    }

    /// Waits for the result of `ticket`. Works after `close` too.
    ///
    /// # Errors
    ///
    /// What happened to the task, if it has no result.
    ///
    /// # Panics
    ///
    /// If the ticket is another pool's.
    pub fn get(&mut self, ticket: Ticket) -> Result<O, TaskError> {
        self.check(&ticket);
        self.begin_call();
        self.wait_for(&ticket, None).unwrap_or(Err(TaskError::Closed))
    }

    /// Waits for the result of `ticket` for at most `limit`.
    ///
    /// # Errors
    ///
    /// The ticket, if the time is over; it can be used again. The inner result is that of `get`.
    ///
    /// # Panics
    ///
    /// If the ticket is another pool's.
    pub fn get_timeout(&mut self, ticket: Ticket, limit: Duration) -> Result<Result<O, TaskError>, Ticket> {
        self.check(&ticket);
        self.begin_call();
        // A limit beyond the end of the clock is none.
        let deadline = Instant::now().checked_add(limit);
        self.wait_for(&ticket, deadline).ok_or(ticket)
    }

    /// Runs the task with each input and waits for all results, which come in the order of the inputs.
    pub fn map(&mut self, inputs: impl IntoIterator<Item = I>) -> Vec<Result<O, TaskError>> {
        self.run_map(inputs, 1, Place::Map)
    }

    /// Does what `map` does, but sends `chunk` inputs at once.
    pub fn map_chunked(
        &mut self,
        inputs: impl IntoIterator<Item = I>,
        chunk: NonZeroUsize,
    ) -> Vec<Result<O, TaskError>> {
        self.run_map(inputs, chunk.get(), Place::Chunk)
    }

    /// The ids of the workers that have not been found dead.
    pub fn worker_ids(&self) -> Vec<Pid> {
        self.workers.iter().filter_map(Worker::id).collect()
    }

    /// Takes no more tasks. What is queued stays so, and results can still be fetched.
    pub fn close(&mut self) {
        self.closed = true;
        self.begin_call();
    }

    /// Closes the pool, runs what is queued, waits for all workers to end, drops unread results.
    ///
    /// # Errors
    ///
    /// [`PoolError::Os`] if a worker could not be reaped.
    pub fn join(mut self) -> Result<(), PoolError> {
        self.close();
        while !self.queue.is_empty() || self.workers.iter().any(|worker| worker.load() > 0) {
            self.round(PollTimeout::NONE);
        }
        let mut workers = std::mem::take(&mut self.workers);
        // First all, then wait: they end side by side.
        workers.iter_mut().for_each(Worker::dismiss);
        let mut result = Ok(());
        for worker in &mut workers {
            if let Err(error) = worker.wait() {
                result = Err(PoolError::Os(error));
            }
        }
        result
    }

    /// Kills the workers, whatever they are doing, and reaps them.
    pub fn terminate(self) {
        drop(self);
    }

    fn check(&self, ticket: &Ticket) {
        assert_eq!(ticket.pool, self.id, "this ticket belongs to another pool");
    }

    /// Sees what has happened since the last call, without waiting, and hands out what is queued.
    fn begin_call(&mut self) {
        self.start_failed = None;
        self.round(PollTimeout::ZERO);
    }

    /// Makes rounds until the result of `ticket` is there; `None` if the deadline comes first.
    fn wait_for(&mut self, ticket: &Ticket, deadline: Option<Instant>) -> Option<Result<O, TaskError>> {
        loop {
            if let Some(result) = self.desk.tickets.remove(&ticket.number) {
                return Some(result);
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return None;
            }
            self.round(left.map_or(PollTimeout::NONE, whole_ms));
        }
    }

    fn run_map(
        &mut self,
        inputs: impl IntoIterator<Item = I>,
        chunk: usize,
        place: fn(usize) -> Place,
    ) -> Vec<Result<O, TaskError>> {
        if self.closed {
            return inputs.into_iter().map(|_| Err(TaskError::Closed)).collect();
        }
        // Nothing is queued before all inputs are here: the iterator may panic half way.
        let inputs = inputs.into_iter();
        let mut results: Vec<Result<O, TaskError>> = Vec::with_capacity(inputs.size_hint().0.min(1 << 20));
        let mut parcels: Vec<Parcel> = Vec::new();
        let mut open = false; // whether the next input may join the last parcel
        for (index, input) in inputs.enumerate() {
            let joined = match parcels.last_mut() {
                Some(last) if open && last.len() < chunk => last.pack(&input).is_ok(),
                _ => false,
            };
            open = true;
            if joined {
                results.push(Err(MISSING));
                continue;
            }
            // Also an input that made the last parcel too long gets a chance of its own here.
            let mut parcel = Parcel::new(place(index));
            match parcel.pack(&input) {
                Ok(()) => {
                    parcels.push(parcel);
                    results.push(Err(MISSING));
                }
                Err(error) => {
                    open = false; // a parcel's inputs are neighbours
                    results.push(Err(error));
                }
            }
        }
        self.desk.missing = parcels.iter().map(Parcel::len).sum();
        self.desk.map = results;
        self.queue.extend(parcels);
        self.begin_call();
        while self.desk.missing > 0 {
            self.round(PollTimeout::NONE);
        }
        std::mem::take(&mut self.desk.map)
    }

    /// Waits, for at most `limit`, until a worker has something for us or takes something from us;
    /// then does everything that can be done without waiting.
    fn round(&mut self, limit: PollTimeout) {
        let mut index = 0;
        for ready in self.wait(limit) {
            let worker = &mut self.workers[index];
            if ready.room {
                worker.send();
            }
            let desk = &mut self.desk;
            let mut deliver =
                |place, answer: Result<&[u8], TaskError>| desk.put(place, answer.and_then(open));
            if !ready.answers || worker.receive(&mut deliver) {
                index += 1;
                continue;
            }
            // It is dead. Its task in progress is lost, and the rest goes back to the queue.
            let estate = self.workers.remove(index).bury(&mut deliver);
            self.trays.push(estate.tray);
            for parcel in estate.parcels.into_iter().rev() {
                self.queue.push_front(parcel);
            }
        }
        self.replace_the_dead();
        self.hand_out();
    }

    /// Waits until something is ready, or the limit is over and nothing is.
    fn wait(&mut self, limit: PollTimeout) -> Vec<Ready> {
        let mut ready = self.look(PollTimeout::ZERO);
        if limit == PollTimeout::ZERO {
            return ready;
        }
        while ready.is_empty() && self.patience.again() {
            ready = self.look(PollTimeout::ZERO);
        }
        if ready.is_empty() {
            return self.look(limit);
        }
        self.patience.done();
        ready
    }

    /// Asks the kernel which workers have answers (or have ended), and which pipes have room again. Says
    /// nothing if there is nothing.
    fn look(&self, limit: PollTimeout) -> Vec<Ready> {
        let mut fds = Vec::with_capacity(2 * self.workers.len());
        for worker in &self.workers {
            fds.push(PollFd::new(worker.answers(), PollFlags::POLLIN));
        }
        for tasks in self.workers.iter().filter_map(Worker::blocked) {
            fds.push(PollFd::new(tasks, PollFlags::POLLOUT));
        }
        // Interrupted: whoever waits looks at the clock and comes again.
        if poll(&mut fds, limit).unwrap_or(0) == 0 {
            return Vec::new();
        }
        let (answers, room) = fds.split_at(self.workers.len());
        let mut room = room.iter();
        let ready = |(worker, fd): (&Worker, &PollFd<'_>)| Ready {
            answers: fd.any().unwrap_or(true),
            room: worker.blocked().is_some() && room.next().and_then(PollFd::any).unwrap_or(true),
        };
        self.workers.iter().zip(answers).map(ready).collect()
    }

    /// Starts a worker for each that is missing. If that fails, those that are left do the work; if
    /// none is left, nobody will, and every queued task is told so.
    fn replace_the_dead(&mut self) {
        while let (None, Some(tray)) = (&self.start_failed, self.trays.last()) {
            match Worker::start(self.task, tray) {
                Ok(worker) => {
                    self.workers.push(worker);
                    self.trays.pop();
                }
                Err(error) => self.start_failed = Some(error),
            }
        }
        if let (true, Some(error)) = (self.workers.is_empty(), &self.start_failed) {
            for place in self.queue.drain(..).flat_map(|parcel| parcel.places()) {
                self.desk.put(place, Err(TaskError::PoolFailed(error.clone())));
            }
        }
    }

    /// Gives the queued parcels, oldest first, to the workers that have least to do.
    fn hand_out(&mut self) {
        while let Some(parcel) = self.queue.front() {
            let load = parcel.place().load();
            let least = self.workers.iter_mut().min_by_key(|worker| worker.load());
            let Some(worker) = least.filter(|worker| worker.load() + load <= 2) else { return };
            if let Some(parcel) = self.queue.pop_front() {
                worker.give(parcel);
            }
        }
    }
}

/// What `poll` says about one worker.
struct Ready {
    answers: bool,
    room: bool,
}

/// Rounds up: a wait that ends too early would be repeated, again and again, until the time is over.
fn whole_ms(duration: Duration) -> PollTimeout {
    let ms = duration.as_nanos().div_ceil(1_000_000);
    PollTimeout::try_from(ms).unwrap_or(PollTimeout::MAX)
}

impl<I, O> Drop for ProcessPool<I, O> {
    fn drop(&mut self) {
        // First all, then each is waited for when it is dropped: they end side by side.
        self.workers.iter().for_each(Worker::kill);
    }
}

impl<I, O> fmt::Debug for ProcessPool<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPool")
            .field("workers", &self.workers.len())
            .field("queued", &self.queue.len())
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
