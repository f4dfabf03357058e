//! Question 6, bodies in processes of their own: plays a list of calls, and writes down what came back.
//!
//! A body is a plain function, so what it is to do stands in a static that the child inherits. Judges nothing.

use super::super::words::processes::{self as words, Call, Task, Then};
use crate::refusal::{self, limit};
use crate::session::{Question, calls, checkpoint, log, log_text, play_call};
use crate::{faults, gate, stranger};
use nix::sys::resource::Resource;
use nix::sys::signal::{Signal, kill};
use nix::unistd::getpid;
use std::panic::{self, Location, panic_any};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use wire::Challenge;

/// A body, as the question has it.
pub type Body = fn() -> Result<Vec<u8>, String>;

/// What came of a call.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The answer.
    Ok(Vec<u8>),
    /// `Returned`.
    Failed(String),
    /// Message, place and calls.
    Panicked([String; 3]),
    /// One of the others, and its number.
    Other(u64, u64),
}

/// `run_isolated` of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Driver {
    /// Behind an adapter.
    pub run: fn(Body) -> Outcome,
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q6_processes {
    ($answer:ident) => {
        use $answer::child_error::ChildError;
        use $crate::q6_failures::driver::processes::{Body, Driver, Outcome};
        use $crate::q6_failures::words::processes as words;

        fn run(body: Body) -> Outcome {
            match $answer::processes::run_isolated(body) {
                Ok(answer) => Outcome::Ok(answer),
                Err(ChildError::Returned(text)) => Outcome::Failed(text),
                Err(ChildError::Panicked { message, location, backtrace }) => {
                    Outcome::Panicked([message, location, backtrace])
                }
                Err(ChildError::Killed { signal }) => Outcome::Other(words::KILLED, signal as u32 as u64),
                Err(ChildError::Exited { code }) => Outcome::Other(words::EXITED, code as u32 as u64),
                Err(ChildError::Os(error)) => Outcome::Other(words::OS, error as i32 as u64),
            }
        }

        fn main() {
            $crate::serve(&Driver { run })
        }
    };
}

/// What the next body does.
static TASK: AtomicU64 = AtomicU64::new(0);
/// What bodies change, as far as they can.
static SEEN: AtomicU64 = AtomicU64::new(0);
/// Who plays the scene: forks of others are none of ours.
static CALLER: AtomicI32 = AtomicI32::new(0);
/// `run_isolated`, for the body that calls it itself.
static RUN: std::sync::OnceLock<fn(Body) -> Outcome> = std::sync::OnceLock::new();

fn before_fork() {
    if getpid().as_raw() == CALLER.load(Ordering::Relaxed) {
        refusal::before_fork(|| checkpoint(words::AT_REFUSAL));
    }
}

impl Question for Driver {
    fn play(&self, challenge: &Challenge) -> Result<(), String> {
        let calls = calls(challenge, Call::from_words)?;
        CALLER.store(getpid().as_raw(), Ordering::Relaxed);
        RUN.get_or_init(|| self.run);
        toolkit::hook::before_fork(before_fork);
        let sites = [the_body_that_panics(None), the_second_panic(None)];
        for (number, site) in (0..).zip(sites) {
            log_text(words::SITE, &[number], &site.to_string());
        }
        for (number, call) in (0..).zip(&calls) {
            play_call(number, || self.play_one(number, *call));
        }
        Ok(())
    }
}

impl Driver {
    fn play_one(&self, number: u64, call: Call) {
        match call {
            Call::Run(task) => {
                TASK.store(task.word(), Ordering::Relaxed);
                tell(number, (self.run)(body));
            }
            Call::Checkpoint(place) => checkpoint(place),
            Call::Faults(mode) => drop(faults::set(u32::try_from(mode).unwrap_or_default())),
            Call::Set(to) => SEEN.store(to, Ordering::Relaxed),
            Call::Look => log(words::LOOKED, &[number, SEEN.load(Ordering::Relaxed)]),
            Call::PanicHere => drop(panic::catch_unwind(|| panic_any(words::OWN_TEXT))),
            Call::NoFork(after) => {
                if refusal::refuse_forks(after) {
                    log(words::REFUSES, &[]);
                }
            }
            Call::Fork => refusal::fork_again(),
            Call::FewFiles(more) => refusal::few_files(more),
            Call::Files => limit(Resource::RLIMIT_NOFILE, None),
            Call::Stranger => stranger::start(words::STRANGER),
            Call::Await => {
                if let Some(is_seen) = stranger::await_end() {
                    log(words::AWAITED, &[is_seen.into()]);
                }
            }
        }
    }
}

fn tell(call: u64, outcome: Outcome) {
    let about = |what: u64, bytes: &[u8]| vec![call, what, 0, bytes.len() as u64, words::digest(bytes)];
    match outcome {
        Outcome::Ok(answer) => log(words::RETURNED, &about(words::OK, &answer)),
        Outcome::Failed(text) => log_text(words::RETURNED, &about(words::FAILED, text.as_bytes()), &text),
        Outcome::Panicked([message, place, calls]) => {
            log_text(words::PLACE, &[call], &place);
            let named = calls.contains(words::PANICKING_FUNCTION).into();
            log(words::CALLS, &[call, named, calls.len() as u64]);
            log_text(words::RETURNED, &about(words::PANICKED, message.as_bytes()), &message);
        }
        Outcome::Other(what, number) => log(words::RETURNED, &[call, what, number, 0, words::digest(&[])]),
    }
}

/// Every body.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "one way for a process to end")]
fn body() -> Result<Vec<u8>, String> {
    // Whoever has hardly any descriptors left still gets one to wait at.
    limit(Resource::RLIMIT_NOFILE, None);
    let Some(task) = Task::from_word(TASK.load(Ordering::Relaxed)) else { return Err("no such body".into()) };
    let addend = if task.held { gate::wait(task.id) } else { 0 };
    match task.then {
        Then::Give(bytes) => return Ok(words::answer(task.id, addend, bytes)),
        Then::Fail(bytes) => return Err(words::text_of(task.id, bytes)),
        Then::Panic(_) | Then::PanicPlain | Then::PanicNumber => drop(the_body_that_panics(Some(task))),
        Then::PanicTwice => {
            let caught = panic::catch_unwind(|| the_body_that_panics(Some(task)));
            drop(caught);
            the_second_panic(Some(task));
        }
        Then::PanicBeside => {
            let _beside = PanicsBeside;
            the_body_that_panics(Some(task));
        }
        Then::PanicInDrop => {
            let _catches = CatchesItsOwn(task);
            the_body_that_panics(Some(task));
        }
        Then::PanicMuted => {
            holds_standard_error();
            the_body_that_panics(Some(task));
        }
        Then::Torn(bytes) | Then::Leaves(bytes) => {
            match task.then {
                Then::Torn(_) => faults::die_after(u64::from(bytes / 2)),
                _ => faults::leave_after(u64::from(bytes / 2)),
            }
            return Ok(words::answer(task.id, addend, bytes));
        }
        Then::Catch => drop(panic::catch_unwind(|| the_body_that_panics(Some(task)))),
        Then::Exit(code) => std::process::exit(code.cast_signed()),
        Then::Abort => std::process::abort(),
        Then::Signal(signal) => drop(kill(getpid(), Signal::try_from(signal.cast_signed()).ok())),
        Then::Change => drop(SEEN.fetch_add(1, Ordering::Relaxed)),
        Then::Nest => return nested(task),
    }
    Ok(Vec::new())
}

/// Has another thread hold the lock of standard error for as long as this process lives.
fn holds_standard_error() {
    let (says, holds) = mpsc::channel();
    thread::spawn(move || {
        let _lock = std::io::stderr().lock();
        let _ = says.send(());
        loop {
            thread::park();
        }
    });
    let _ = holds.recv();
}

/// Once it is dropped, another thread panics, and is waited for.
struct PanicsBeside;

impl Drop for PanicsBeside {
    fn drop(&mut self) {
        let _ = thread::spawn(|| raise_text(Some(words::BESIDE_TEXT))).join();
    }
}

/// Once it is dropped, it panics elsewhere, and catches that.
struct CatchesItsOwn(Task);

impl Drop for CatchesItsOwn {
    fn drop(&mut self) {
        drop(panic::catch_unwind(|| the_second_panic(Some(self.0))));
    }
}

/// A body whose own body panics.
fn nested(task: Task) -> Result<Vec<u8>, String> {
    let Some(run) = RUN.get() else { return Err("nothing to call".into()) };
    TASK.store(Task::plain(task.id, Then::Panic(0)).word(), Ordering::Relaxed);
    match run(body) {
        Outcome::Panicked([message, ..]) => Ok(message.into_bytes()),
        other => Err(format!("the body below came to {other:?}")),
    }
}

/// Panics as it is told; without a task it only says where it would.
#[inline(never)]
fn the_body_that_panics(task: Option<Task>) -> &'static Location<'static> {
    let site = raise(task);
    std::hint::black_box(site) // or the call above would be the last, and this function no more to be seen from it
}

/// The same at another place.
#[inline(never)]
fn the_second_panic(task: Option<Task>) -> &'static Location<'static> {
    let site = raise_text(task.map(|_| words::SECOND_TEXT));
    std::hint::black_box(site)
}

#[track_caller]
fn raise(task: Option<Task>) -> &'static Location<'static> {
    match task.map(|task| (task.id, task.then)) {
        None => {}
        Some((_, Then::PanicPlain)) => panic_any(words::PLAIN_TEXT),
        Some((id, Then::PanicNumber)) => panic_any(id),
        Some((id, Then::Panic(bytes))) => panic_any(words::text_of(id, bytes)),
        Some((id, _)) => panic_any(words::text_of(id, 0)),
    }
    Location::caller()
}

#[track_caller]
fn raise_text(text: Option<&'static str>) -> &'static Location<'static> {
    if let Some(text) = text {
        panic_any(text);
    }
    Location::caller()
}
