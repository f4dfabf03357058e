//! Question 1, jobs in processes: plays a list of calls, and writes down what came back.
//!
//! The jobs are ours: they check in with the judge, end in one way or another, or change memory, as they are told. Serves the
//! measured jobs, too. Judges nothing.

use super::super::words::processes::{self as words, Call, Job, Then};
use crate::refusal::{self, limit};
use crate::session::{Question, calls, checkpoint, log, log_text, play_call};
use crate::{faults, gate, records, stranger};
use nix::sys::resource::Resource;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::unistd::getpid;
use std::io::{Write, stdout};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use wire::Challenge;

/// What a driver hands to an answer.
pub type Jobs<'a> = &'a [&'a (dyn Fn() -> u64 + Sync)];
/// What came of a job: kind and number, and a text.
pub type Outcome = ([u64; 2], String);
/// Why a call has failed: what and its number, and the outcome of a job that did not end well.
pub type Failure = ([u64; 2], Option<Outcome>);

/// `in_processes` of an answer.
pub type Run = fn(Jobs<'_>) -> Result<Vec<Outcome>, Failure>;
/// `elapsed` of an answer, in nanoseconds, by model: 0 threads, 1 processes.
pub type Elapsed = fn(u64, &(dyn Fn() -> u64 + Sync)) -> Result<u64, Failure>;

/// An answer to one of these parts, behind an adapter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Driver {
    /// If that is what is asked for.
    pub run: Option<Run>,
    /// The same.
    pub elapsed: Option<Elapsed>,
}

/// Writes the parts of an adapter that speak of types of the answer's.
#[macro_export]
macro_rules! q1_told {
    ($answer:ident) => {
        use $answer::api::Outcome;
        use $answer::run_error::RunError;
        use $crate::q1_threads_or_processes::driver::processes as driver;
        use $crate::q1_threads_or_processes::words::processes as words;

        fn told(outcome: Outcome) -> driver::Outcome {
            match outcome {
                Outcome::Done(number) => ([words::DONE, number], String::new()),
                Outcome::Panicked(text) => ([words::PANICKED, 0], text),
                Outcome::Killed(signal) => ([words::KILLED, signal as u32 as u64], String::new()),
                Outcome::Exited(code) => ([words::EXITED, code as u32 as u64], String::new()),
            }
        }

        fn failure(error: RunError) -> driver::Failure {
            match error {
                RunError::Fork(_) => ([words::FORK, 0], None),
                RunError::Os(error) => ([words::OS, error as i32 as u64], None),
                RunError::Failed(outcome) => ([words::FAILED, 0], Some(told(outcome))),
            }
        }
    };
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q1_processes {
    ($answer:ident) => {
        $crate::q1_told!($answer);

        fn run(jobs: driver::Jobs<'_>) -> Result<Vec<driver::Outcome>, driver::Failure> {
            match $answer::processes::in_processes(jobs) {
                Ok(outcomes) => Ok(outcomes.into_iter().map(told).collect()),
                Err(error) => Err(failure(error)),
            }
        }

        fn main() {
            $crate::serve(&driver::Driver { run: Some(run), elapsed: None })
        }
    };
}

/// What jobs change, as far as they can.
static SEEN: AtomicU64 = AtomicU64::new(0);
/// Whether the caller checks in before a fork.
static HOLDS: AtomicBool = AtomicBool::new(false);
/// Whether the caller checks in before a thread is started.
static HOLDS_THREAD: AtomicBool = AtomicBool::new(false);

/// Who plays the scene: forks of others are none of ours.
static CALLER: AtomicI32 = AtomicI32::new(0);

fn before_fork() {
    if getpid().as_raw() != CALLER.load(Ordering::Relaxed) {
        return;
    }
    if HOLDS.load(Ordering::Relaxed) {
        gate::wait(words::START);
    }
    refusal::before_fork(|| checkpoint(words::AT_REFUSAL));
}

fn before_thread() {
    let is_ours = getpid().as_raw() == CALLER.load(Ordering::Relaxed);
    if is_ours && HOLDS_THREAD.swap(false, Ordering::Relaxed) {
        gate::wait(words::START);
    }
}

impl Question for Driver {
    fn play(&self, challenge: &Challenge) -> Result<(), String> {
        let calls = calls(challenge, Call::from_words)?;
        CALLER.store(getpid().as_raw(), Ordering::Relaxed);
        toolkit::hook::before_fork(before_fork);
        let mut scene = Scene { answer: *self, local: AtomicU64::new(0), stdout: None };
        for (number, call) in (0..).zip(&calls) {
            play_call(number, || _ = scene.play(number, call));
        }
        HOLDS.store(false, Ordering::Relaxed);
        Ok(())
    }
}

struct Scene {
    answer: Driver,
    local: AtomicU64,
    /// Where standard output went before.
    stdout: Option<OwnedFd>,
}

impl Scene {
    /// What is not there is left out.
    fn play(&mut self, number: u64, call: &Call) -> Option<()> {
        match *call {
            Call::Run(ref jobs) => {
                let local = &self.local;
                let own: Vec<_> = jobs.iter().map(|&job| move || run(job, local)).collect();
                let jobs: Vec<&(dyn Fn() -> u64 + Sync)> = own.iter().map(|job| job as _).collect();
                match self.answer.run?(&jobs) {
                    Ok(outcomes) => {
                        outcomes.iter().for_each(|outcome| tell_outcome(number, outcome));
                        log(words::RETURNED, &[number, words::OK, outcomes.len() as u64]);
                    }
                    Err(failure) => tell_failure(number, failure),
                }
            }
            Call::Elapsed(model, job) => {
                let local = &self.local;
                match self.answer.elapsed?(model, &|| run(job, local)) {
                    Ok(ns) => log(words::RETURNED, &[number, words::OK, ns]),
                    Err(failure) => tell_failure(number, failure),
                }
            }
            Call::Checkpoint(place) => checkpoint(place),
            Call::Faults(mode) => drop(faults::set(u32::try_from(mode).unwrap_or_default())),
            Call::Set(to) => {
                SEEN.store(to, Ordering::Relaxed);
                self.local.store(to, Ordering::Relaxed);
            }
            Call::Look => {
                let seen = [&SEEN, &self.local].map(|cell| cell.load(Ordering::Relaxed));
                log(words::LOOKED, &[number, seen[0], seen[1]]);
            }
            Call::Print(token) => self.print(token)?,
            Call::Flush => {
                stdout().flush().ok()?;
                nix::unistd::dup2_stdout(self.stdout.take()?).ok()?;
            }
            Call::NoFork(after) => {
                if refusal::refuse_forks(after) {
                    log(words::REFUSES, &[]);
                }
            }
            Call::Fork => refusal::fork_again(),
            Call::FewFiles(more) => refusal::few_files(more),
            Call::Files => limit(Resource::RLIMIT_NOFILE, None),
            Call::HoldStart => HOLDS.store(true, Ordering::Relaxed),
            Call::HoldThread => {
                faults::before_thread(before_thread);
                HOLDS_THREAD.store(true, Ordering::Relaxed);
            }
            Call::Stranger => stranger::start(words::STRANGER),
            Call::Await => log(words::AWAITED, &[number, stranger::await_end()?.into()]),
        }
        Some(())
    }

    /// Half a line stays in the buffer of standard output, which leads to the judge.
    #[expect(clippy::print_stdout, reason = "the buffer of std is what it is about")]
    fn print(&mut self, token: u64) -> Option<()> {
        let before = stdout().as_fd().try_clone_to_owned().ok()?;
        self.stdout = Some(before);
        nix::unistd::dup2_stdout(faults::duplicate(records()).ok()?).ok()?;
        print!("{}", words::half_line(token));
        Some(())
    }
}

fn tell_outcome(call: u64, ([kind, number], text): &Outcome) {
    let args = [call, *kind, *number, text.len() as u64, words::digest(text)];
    log_text(words::OUTCOME, &args, text);
}

fn tell_failure(call: u64, ([what, with], outcome): Failure) {
    if let Some(outcome) = outcome {
        tell_outcome(call, &outcome);
    }
    log(words::RETURNED, &[call, what, with]);
}

/// Waits at the gate, and no signal that can be blocked ends that.
fn wait_unmoved(task: u64) -> u64 {
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK);
    let addend = gate::wait(task);
    if let Ok(before) = before {
        let _ = before.thread_set_mask();
    }
    addend
}

/// Once it is dropped, this process may write so many bytes more, and then it is killed.
struct DiesHalfWay(u64);

impl Drop for DiesHalfWay {
    fn drop(&mut self) {
        faults::die_after(self.0); // not before: whoever hears of the panic first may write as well
    }
}

/// What every job of ours does.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "one way for a process to end")]
fn run(job: Job, local: &AtomicU64) -> u64 {
    // Whoever has hardly any descriptors left still gets one to wait at.
    limit(Resource::RLIMIT_NOFILE, None);
    let addend = if job.held { wait_unmoved(job.id) } else { 0 };
    match job.then {
        Then::Return | Then::ReturnLarge => job.value().wrapping_add(addend),
        Then::PanicPlain => panic_any(words::PLAIN_TEXT),
        Then::PanicNumber => panic_any(job.id),
        Then::Panic | Then::PanicLong(_) => panic_any(words::panic_text(job)),
        Then::PanicShort(which) => panic_any(words::SHORT_TEXTS[which as usize % words::SHORT_TEXTS.len()]),
        Then::Torn(_) | Then::TornLines(_) => {
            let text = words::panic_text(job);
            let _dies = DiesHalfWay(text.len() as u64 / 2);
            panic_any(text)
        }
        Then::Exit(code) => std::process::exit(code.cast_signed()),
        Then::Abort => std::process::abort(),
        Then::Signal(signal) => {
            let _ = kill(getpid(), Signal::try_from(signal.cast_signed()).ok());
            u64::MAX // it did not kill
        }
        Then::Add(number) => {
            let number = u64::from(number);
            local.fetch_add(number, Ordering::Relaxed);
            SEEN.fetch_add(number, Ordering::Relaxed) + number
        }
    }
}
