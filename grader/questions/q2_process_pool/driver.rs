//! Question 2: plays a list of calls on pools and frames, and writes down what came back.
//!
//! The task that the pools run is ours: it checks in with the judge, or panics, or dies, as its
//! input says. Judges nothing.

use super::words::{self, Call, Then};
use crate::session::{Question, calls, checkpoint, drop_in_a_panic, log, log_text, play_call};
use crate::{faults, gate, refusal};
use nix::fcntl::OFlag;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, getpid, pipe2};
use serde::{Deserialize, Serialize, Serializer};
use std::any::Any;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::panic_any;
use std::time::{Duration, Instant};
use wire::Challenge;

/// The input of a task.
#[derive(Debug, Serialize, Deserialize)]
pub struct Input {
    words: [u64; 7],
    text: String,
    #[serde(serialize_with = "perhaps")]
    refuses: bool,
}

fn perhaps<S: Serializer>(refuses: &bool, to: S) -> Result<S::Ok, S::Error> {
    if *refuses {
        return Err(serde::ser::Error::custom("this value refuses to be encoded"));
    }
    to.serialize_bool(*refuses)
}

/// The result of a task.
#[derive(Debug, Serialize, Deserialize)]
pub struct Output {
    id: u64,
    number: u64,
    text: String,
    #[serde(serialize_with = "perhaps")]
    refuses: bool,
}

impl Input {
    fn of(job: words::Job) -> Self {
        let text = words::text_of(job.id, job.text_bytes);
        Input { words: job.to_words(), text, refuses: job.refuses }
    }
}

/// What every pool of ours runs.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "a worker that leaves in the middle of a task")]
fn task(input: Input) -> Output {
    let Some(job) = words::Job::from_words(input.words) else { panic!("not an input of ours") };
    if job.then == Then::Deaf {
        let mut term = SigSet::empty();
        term.add(Signal::SIGTERM);
        let _ = term.thread_block();
    }
    let addend = if job.held { gate::wait(job.id) } else { 0 };
    match job.then {
        Then::Return | Then::Deaf | Then::Unsayable => {}
        Then::PanicLiteral => std::panic::panic_any(words::LITERAL),
        Then::Panic => panic!("{}", words::panic_text(job.id)),
        Then::PanicWithNumber => panic_any(job.id),
        Then::Exit(code) => std::process::exit(i32::try_from(code).unwrap_or(1)),
        Then::Abort => std::process::abort(),
        Then::Signal(signal) => {
            let signal = i32::try_from(signal).ok().and_then(|number| Signal::try_from(number).ok());
            let _ = kill(getpid(), signal);
        }
    }
    let number = job.number.wrapping_mul(job.number).wrapping_add(addend);
    let refuses = job.then == Then::Unsayable;
    Output { id: job.id, number, text: words::answer_of(&input.text), refuses }
}

fn before_fork() {
    refusal::before_fork(|| ());
}

/// An error of a pool, in numbers.
pub type PoolFault = u64;

/// An error of a frame, in numbers.
pub type FrameFault = Vec<u64>;

/// What came of a task.
#[derive(Debug)]
pub enum Outcome {
    /// Its result.
    Done(Output),
    /// Why there is none: in numbers, and a text.
    Failed(Vec<u64>, String),
}

/// A ticket of the answer's own type.
pub type Ticket = Box<dyn Any>;

/// A pool of an answer, behind an adapter.
pub trait Pool {
    /// As in the question.
    fn apply(&mut self, input: Input) -> Outcome;
    /// As in the question.
    fn apply_async(&mut self, input: Input) -> Result<Ticket, PoolFault>;
    /// As in the question.
    fn get(&mut self, ticket: Ticket) -> Outcome;
    /// As in the question.
    fn get_timeout(&mut self, ticket: Ticket, limit: Duration) -> Result<Outcome, Ticket>;
    /// As in the question.
    fn map(&mut self, inputs: Vec<Input>) -> Vec<Outcome>;
    /// As in the question.
    fn map_chunked(&mut self, inputs: Vec<Input>, chunk: u64) -> Vec<Outcome>;
    /// As in the question.
    fn worker_ids(&self) -> Vec<u64>;
    /// As in the question.
    fn close(&mut self);
    /// As in the question.
    fn join(self: Box<Self>) -> Result<(), PoolFault>;
    /// As in the question.
    fn terminate(self: Box<Self>);
}

/// An answer to the question, behind an adapter.
pub trait Answer {
    /// A pool with so many workers, or with as many as is usual.
    fn pool(&self, workers: Option<usize>, task: fn(Input) -> Output) -> Result<Box<dyn Pool>, PoolFault>;
    /// As in the question.
    fn write_frame(&self, to: BorrowedFd<'_>, body: &[u8]) -> Result<(), FrameFault>;
    /// As in the question.
    fn read_frame(&self, from: BorrowedFd<'_>) -> Result<Option<Vec<u8>>, FrameFault>;
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q2_process_pool {
    ($answer:ident) => {
        use $crate::q2_process_pool::{driver, words};

        struct Pool($answer::ProcessPool<driver::Input, driver::Output>);

        fn pool_fault(error: &$answer::PoolError) -> driver::PoolFault {
            match error {
                $answer::PoolError::NoWorkers => 1,
                $answer::PoolError::Closed => 2,
                $answer::PoolError::Fork(_) => 3,
                $answer::PoolError::Frame(_) => 4,
                $answer::PoolError::Os(_) => 5,
            }
        }

        fn frame_fault(error: $answer::FrameError) -> driver::FrameFault {
            match error {
                $answer::FrameError::Truncated => vec![words::TRUNCATED],
                $answer::FrameError::TooLong { bytes } => vec![words::TOO_LONG, bytes as u64],
                $answer::FrameError::Os(error) => vec![words::OS, error as i32 as u64],
            }
        }

        fn outcome(result: Result<driver::Output, $answer::TaskError>) -> driver::Outcome {
            let failed = |words: &[u64]| driver::Outcome::Failed(words.to_vec(), String::new());
            match result {
                Ok(output) => driver::Outcome::Done(output),
                Err($answer::TaskError::Panicked { message }) => {
                    driver::Outcome::Failed(vec![words::TASK_PANICKED], message)
                }
                Err($answer::TaskError::WorkerDied { signal, code }) => failed(&[
                    words::WORKER_DIED,
                    signal.unwrap_or(0) as u64,
                    code.map_or(0, |code| code as u64 + 1),
                ]),
                Err($answer::TaskError::Closed) => failed(&[words::CLOSED]),
                Err($answer::TaskError::Undecodable(_)) => failed(&[words::UNDECODABLE]),
                Err($answer::TaskError::PoolFailed(error)) => {
                    failed(&[words::POOL_FAILED, pool_fault(&error)])
                }
            }
        }

        fn own(ticket: driver::Ticket) -> $answer::Ticket {
            match ticket.downcast::<$answer::Ticket>() {
                Ok(ticket) => *ticket,
                Err(_) => unreachable!("all tickets are the answer's"),
            }
        }

        impl driver::Pool for Pool {
            fn apply(&mut self, input: driver::Input) -> driver::Outcome {
                outcome(self.0.apply(input))
            }
            fn apply_async(&mut self, input: driver::Input) -> Result<driver::Ticket, driver::PoolFault> {
                match self.0.apply_async(input) {
                    Ok(ticket) => Ok(Box::new(ticket)),
                    Err(error) => Err(pool_fault(&error)),
                }
            }
            fn get(&mut self, ticket: driver::Ticket) -> driver::Outcome {
                outcome(self.0.get(own(ticket)))
            }
            fn get_timeout(
                &mut self,
                ticket: driver::Ticket,
                limit: std::time::Duration,
            ) -> Result<driver::Outcome, driver::Ticket> {
                match self.0.get_timeout(own(ticket), limit) {
                    Ok(result) => Ok(outcome(result)),
                    Err(ticket) => Err(Box::new(ticket)),
                }
            }
            fn map(&mut self, inputs: Vec<driver::Input>) -> Vec<driver::Outcome> {
                self.0.map(inputs).into_iter().map(outcome).collect()
            }
            fn map_chunked(&mut self, inputs: Vec<driver::Input>, chunk: u64) -> Vec<driver::Outcome> {
                let chunk =
                    std::num::NonZeroUsize::new(chunk as usize).unwrap_or(std::num::NonZeroUsize::MIN);
                self.0.map_chunked(inputs, chunk).into_iter().map(outcome).collect()
            }
            fn worker_ids(&self) -> Vec<u64> {
                self.0.worker_ids().into_iter().map(|pid| pid.as_raw() as u64).collect()
            }
            fn close(&mut self) {
                self.0.close()
            }
            fn join(self: Box<Self>) -> Result<(), driver::PoolFault> {
                self.0.join().map_err(|error| pool_fault(&error))
            }
            fn terminate(self: Box<Self>) {
                self.0.terminate()
            }
        }

        struct Answer;

        impl driver::Answer for Answer {
            fn pool(
                &self,
                workers: Option<usize>,
                task: fn(driver::Input) -> driver::Output,
            ) -> Result<Box<dyn driver::Pool>, driver::PoolFault> {
                let pool = match workers {
                    Some(workers) => $answer::ProcessPool::new(workers, task),
                    None => $answer::ProcessPool::with_default_workers(task),
                };
                match pool {
                    Ok(pool) => Ok(Box::new(Pool(pool))),
                    Err(error) => Err(pool_fault(&error)),
                }
            }
            fn write_frame(
                &self,
                to: std::os::fd::BorrowedFd<'_>,
                body: &[u8],
            ) -> Result<(), driver::FrameFault> {
                $answer::write_frame(to, body).map_err(frame_fault)
            }
            fn read_frame(
                &self,
                from: std::os::fd::BorrowedFd<'_>,
            ) -> Result<Option<Vec<u8>>, driver::FrameFault> {
                $answer::read_frame(from).map_err(frame_fault)
            }
        }

        fn main() {
            $crate::serve(&driver::Driver(&Answer))
        }
    };
}

/// The driver of this question.
pub struct Driver<'a>(pub &'a dyn Answer);

impl std::fmt::Debug for Driver<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Driver")
    }
}

impl Question for Driver<'_> {
    fn play(&self, challenge: &Challenge) -> Result<(), String> {
        let calls = calls(challenge, Call::from_words)?;
        toolkit::hook::before_fork(before_fork);
        let mut scene = Scene { answer: self.0, pools: Vec::new(), tickets: Vec::new(), own_child: None };
        for (number, call) in (0..).zip(&calls) {
            play_call(number, || _ = scene.play(number, call));
        }
        Ok(())
    }
}

struct Scene<'a> {
    answer: &'a dyn Answer,
    pools: Vec<Option<Box<dyn Pool>>>,
    tickets: Vec<Option<Ticket>>,
    own_child: Option<Pid>,
}

impl Scene<'_> {
    fn pool(&mut self, number: u64) -> Option<&mut Box<dyn Pool>> {
        self.pools.get_mut(usize::try_from(number).ok()?)?.as_mut()
    }

    fn take(&mut self, number: u64) -> Option<Box<dyn Pool>> {
        self.pools.get_mut(usize::try_from(number).ok()?)?.take()
    }

    /// A call on what is not there (since it could not be made) is left out.
    fn play(&mut self, number: u64, call: &Call) -> Option<()> {
        match call {
            Call::New(workers) => self.make(number, usize::try_from(*workers).ok()),
            Call::NewDefault => self.make(number, None),
            Call::Apply(pool, job) => {
                let outcome = self.pool(*pool)?.apply(Input::of(*job));
                tell(number, 0, outcome);
            }
            Call::ApplyAsync(pool, job) => {
                let made = self.pool(*pool)?.apply_async(Input::of(*job));
                let fault = made.as_ref().err().copied().unwrap_or(0);
                self.tickets.push(made.ok());
                log(words::RETURNED, &[number, fault]);
            }
            Call::Get(pool, ticket) => {
                let ticket = self.tickets.get_mut(usize::try_from(*ticket).ok()?)?.take()?;
                let outcome = self.pool(*pool)?.get(ticket);
                tell(number, 0, outcome);
            }
            Call::GetTimeout(pool, place, limit_ms) => {
                let place = usize::try_from(*place).ok()?;
                let ticket = self.tickets.get_mut(place)?.take()?;
                let began = Instant::now();
                let limit = match *limit_ms {
                    u64::MAX => Duration::MAX,
                    limit_ms => Duration::from_millis(limit_ms),
                };
                match self.pool(*pool)?.get_timeout(ticket, limit) {
                    Ok(outcome) => tell(number, 0, outcome),
                    Err(ticket) => {
                        let passed = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                        log(words::TICKET_BACK, &[number, passed]);
                        self.tickets[place] = Some(ticket);
                    }
                }
            }
            Call::Map(pool, jobs) => {
                let inputs = jobs.iter().map(|&job| Input::of(job)).collect();
                let outcomes = self.pool(*pool)?.map(inputs);
                (0..).zip(outcomes).for_each(|(place, outcome)| tell(number, place, outcome));
                log(words::RETURNED, &[number, 0]);
            }
            Call::MapChunked(pool, chunk, jobs) => {
                let inputs = jobs.iter().map(|&job| Input::of(job)).collect();
                let outcomes = self.pool(*pool)?.map_chunked(inputs, *chunk);
                (0..).zip(outcomes).for_each(|(place, outcome)| tell(number, place, outcome));
                log(words::RETURNED, &[number, 0]);
            }
            Call::WorkerIds(pool) => {
                let ids = self.pool(*pool)?.worker_ids();
                log(words::IDS, &[&[number], ids.as_slice()].concat());
            }
            Call::Close(pool) => self.pool(*pool)?.close(),
            Call::Join(pool) => {
                let joined = self.take(*pool)?.join();
                log(words::RETURNED, &[number, joined.err().unwrap_or(0)]);
            }
            Call::Terminate(pool) => {
                self.take(*pool)?.terminate();
                log(words::RETURNED, &[number, 0]);
            }
            Call::Drop(pool) => {
                drop(self.take(*pool)?);
                log(words::RETURNED, &[number, 0]);
            }
            Call::Unwind(pool) => {
                drop_in_a_panic(self.take(*pool)?);
                log(words::RETURNED, &[number, 0]);
            }
            Call::Checkpoint(place) => checkpoint(*place),
            Call::Faults(mode) => drop(faults::set(u32::try_from(*mode).unwrap_or_default())),
            Call::Frames(mode, lengths) => self.frames(number, *mode, lengths)?,
            Call::ReadRaw(bytes) => self.read_raw(number, bytes)?,
            Call::WriteRaw(bytes) => self.write_raw(number, *bytes)?,
            Call::OwnChild(code) => {
                let code = i32::try_from(*code).ok()?;
                self.own_child = toolkit::fork(|| code).ok();
            }
            Call::RefuseForks(after) => {
                if refusal::refuse_forks(*after) {
                    log(words::REFUSES, &[]);
                }
            }
            Call::WaitForOwnChild => {
                let code = self.own_child.take().map_or(1000, exit_code);
                log(words::OWN_CHILD, &[number, code]);
            }
            Call::WriteToNobody(bytes) => {
                let (reader, writer) = pipe()?;
                drop(reader);
                let body = vec![0; usize::try_from(*bytes).ok()?];
                let wrote = self.answer.write_frame(writer.as_fd(), &body);
                log(words::WROTE, &[&[number], fault(wrote).as_slice()].concat());
            }
        }
        Some(())
    }

    fn make(&mut self, number: u64, workers: Option<usize>) {
        let made = self.answer.pool(workers, task);
        log(words::RETURNED, &[number, made.as_ref().err().copied().unwrap_or(0)]);
        self.pools.push(made.ok());
    }

    /// A child writes frames, this process reads them.
    fn frames(&self, number: u64, mode: u64, lengths: &[u64]) -> Option<()> {
        let (reader, writer) = pipe()?;
        let mode = u32::try_from(mode).ok()?;
        let mut ends = Some((reader, writer));
        let child = toolkit::fork(|| {
            let Some((reader, writer)) = ends.take() else { return 3 };
            drop(reader);
            faults::set(mode);
            for (place, &length) in (0..).zip(lengths) {
                if self.answer.write_frame(writer.as_fd(), &words::body_of(place, length)).is_err() {
                    return 4;
                }
            }
            0
        });
        let child = child.ok()?;
        let (reader, writer) = ends?;
        drop(writer);
        faults::set(mode);
        // One more than was written: the end.
        for place in 0..=lengths.len() as u64 {
            let read = self.answer.read_frame(reader.as_fd());
            if !faults::without(|| tell_frame(number, place, read)) {
                break;
            }
        }
        faults::set(0);
        drop(reader);
        log(words::WRITER, &[number, exit_code(child)]);
        Some(())
    }

    fn read_raw(&self, number: u64, bytes: &[u64]) -> Option<()> {
        let (reader, writer) = pipe()?;
        let bytes: Vec<u8> = bytes.iter().filter_map(|&byte| u8::try_from(byte).ok()).collect();
        nix::unistd::write(&writer, &bytes).ok()?;
        drop(writer);
        for place in 0..3 {
            if !tell_frame(number, place, self.answer.read_frame(reader.as_fd())) {
                break;
            }
        }
        Some(())
    }

    /// Small bodies fit into the pipe; a body that is too long must not be written at all.
    fn write_raw(&self, number: u64, bytes: u64) -> Option<()> {
        let (reader, writer) = pipe()?;
        let body = match bytes {
            0..=4096 => words::body_of(0, bytes),
            _ => vec![0; usize::try_from(bytes).ok()?], // fresh from the kernel: no memory is used
        };
        let wrote = self.answer.write_frame(writer.as_fd(), &body);
        log(words::WROTE, &[&[number], fault(wrote).as_slice()].concat());
        drop(writer);
        let (mut all, mut chunk) = (Vec::new(), [0; 8192]);
        while let Ok(count @ 1..) = nix::unistd::read(&reader, &mut chunk) {
            all.extend_from_slice(&chunk[..count]);
        }
        let mut args = vec![number, all.len() as u64, words::digest(&all)];
        args.extend(all.iter().take(4).map(|&byte| u64::from(byte)));
        log(words::WRITTEN, &args);
        Some(())
    }
}

/// Waits for a child of this process; 1000 if it did not leave by itself or is not there.
fn exit_code(child: Pid) -> u64 {
    match waitpid(child, None) {
        Ok(WaitStatus::Exited(_, code)) => u64::try_from(code).unwrap_or(1000),
        _ => 1000,
    }
}

fn pipe() -> Option<(OwnedFd, OwnedFd)> {
    pipe2(OFlag::O_CLOEXEC).ok()
}

fn fault(result: Result<(), FrameFault>) -> FrameFault {
    result.err().unwrap_or_else(|| vec![0])
}

/// Whether there may be another frame.
fn tell_frame(call: u64, place: u64, read: Result<Option<Vec<u8>>, FrameFault>) -> bool {
    match read {
        Ok(Some(body)) => {
            log(words::FRAME, &[call, place, body.len() as u64, words::digest(&body)]);
            true
        }
        Ok(None) => {
            log(words::NO_FRAME, &[call, place, words::CLEAN_END]);
            false
        }
        Err(fault) => {
            log(words::NO_FRAME, &[&[call, place], fault.as_slice()].concat());
            false
        }
    }
}

fn tell(call: u64, place: u64, outcome: Outcome) {
    match outcome {
        Outcome::Done(Output { id, number, text, .. }) => {
            let (length, digest) = (text.len() as u64, words::digest(text.as_bytes()));
            log(words::RESULT, &[call, place, words::DONE, id, number, length, digest]);
        }
        Outcome::Failed(numbers, text) => {
            log_text(words::RESULT, &[&[call, place], numbers.as_slice()].concat(), &text);
        }
    }
}
