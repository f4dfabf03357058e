//! Question 8: plays a list of calls, and writes down what was measured.
//!
//! The job is ours: it checks in with the judge, or panics, or dies, as its number says. So are the
//! pools: the caller checks in where they start and end, when the scene says so. Judges nothing.

use super::words::{self, Call, Job, MadeUp, Then};
use crate::faults::{self, loiter};
use crate::gate;
use crate::session::{Question, calls, checkpoint, log, log_text, play_call};
use nix::sys::signal::{Signal, kill};
use nix::unistd::getpid;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use wire::Challenge;

/// Where the caller checks in, as in [`Call::Hold`].
static HOLDS: AtomicU64 = AtomicU64::new(0);

/// Whether it has checked in while the pool of the moment was closed.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// How much of a text is written down, in characters.
const TEXT_CHARS: usize = 64 * 1024;

/// What every pool of ours calls in its start.
pub fn hold_start() {
    CLOSED.store(false, Ordering::Relaxed);
    if HOLDS.load(Ordering::Relaxed) != 0 {
        gate::wait(words::START);
    }
}

/// What every pool of ours calls when it is closed.
pub fn hold_close() {
    if HOLDS.load(Ordering::Relaxed) == words::IN_CLOSE && !CLOSED.swap(true, Ordering::Relaxed) {
        gate::wait(words::STOP);
    }
}

/// What every pool of ours calls in its end.
pub fn hold_stop() {
    if HOLDS.load(Ordering::Relaxed) != 0 && !CLOSED.load(Ordering::Relaxed) {
        gate::wait(words::STOP);
    }
}

/// The job that answers are to apply.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "a worker that leaves in the middle of a job")]
fn job(number: u64) -> u64 {
    let Some(job) = Job::from_number(number) else { panic!("{number} is not among the numbers") };
    let addend = if job.held { gate::wait(job.id) } else { 0 };
    match job.then {
        Then::Return => {}
        Then::Panic => panic!("{}", words::panic_text(job.id)),
        Then::Exit => std::process::exit(7),
        Then::Killed => drop(kill(getpid(), Signal::SIGKILL)),
    }
    job.value * job.value + addend
}

/// As in the question.
#[derive(Debug)]
pub struct Timing {
    /// As in the question.
    pub workers: usize,
    /// As in the question.
    pub results: Vec<u64>,
    /// As in the question.
    pub start: Duration,
    /// As in the question.
    pub map: Duration,
    /// As in the question.
    pub stop: Duration,
}

/// An error of the answer: in numbers, and a text.
pub type Failure = (Vec<u64>, String);

/// An answer to the question, behind an adapter.
pub trait Answer {
    /// As in the question.
    fn square(&self, number: u64) -> u64;
    /// As in the question.
    fn time_pool(&self, workers: usize, numbers: &[u64], job: fn(u64) -> u64) -> Result<Timing, Failure>;
    /// As in the question.
    fn compare(&self, sizes: &[usize], numbers: &[u64], job: fn(u64) -> u64) -> Result<Vec<Timing>, Failure>;
    /// As in the question.
    fn time_threads(&self, threads: usize, numbers: &[u64], job: fn(u64) -> u64) -> Result<Timing, Failure>;
    /// As in the question.
    fn table(&self, timings: Vec<Timing>) -> String;
    /// As in the question.
    fn chart(&self, timings: Vec<Timing>) -> String;
    /// Has pools fail: at `START`, at `STOP`, or not.
    fn fail(&self, phase: u64);
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q8_pool_timing {
    ($answer:ident) => {
        use ::q2_process_pool::{Phase, PoolError, TaskError};
        use $crate::q8_pool_timing::{driver, words};

        fn pool_fault(error: PoolError) -> Vec<u64> {
            match error {
                PoolError::NoWorkers => vec![1],
                PoolError::Closed => vec![2],
                PoolError::Fork(_) => vec![3],
                PoolError::Frame(_) => vec![4],
                PoolError::Os(error) => vec![5, error as i32 as u64],
            }
        }

        fn task_fault(error: TaskError) -> driver::Failure {
            match error {
                TaskError::Panicked { message } => (vec![words::TASK_PANICKED], message),
                TaskError::WorkerDied { signal, code } => {
                    let (signal, code) = (signal.unwrap_or(0) as u64, code.map_or(0, |code| code as u64 + 1));
                    (vec![words::WORKER_DIED, signal, code], String::new())
                }
                error => (vec![words::TASK_LOST], error.to_string()),
            }
        }

        fn failure(error: $answer::TimingError) -> driver::Failure {
            match error {
                $answer::TimingError::NoWorkers => (vec![words::NO_WORKERS], String::new()),
                $answer::TimingError::Pool(error) => {
                    ([vec![words::POOL], pool_fault(error)].concat(), String::new())
                }
                $answer::TimingError::Task { index, error } => {
                    let (numbers, text) = task_fault(error);
                    ([vec![words::TASK, index as u64], numbers].concat(), text)
                }
                $answer::TimingError::Threads(why) => (vec![words::THREADS], why),
            }
        }

        fn theirs(timing: driver::Timing) -> $answer::Timing {
            let driver::Timing { workers, results, start, map, stop } = timing;
            $answer::Timing { workers, results, start, map, stop }
        }

        fn ours(timing: $answer::Timing) -> driver::Timing {
            let $answer::Timing { workers, results, start, map, stop } = timing;
            driver::Timing { workers, results, start, map, stop }
        }

        struct Answer;

        impl driver::Answer for Answer {
            fn square(&self, number: u64) -> u64 {
                $answer::square(number)
            }
            fn time_pool(
                &self,
                workers: usize,
                numbers: &[u64],
                job: fn(u64) -> u64,
            ) -> Result<driver::Timing, driver::Failure> {
                $answer::time_pool(workers, numbers, job).map(ours).map_err(failure)
            }
            fn compare(
                &self,
                sizes: &[usize],
                numbers: &[u64],
                job: fn(u64) -> u64,
            ) -> Result<Vec<driver::Timing>, driver::Failure> {
                let timings = $answer::compare(sizes, numbers, job).map_err(failure)?;
                Ok(timings.into_iter().map(ours).collect())
            }
            fn time_threads(
                &self,
                threads: usize,
                numbers: &[u64],
                job: fn(u64) -> u64,
            ) -> Result<driver::Timing, driver::Failure> {
                $answer::time_threads(threads, numbers, job).map(ours).map_err(failure)
            }
            fn table(&self, timings: Vec<driver::Timing>) -> String {
                $answer::table(&timings.into_iter().map(theirs).collect::<Vec<_>>())
            }
            fn chart(&self, timings: Vec<driver::Timing>) -> String {
                $answer::chart(&timings.into_iter().map(theirs).collect::<Vec<_>>())
            }
            fn fail(&self, phase: u64) {
                ::q2_process_pool::fail_in(match phase {
                    words::START => Some(Phase::Start),
                    words::STOP => Some(Phase::Stop),
                    _ => None,
                });
            }
        }

        fn main() {
            ::q2_process_pool::hold_with(|phase| match phase {
                Phase::Start => driver::hold_start(),
                Phase::Close => driver::hold_close(),
                Phase::Stop => driver::hold_stop(),
            });
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
        for (number, call) in (0..).zip(&calls) {
            play_call(number, || play(self.0, number, call));
        }
        HOLDS.store(0, Ordering::Relaxed);
        Ok(())
    }
}

fn play(answer: &dyn Answer, number: u64, call: &Call) {
    match call {
        Call::Square(of) => log(words::SQUARE, &[number, answer.square(*of)]),
        Call::TimePool(workers, jobs) => {
            let timing = answer.time_pool(size(*workers), &numbers(jobs), job);
            tell(number, timing.map(|timing| vec![timing]));
        }
        Call::Compare(sizes, jobs) => {
            let sizes: Vec<usize> = sizes.iter().copied().map(size).collect();
            tell(number, answer.compare(&sizes, &numbers(jobs), job));
        }
        Call::TimeThreads(threads, jobs) => {
            let numbers = numbers(jobs);
            let timing = loiter::around(|| answer.time_threads(size(*threads), &numbers, job));
            tell(number, timing.map(|timing| vec![timing]));
        }
        Call::Table(timings) => tell_text(number, &answer.table(made_up(timings))),
        Call::Chart(timings) => tell_text(number, &answer.chart(made_up(timings))),
        Call::Checkpoint(place) => checkpoint(*place),
        Call::Faults(mode) => drop(faults::set(u32::try_from(*mode).unwrap_or_default())),
        Call::Loiter(mode) => loiter::set(*mode == 1),
        Call::Hold(mode) => HOLDS.store(*mode, Ordering::Relaxed),
        Call::Fail(phase) => answer.fail(*phase),
    }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn numbers(jobs: &[Job]) -> Vec<u64> {
    jobs.iter().map(|job| job.to_number()).collect()
}

fn made_up(timings: &[MadeUp]) -> Vec<Timing> {
    let timing = |made_up: &MadeUp| {
        let [start, map, stop] = made_up.phases_ns.map(Duration::from_nanos);
        Timing { workers: size(made_up.workers), results: made_up.results.clone(), start, map, stop }
    };
    timings.iter().map(timing).collect()
}

fn tell(call: u64, outcome: Result<Vec<Timing>, Failure>) {
    match outcome {
        Ok(timings) => {
            for (place, timing) in (0..).zip(&timings) {
                let [start, map, stop] = [timing.start, timing.map, timing.stop].map(nanos);
                let head = [call, place, timing.workers as u64, start, map, stop];
                log(words::TIMING, &[&head, timing.results.as_slice()].concat());
            }
            log(words::RETURNED, &[call, timings.len() as u64]);
        }
        Err((numbers, text)) => log_text(words::ERROR, &[&[call], numbers.as_slice()].concat(), &text),
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn tell_text(call: u64, text: &str) {
    let chars: Vec<char> = text.chars().take(TEXT_CHARS).collect();
    for part in chars.chunks(300) {
        log_text(words::TEXT, &[call], &part.iter().collect::<String>());
    }
    log(words::TEXT_END, &[call, text.chars().count() as u64]);
}
