//! Variant: a single table of tasks from which all else is read; generic waiting with a closure, a
//! macro, iterators where others write loops, `ppoll`, and ends that the child takes out of an `Rc`.

use crate::frame::{MOST, length, prefix};
use crate::worker::{End, Manifest, Word, again, pull, push, start, with};
use crate::{FrameError, PoolError, TaskError};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::{Signal, kill};
use nix::sys::time::TimeSpec;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::{Duration, Instant};
use toolkit::CodecError;
use toolkit::codec::{decode, encode};

/// A badge that is equal to itself only. It holds a number besides, for those who want to hash it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Badge(u128);

impl Badge {
    /// Time and process alone might meet again; together with a count they do not.
    fn new() -> Self {
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let process = u128::from(std::process::id());
        Badge(process << 64 | u128::from(COUNT.fetch_add(1, Ordering::Relaxed)))
    }
}

/// Stands for the result of one [`ProcessPool::apply_async`].
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    badge: Badge,
    number: u64,
}

type Outcome = Result<Vec<u8>, TaskError>;

/// Where a task is in its life.
enum Stage {
    /// In the queue or on the way: nobody has begun it.
    Fresh(Rc<[u8]>),
    /// A worker has said that it began.
    Begun,
    /// Over.
    Done(Outcome),
}

/// Numbers of tasks that travel together, and whether they may travel behind others.
struct Parcel {
    numbers: VecDeque<u64>,
    follows: bool,
}

struct Hand {
    pid: Pid,
    tasks: End,
    words: End,
    load: VecDeque<Parcel>,
    out: Vec<u8>,
    sent: usize,
    heard: Vec<u8>,
    gone: bool,
}

/// How a worker has ended: signal and code.
type Fate = (Option<i32>, Option<i32>);

impl Hand {
    fn hire<I: DeserializeOwned, O: Serialize>(task: fn(I) -> O) -> Result<Self, PoolError> {
        start(task).map(|started| Hand {
            pid: started.pid,
            tasks: started.tasks,
            words: started.words,
            load: VecDeque::new(),
            out: Vec::new(),
            sent: 0,
            heard: Vec::new(),
            gone: false,
        })
    }

    fn flush(&mut self) {
        let _ = with(&self.tasks, |end| push(end, &mut self.out, &mut self.sent));
    }

    fn shoot(&self) {
        if !self.gone {
            let _ = kill(self.pid, Signal::SIGKILL);
        }
    }

    fn fetch(&mut self) -> nix::Result<Fate> {
        let end = again!(waitpid(self.pid, None));
        self.gone = true;
        match end {
            Ok(WaitStatus::Exited(_, code)) => Ok((None, Some(code))),
            Ok(WaitStatus::Signaled(_, signal, _)) => Ok((Some(signal as i32), None)),
            // A signal without a name in nix: it has been waited for all the same.
            Ok(_) | Err(Errno::EINVAL) => Ok((None, None)),
            Err(error) => Err(error),
        }
    }

    /// The next thing that it has said, if it has come whole: two frames.
    fn word(&mut self) -> Option<(u64, Word, Vec<u8>)> {
        let frame = |at: usize| {
            let bytes = length(*self.heard.get(at..)?.first_chunk()?).ok()?;
            self.heard.get(at + 4..at + 4 + bytes).map(|body| (body, at + 4 + bytes))
        };
        let (head, at) = frame(0)?;
        let (body, at) = frame(at)?;
        let ((number, word), body) = (decode(head).ok()?, body.to_vec());
        self.heard.drain(..at);
        Some((number, word, body))
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        if !self.gone {
            self.shoot();
            let _ = self.fetch();
        }
    }
}

/// Worker processes that run one task over and over, with inputs of type `I` and results of type `O`.
pub struct ProcessPool<I, O> {
    badge: Badge,
    wanted: usize,
    hands: Vec<Hand>,
    queue: VecDeque<Parcel>,
    table: BTreeMap<u64, Stage>,
    running: BTreeSet<u64>,
    last: u64,
    closed: bool,
    hire: fn(fn(I) -> O) -> Result<Hand, PoolError>,
    task: fn(I) -> O,
    trouble: Option<Errno>,
    _task: PhantomData<fn(I) -> O>,
}

/// How long to look.
#[derive(Clone, Copy)]
enum Until {
    Now,
    Then(Instant),
    Ever,
}

impl Until {
    /// What is left; `None` for ever.
    fn left(self) -> Option<Duration> {
        match self {
            Until::Now => Some(Duration::ZERO),
            Until::Then(then) => Some(then.saturating_duration_since(Instant::now())),
            Until::Ever => None,
        }
    }
}

impl<I, O> ProcessPool<I, O> {
    /// Waits until `found` finds something; `None` when the time is over before.
    fn wait<T>(&mut self, until: Until, mut found: impl FnMut(&mut Self) -> Option<T>) -> Option<T> {
        loop {
            if let Some(thing) = found(self) {
                return Some(thing);
            }
            if until.left().is_some_and(|left| left.is_zero()) {
                return None;
            }
            self.look(until, false);
        }
    }

    /// One look around: wait for news, hear them, bury, hire, hand out, send.
    fn look(&mut self, until: Until, mut hire: bool) {
        let dead = self.listen(until);
        hire |= !dead.is_empty();
        for at in dead.into_iter().rev() {
            self.bury(at);
        }
        if hire {
            self.fill_up();
        }
        self.hand_out();
    }

    /// Waits for news and hears all there are. Returns those who are dead.
    fn listen(&mut self, until: Until) -> Vec<usize> {
        let ends: Vec<_> = self.hands.iter().map(|hand| (hand.words.borrow(), hand.tasks.borrow())).collect();
        let words = ends.iter().filter_map(|(words, _)| words.as_ref());
        let mut news: Vec<_> = words.map(|end| PollFd::new(end.as_fd(), PollFlags::POLLIN)).collect();
        let unsent = self.hands.iter().zip(&ends).filter(|(hand, _)| hand.sent < hand.out.len());
        let unsent = unsent.filter_map(|(_, (_, tasks))| tasks.as_ref());
        news.extend(unsent.map(|end| PollFd::new(end.as_fd(), PollFlags::POLLOUT)));
        // Interrupted, or for another reason: whoever waits calls again, with what is left of the time.
        let _ = ppoll(&mut news, until.left().map(TimeSpec::from_duration), None);
        drop(news);
        drop(ends);

        let mut dead = Vec::new();
        for (at, hand) in self.hands.iter_mut().enumerate() {
            hand.flush();
            let heard = &mut hand.heard;
            let alive = with(&hand.words, |end| pull(end, heard)).unwrap_or(false);
            while let Some((number, word, bytes)) = hand.word() {
                if word == Word::Begun {
                    self.table.insert(number, Stage::Begun);
                    self.running.insert(number);
                    continue;
                }
                self.running.remove(&number);
                self.table.insert(number, Stage::Done(outcome(word, bytes)));
                if let Some(parcel) = hand.load.front_mut() {
                    parcel.numbers.retain(|other| *other != number);
                }
                hand.load.retain(|parcel| !parcel.numbers.is_empty());
            }
            if !alive {
                dead.push(at);
            }
        }
        dead
    }

    /// Those it had not begun go back to the front, the one that it had begun is lost.
    fn bury(&mut self, at: usize) {
        let mut hand = self.hands.remove(at);
        hand.shoot();
        let (signal, code) = hand.fetch().unwrap_or_else(|error| {
            self.trouble.get_or_insert(error);
            (None, None)
        });
        while let Some(mut parcel) = hand.load.pop_back() {
            parcel.numbers.retain(|number| {
                let lost = self.running.remove(number);
                if lost {
                    self.table.insert(*number, Stage::Done(Err(TaskError::WorkerDied { signal, code })));
                }
                !lost
            });
            if !parcel.numbers.is_empty() {
                self.queue.push_front(parcel);
            }
        }
    }

    /// Hires until all are there. If nobody is, nothing that waits can be done.
    fn fill_up(&mut self) {
        while self.hands.len() < self.wanted {
            match (self.hire)(self.task) {
                Ok(hand) => self.hands.push(hand),
                Err(error) if self.hands.is_empty() => {
                    for number in self.queue.drain(..).flat_map(|parcel| parcel.numbers) {
                        self.table.insert(number, Stage::Done(Err(TaskError::PoolFailed(error.clone()))));
                    }
                    return;
                }
                Err(_) => return,
            }
        }
    }

    fn hand_out(&mut self) {
        if self.hands.is_empty() && !self.queue.is_empty() {
            self.fill_up();
        }
        while let Some(parcel) = self.queue.front() {
            let takes = |hand: &&mut Hand| {
                let busy = hand.load.front();
                busy.is_none_or(|first| hand.load.len() < 2 && first.follows && parcel.follows)
            };
            let Some(hand) = self.hands.iter_mut().filter(takes).min_by_key(|hand| hand.load.len()) else { return };
            let inputs: Vec<_> = parcel
                .numbers
                .iter()
                .filter_map(|number| match self.table.get(number) {
                    Some(Stage::Fresh(input)) => Some((*number, Rc::clone(input))),
                    _ => None,
                })
                .collect();
            let manifest: Manifest = inputs.iter().map(|(number, input)| (*number, input.len() as u32)).collect();
            let bytes = inputs.iter().map(|(_, input)| input.len()).sum();
            let head = encode(&manifest).unwrap_or_default();
            // Neither is too long: whoever packs the parcels has seen to it.
            if let (Ok(first), Ok(second)) = (prefix(head.len()), prefix(bytes)) {
                hand.out.extend(first);
                hand.out.extend(head);
                hand.out.extend(second);
                inputs.iter().for_each(|(_, input)| hand.out.extend_from_slice(input));
            }
            hand.load.extend(self.queue.pop_front());
            hand.flush();
        }
    }

    /// Takes the result of a task out of the table.
    fn take(&mut self, number: u64) -> Option<Outcome> {
        match self.table.remove(&number)? {
            Stage::Done(outcome) => Some(outcome),
            stage => {
                self.table.insert(number, stage);
                None
            }
        }
    }
}

impl<I: Serialize + DeserializeOwned, O: Serialize + DeserializeOwned> ProcessPool<I, O> {
    /// Starts exactly `workers` child processes of the caller.
    ///
    /// # Errors
    ///
    /// [`PoolError::NoWorkers`] for 0; [`PoolError::Fork`] or [`PoolError::Os`] if not all can be started.
    pub fn new(workers: usize, task: fn(I) -> O) -> Result<Self, PoolError> {
        let wanted = NonZeroUsize::new(workers).ok_or(PoolError::NoWorkers)?.get();
        Ok(ProcessPool {
            badge: Badge::new(),
            wanted,
            hands: std::iter::repeat_with(|| Hand::hire(task)).take(wanted).collect::<Result<_, _>>()?,
            queue: VecDeque::new(),
            table: BTreeMap::new(),
            running: BTreeSet::new(),
            last: 0,
            closed: false,
            hire: Hand::hire::<I, O>,
            task,
            trouble: None,
            _task: PhantomData,
        })
    }

    /// Starts as many workers as there are processors that this process may use.
    ///
    /// # Errors
    ///
    /// As for [`ProcessPool::new`].
    pub fn with_default_workers(task: fn(I) -> O) -> Result<Self, PoolError> {
        let processors = std::thread::available_parallelism();
        Self::new(processors.map_or(1, |processors| processors.get()), task)
    }

    /// Runs the task with `input` in a worker and blocks until it is done.
    ///
    /// # Errors
    ///
    /// [`TaskError::Closed`] after [`close`](ProcessPool::close); otherwise what happened to the task.
    pub fn apply(&mut self, input: I) -> Result<O, TaskError> {
        let ticket = self.apply_async(input).map_err(|error| match error {
            PoolError::Closed => TaskError::Closed,
            error => TaskError::PoolFailed(error),
        })?;
        self.get(ticket)
    }

    /// Queues the task with `input` and returns a ticket.
    ///
    /// # Errors
    ///
    /// [`PoolError::Closed`] after [`close`](ProcessPool::close).
    pub fn apply_async(&mut self, input: I) -> Result<Ticket, PoolError> {
        self.look(Until::Now, true);
        if self.closed {
            return Err(PoolError::Closed);
        }
        let numbers = self.pack([input], NonZeroUsize::MIN, false);
        self.hand_out();
        Ok(Ticket { badge: self.badge, number: numbers.start })
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
        self.own(&ticket);
        self.look(Until::Now, true);
        let outcome = self.wait(Until::Ever, |pool| pool.take(ticket.number));
        // Without an end of the time there is a result.
        open(outcome.unwrap_or(Err(TaskError::Closed)))
    }

    /// Blocks until the result of `ticket` is there, for at most `limit`.
    ///
    /// # Errors
    ///
    /// The ticket itself, if the time is over.
    ///
    /// # Panics
    ///
    /// If the ticket was given out by another pool.
    pub fn get_timeout(&mut self, ticket: Ticket, limit: Duration) -> Result<Result<O, TaskError>, Ticket> {
        self.own(&ticket);
        let until = Instant::now().checked_add(limit).map_or(Until::Ever, Until::Then);
        self.look(Until::Now, true);
        self.wait(until, |pool| pool.take(ticket.number)).map(open).ok_or(ticket)
    }

    /// Runs the task with each input and blocks until all are done.
    pub fn map(&mut self, inputs: impl IntoIterator<Item = I>) -> Vec<Result<O, TaskError>> {
        self.all(inputs, NonZeroUsize::MIN, false)
    }

    /// Does what [`map`](ProcessPool::map) does, but sends `chunk` inputs in a frame.
    pub fn map_chunked(
        &mut self,
        inputs: impl IntoIterator<Item = I>,
        chunk: NonZeroUsize,
    ) -> Vec<Result<O, TaskError>> {
        self.all(inputs, chunk, true)
    }

    /// Returns the process ids of all workers.
    pub fn worker_ids(&self) -> Vec<Pid> {
        self.hands.iter().map(|hand| hand.pid).collect()
    }

    /// Closes the pool for new tasks and does not wait.
    pub fn close(&mut self) {
        self.closed = true;
        self.look(Until::Now, true);
    }

    /// Closes the pool, blocks until everything that is queued has run and all workers have ended, and
    /// reaps them.
    ///
    /// # Errors
    ///
    /// [`PoolError::Os`] if a worker could not be reaped.
    pub fn join(mut self) -> Result<(), PoolError> {
        self.close();
        let idle = |pool: &mut Self| {
            (pool.queue.is_empty() && pool.hands.iter().all(|hand| hand.load.is_empty())).then_some(())
        };
        let _ = self.wait(Until::Ever, idle);
        let mut hands = std::mem::take(&mut self.hands);
        for hand in &hands {
            drop(hand.tasks.take());
        }
        let ends: Vec<_> = hands.iter_mut().filter_map(|hand| hand.fetch().err()).collect();
        self.trouble.into_iter().chain(ends).next().map_or(Ok(()), |error| Err(PoolError::Os(error)))
    }

    /// Kills all workers, whatever they are doing, and reaps them.
    pub fn terminate(self) {}

    fn own(&self, ticket: &Ticket) {
        assert!(ticket.badge == self.badge, "{ticket:?} was given out by another pool");
    }

    fn all(
        &mut self,
        inputs: impl IntoIterator<Item = I>,
        chunk: NonZeroUsize,
        follows: bool,
    ) -> Vec<Result<O, TaskError>> {
        self.look(Until::Now, true);
        if self.closed {
            return inputs.into_iter().map(|_| Err(TaskError::Closed)).collect();
        }
        let numbers = self.pack(inputs, chunk, follows);
        self.hand_out();
        let results = numbers.map(|number| {
            let outcome = self.wait(Until::Ever, |pool| pool.take(number));
            open(outcome.unwrap_or(Err(TaskError::Closed)))
        });
        results.collect()
    }

    /// Enters inputs into the table and packs them into parcels. Returns their numbers.
    fn pack(
        &mut self,
        inputs: impl IntoIterator<Item = I>,
        chunk: NonZeroUsize,
        follows: bool,
    ) -> std::ops::Range<u64> {
        let first = self.last;
        let mut parcels: Vec<Parcel> = Vec::new();
        let mut bytes = 0;
        for input in inputs {
            let number = self.last;
            self.last += 1;
            let stage = match encode(&input) {
                Err(error) => Stage::Done(Err(TaskError::Undecodable(error))),
                Ok(input) if input.len() > MOST => {
                    let error = FrameError::TooLong { bytes: input.len() };
                    Stage::Done(Err(TaskError::PoolFailed(PoolError::Frame(error))))
                }
                Ok(input) => {
                    // A manifest takes up to 15 bytes for each, so it has to be kept in mind too.
                    let most = chunk.get().min(MOST / 16);
                    match parcels.last_mut() {
                        Some(last) if last.numbers.len() < most && bytes + input.len() <= MOST => {
                            bytes += input.len();
                            last.numbers.push_back(number);
                        }
                        _ => {
                            bytes = input.len();
                            parcels.push(Parcel { numbers: VecDeque::from([number]), follows });
                        }
                    }
                    Stage::Fresh(input.into())
                }
            };
            self.table.insert(number, stage);
        }
        self.queue.extend(parcels);
        first..self.last
    }
}

/// All are shot first and fetched then, so that nobody waits for one after the other.
impl<I, O> Drop for ProcessPool<I, O> {
    fn drop(&mut self) {
        self.hands.iter().for_each(Hand::shoot);
        self.hands.clear();
    }
}

fn outcome(word: Word, bytes: Vec<u8>) -> Outcome {
    let text = || String::from_utf8_lossy(&bytes).into_owned();
    match word {
        Word::Begun | Word::Done => Ok(bytes),
        Word::Panicked => Err(TaskError::Panicked { message: text() }),
        Word::Undecodable => Err(TaskError::Undecodable(CodecError { message: text() })),
        Word::TooLong(bytes) => {
            let error = FrameError::TooLong { bytes: bytes as usize };
            Err(TaskError::PoolFailed(PoolError::Frame(error)))
        }
    }
}

fn open<O: DeserializeOwned>(outcome: Outcome) -> Result<O, TaskError> {
    outcome.and_then(|bytes| decode(&bytes).map_err(TaskError::Undecodable))
}
