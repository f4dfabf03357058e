//! Question 6, jobs that are served until a signal comes: plays a list of calls, and writes down what came back.
//!
//! A job is a plain function, so there is one for each place in the list; what it is to do stands in a static that the child
//! inherits. The signals come from the judge. This process has one thread, so that whoever blocks a signal there blocks it for the
//! process. Judges nothing.

use super::super::words::shutdown::{self as words, Call, Job, Then};
use crate::refusal::{self, limit};
use crate::session::{Question, calls, checkpoint, log, log_text, play_call};
use crate::{faults, gate, records, stranger};
use nix::fcntl::OFlag;
use nix::sys::resource::Resource;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::{getpid, pipe2};
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use wire::Challenge;

/// `serve`, as the adapter has it.
pub type Serve = fn(&[fn() -> u64], NonZeroUsize, BorrowedFd<'_>) -> Outcome;

/// What came of a call.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// What was finished, and what was refused.
    Served(Vec<(usize, u64)>, Vec<usize>),
    /// `Returned` or `Panicked`, and the text.
    Text(u64, String),
    /// One of the others, and its number.
    Other(u64, u64),
}

/// `serve` of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Driver {
    /// Behind an adapter.
    pub serve: Serve,
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q6_shutdown {
    ($answer:ident) => {
        use $answer::child_error::ChildError;
        use $crate::q6_failures::driver::shutdown::{Driver, Outcome};
        use $crate::q6_failures::words::shutdown as words;

        fn serve(
            jobs: &[fn() -> u64],
            workers: std::num::NonZeroUsize,
            progress: std::os::fd::BorrowedFd<'_>,
        ) -> Outcome {
            match $answer::shutdown::serve(jobs, workers, progress) {
                Ok(served) => Outcome::Served(served.finished.into_iter().collect(), served.refused),
                Err(ChildError::Returned(text)) => Outcome::Text(words::FAILED, text),
                Err(ChildError::Panicked { message, .. }) => Outcome::Text(words::PANICKED, message),
                Err(ChildError::Killed { signal }) => Outcome::Other(words::KILLED, signal as u32 as u64),
                Err(ChildError::Exited { code }) => Outcome::Other(words::EXITED, code as u32 as u64),
                Err(ChildError::Os(error)) => Outcome::Other(words::OS, error as i32 as u64),
            }
        }

        fn main() {
            $crate::serve(&Driver { serve })
        }
    };
}

/// What the jobs of the call do: two numbers each.
static JOBS: [[AtomicU64; 2]; words::MOST_JOBS] =
    [const { [const { AtomicU64::new(0) }; 2] }; words::MOST_JOBS];
/// The call's number.
static CALL: AtomicU64 = AtomicU64::new(0);
/// Who plays the scene: forks of others are none of ours.
static CALLER: AtomicI32 = AtomicI32::new(0);
/// Whether the caller is held before its next fork.
static HOLD_FORK: AtomicBool = AtomicBool::new(false);

/// Whether children are held before they do anything.
static HOLD_BIRTH: AtomicBool = AtomicBool::new(false);

/// Whether children are held before they leave the group.
static HOLD_GROUP: AtomicBool = AtomicBool::new(false);

/// How many descriptors more the next call may open; no limit if it is the largest number.
static FEW_FILES: AtomicU64 = AtomicU64::new(u64::MAX);

/// A function for each place.
const FUNCTIONS: [fn() -> u64; words::MOST_JOBS] = [
    job::<0>, job::<1>, job::<2>, job::<3>, job::<4>, job::<5>, job::<6>, job::<7>, job::<8>, job::<9>,
    job::<10>, job::<11>,
];

fn before_fork() {
    if getpid().as_raw() == CALLER.load(Ordering::Relaxed) {
        if HOLD_FORK.swap(false, Ordering::Relaxed) {
            gate::wait(words::AT_FORK);
        }
        refusal::before_fork(|| checkpoint(words::AT_REFUSAL));
    }
}

fn in_child() {
    if HOLD_BIRTH.load(Ordering::Relaxed) {
        gate::wait(words::AT_BIRTH);
    }
}

fn before_group() {
    if HOLD_GROUP.load(Ordering::Relaxed) && getpid().as_raw() != CALLER.load(Ordering::Relaxed) {
        gate::wait(words::AT_GROUP);
    }
}

impl Question for Driver {
    fn play(&self, challenge: &Challenge) -> Result<(), String> {
        let calls = calls(challenge, Call::from_words)?;
        CALLER.store(getpid().as_raw(), Ordering::Relaxed);
        block(0); // whoever started us may have left some
        toolkit::hook::before_fork(before_fork);
        toolkit::hook::in_child(in_child);
        faults::before_group(before_group);
        for (number, call) in (0..).zip(&calls) {
            play_call(number, || self.play_one(number, call));
        }
        // The scene is over: no signal ends what tells of it.
        let _ = SigSet::all().thread_block();
        Ok(())
    }
}

impl Driver {
    fn play_one(&self, number: u64, call: &Call) {
        match *call {
            Call::Serve { workers, unread, ref jobs } => self.serve(number, workers, unread, jobs),
            Call::Checkpoint(place) => checkpoint(place),
            Call::Faults(mode) => drop(faults::set(u32::try_from(mode).unwrap_or_default())),
            Call::Block(signals) => block(signals),
            Call::HoldFork => HOLD_FORK.store(true, Ordering::Relaxed),
            Call::HoldBirth => HOLD_BIRTH.store(true, Ordering::Relaxed),
            Call::HoldGroup => HOLD_GROUP.store(true, Ordering::Relaxed),
            Call::Stranger => stranger::start(words::STRANGER),
            Call::Await => {
                if let Some(is_seen) = stranger::await_end() {
                    log(words::AWAITED, &[is_seen.into()]);
                }
            }
            Call::NoFork(after) => {
                if refusal::refuse_forks(after) {
                    log(words::REFUSES, &[]);
                }
            }
            Call::Fork => refusal::fork_again(),
            Call::FewFiles(more) => FEW_FILES.store(more, Ordering::Relaxed),
            Call::Files => FEW_FILES.store(u64::MAX, Ordering::Relaxed),
        }
    }

    fn serve(&self, number: u64, workers: u64, unread: bool, jobs: &[Job]) {
        CALL.store(number, Ordering::Relaxed);
        for (job, place) in jobs.iter().zip(&JOBS) {
            for (word, at) in job.to_words().into_iter().zip(place) {
                at.store(word, Ordering::Relaxed);
            }
        }
        let workers = usize::try_from(workers).ok().and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN);
        let Some(progress) = progress(unread) else { return };
        let before = signals();
        // Only now: the driver needs descriptors itself, for `progress` and to look at the signals.
        let few = FEW_FILES.load(Ordering::Relaxed);
        if few < u64::MAX {
            refusal::few_files(few);
        }
        let outcome = (self.serve)(&FUNCTIONS[..jobs.len()], workers, progress.as_fd());
        limit(Resource::RLIMIT_NOFILE, None);
        let after = signals();
        HOLD_BIRTH.store(false, Ordering::Relaxed);
        HOLD_GROUP.store(false, Ordering::Relaxed);
        drop(progress);
        log(words::SIGNALS, &[&[number], before.as_slice(), after.as_slice()].concat());
        tell(number, outcome);
    }
}

/// Where progress goes.
fn progress(unread: bool) -> Option<OwnedFd> {
    if unread {
        let (reader, writer) = pipe2(OFlag::O_CLOEXEC).ok()?;
        drop(reader);
        return Some(writer);
    }
    faults::duplicate(records()).ok()
}

fn block(signals: u64) {
    let mut set = SigSet::empty();
    for signal in Signal::iterator().filter(|&signal| signals & words::bits(&[signal as u64]) != 0) {
        set.add(signal);
    }
    let _ = set.thread_set_mask();
}

/// What the kernel shows of the signals of this thread and its process: what it blocks, ignores, catches, and what is pending.
fn signals() -> [u64; 4] {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or(u64::MAX)
    };
    [of("SigBlk:"), of("SigIgn:"), of("SigCgt:"), of("SigPnd:") | of("ShdPnd:")]
}

fn tell(call: u64, outcome: Outcome) {
    let about = |what: u64, number: u64, text: &str| {
        vec![call, what, number, text.len() as u64, words::digest(text.as_bytes())]
    };
    match outcome {
        Outcome::Served(finished, refused) => {
            for (place, value) in finished {
                log(words::FINISHED, &[call, place as u64, value]);
            }
            let refused = refused.into_iter().map(|place| place as u64);
            log(words::REFUSED, &[call].into_iter().chain(refused).collect::<Vec<u64>>());
            log(words::RETURNED, &about(words::OK, 0, ""));
        }
        Outcome::Text(what, text) => log_text(words::RETURNED, &about(what, 0, &text), &text),
        Outcome::Other(what, number) => log(words::RETURNED, &about(what, number, "")),
    }
}

/// Every job.
fn job<const PLACE: usize>() -> u64 {
    let word = |number: usize| JOBS[PLACE][number].load(Ordering::Relaxed);
    let place = PLACE as u64;
    let Some(job) = Job::from_words([word(0), word(1)]) else { return 0 };
    let addend = if job.held { gate::wait(words::task(CALL.load(Ordering::Relaxed), place)) } else { 0 };
    play(place, job.then, addend)
}

#[expect(clippy::exit, clippy::disallowed_methods, reason = "one way for a process to end")]
fn play(place: u64, then: Then, addend: u64) -> u64 {
    match then {
        Then::Give(value) => value.wrapping_add(addend),
        Then::Mask => signals()[0],
        Then::Panic(bytes) => panic_any(words::text_of(place, bytes)),
        Then::PanicPlain => panic_any(words::PLAIN_TEXT),
        Then::PanicNumber => panic_any(place),
        Then::Exit(code) => std::process::exit(code as i32),
        Then::Abort => std::process::abort(),
        Then::Signal(signal) => {
            let _ = kill(getpid(), Signal::try_from(signal as i32).ok());
            0
        }
        Then::Block => {
            let _ = SigSet::all().thread_block();
            0
        }
        Then::Deaf => {
            let _ = SigSet::all().thread_block();
            gate::wait(words::DEAF);
            0
        }
    }
}
