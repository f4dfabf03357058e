//! Question 3: plays a list of calls on children, and writes down what came back.
//!
//! What the children do is ours: they check in with the judge, end in one way or another, or change
//! memory, as their input says. Judges nothing.

use super::words::{self, Body, Call, Out, Then};
use crate::refusal::{self, limit};
use crate::session::{Question, calls, checkpoint, drop_in_a_panic, log, log_text, play_call};
use crate::{faults, gate, records};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::resource::Resource;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, pthread_sigmask};
use nix::sys::signalfd::SignalFd;
use nix::unistd::{getpid, pipe2, read};
use std::cell::Cell;
use std::fs::File;
use std::io::{Read, Seek, Write, stdout};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::panic_any;
use std::sync::atomic::{AtomicU64, Ordering};
use wire::Challenge;

/// What a call came to: what, and its number.
pub type Outcome = [u64; 2];

/// A child of an answer, behind an adapter.
pub trait Child {
    /// As in the question.
    fn id(&self) -> i32;
    /// As in the question.
    fn is_alive(&mut self) -> bool;
    /// As in the question.
    fn terminate(&mut self) -> Outcome;
    /// As in the question.
    fn join(self: Box<Self>) -> Outcome;
}

/// An answer to the question, behind an adapter.
pub trait Answer {
    /// As in the question.
    fn start(&self, body: &mut dyn FnMut() -> i32) -> Result<Box<dyn Child>, Outcome>;
    /// As in the question.
    fn square_and_cube(&self, number: i64, out: BorrowedFd<'_>) -> Outcome;
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q3_two_processes {
    ($answer:ident) => {
        use $crate::q3_two_processes::{driver, words};

        struct Child($answer::Child);

        fn fault(error: $answer::ProcessError) -> driver::Outcome {
            match error {
                $answer::ProcessError::Overflow => [words::OVERFLOW, 0],
                $answer::ProcessError::Fork(_) => [words::FORK, 0],
                $answer::ProcessError::Os(error) => [words::OS, error as i32 as u64],
                $answer::ProcessError::ChildFailed($answer::Exit::Code(code)) => {
                    [words::FAILED_CODE, code as u32 as u64]
                }
                $answer::ProcessError::ChildFailed($answer::Exit::Signal(signal)) => {
                    [words::FAILED_SIGNAL, signal as u32 as u64]
                }
            }
        }

        fn done(result: Result<(), $answer::ProcessError>) -> driver::Outcome {
            match result {
                Ok(()) => [words::OK, 0],
                Err(error) => fault(error),
            }
        }

        impl driver::Child for Child {
            fn id(&self) -> i32 {
                self.0.id().as_raw()
            }
            fn is_alive(&mut self) -> bool {
                self.0.is_alive()
            }
            fn terminate(&mut self) -> driver::Outcome {
                done(self.0.terminate())
            }
            fn join(self: Box<Self>) -> driver::Outcome {
                match self.0.join() {
                    Ok($answer::Exit::Code(code)) => [words::CODE, code as u32 as u64],
                    Ok($answer::Exit::Signal(signal)) => [words::SIGNAL, signal as u32 as u64],
                    Err(error) => fault(error),
                }
            }
        }

        struct Answer;

        impl driver::Answer for Answer {
            fn start(
                &self,
                body: &mut dyn FnMut() -> i32,
            ) -> Result<Box<dyn driver::Child>, driver::Outcome> {
                match $answer::start(|| body()) {
                    Ok(child) => Ok(Box::new(Child(child))),
                    Err(error) => Err(fault(error)),
                }
            }
            fn square_and_cube(&self, number: i64, out: std::os::fd::BorrowedFd<'_>) -> driver::Outcome {
                done($answer::square_and_cube(number, out))
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

/// What children change, as far as they can.
static SEEN: AtomicU64 = AtomicU64::new(0);

fn before_fork() {
    refusal::before_fork(|| checkpoint(words::AT_REFUSAL));
}

impl Question for Driver<'_> {
    fn play(&self, challenge: &Challenge) -> Result<(), String> {
        let calls = calls(challenge, Call::from_words)?;
        toolkit::hook::before_fork(before_fork);
        let mut scene = Scene { answer: self.0, children: Vec::new(), local: Cell::new(0), stdout: None };
        for (number, call) in (0..).zip(&calls) {
            let (lost, soft) = (faults::lost_signals(), faults::soft_signals());
            play_call(number, || _ = scene.play(number, call));
            let lost = faults::lost_signals() - lost;
            if lost > 0 {
                log(words::LOST_SIGNALS, &[number, lost]);
            }
            let soft = faults::soft_signals() - soft;
            if soft > 0 && matches!(call, Call::Drop(_)) {
                log(words::SOFT_SIGNALS, &[number, soft]);
            }
        }
        Ok(())
    }
}

struct Scene<'a> {
    answer: &'a dyn Answer,
    children: Vec<Option<Box<dyn Child>>>,
    local: Cell<u64>,
    /// Where standard output went before.
    stdout: Option<OwnedFd>,
}

impl Scene<'_> {
    fn child(&mut self, number: u64) -> Option<&mut Box<dyn Child>> {
        self.children.get_mut(usize::try_from(number).ok()?)?.as_mut()
    }

    fn take(&mut self, number: u64) -> Option<Box<dyn Child>> {
        self.children.get_mut(usize::try_from(number).ok()?)?.take()
    }

    /// A call on what is not there (since it could not be made) is left out.
    fn play(&mut self, number: u64, call: &Call) -> Option<()> {
        match *call {
            Call::Start(body) => {
                let local = &self.local;
                let made = self.answer.start(&mut || run(body, local));
                tell(number, made.as_ref().err().copied().unwrap_or([words::OK, 0]));
                self.children.push(made.ok());
            }
            Call::Steal(child) => {
                let id = self.child(child)?.id();
                let _ = faults::without(|| nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(id), None));
            }
            Call::Id(child) => {
                let id = self.child(child)?.id();
                log(words::ID, &[number, id.unsigned_abs().into()]);
            }
            Call::IsAlive(child, times) => {
                let child = self.child(child)?;
                let alive = (0..times).filter(|_| child.is_alive()).count() as u64;
                log(words::ALIVE, &[number, alive, times - alive]);
            }
            Call::Terminate(child) => {
                let outcome = self.child(child)?.terminate();
                tell(number, outcome);
            }
            Call::Join(child) => tell(number, self.take(child)?.join()),
            Call::Drop(child) => {
                drop(self.take(child)?);
                tell(number, [words::OK, 0]);
            }
            Call::Unwind(child) => {
                drop_in_a_panic(self.take(child)?);
                tell(number, [words::OK, 0]);
            }
            Call::Square(of, out) => {
                let forks = refusal::forks();
                let outcome = self.square(number, of, out)?;
                tell(number, outcome);
                log(words::FORKS, &[number, refusal::forks() - forks]);
            }
            Call::Checkpoint(place) => checkpoint(place),
            Call::Faults(mode) => drop(faults::set(u32::try_from(mode).unwrap_or_default())),
            Call::Set(to) => {
                SEEN.store(to, Ordering::Relaxed);
                self.local.set(to);
            }
            Call::Look => log(words::LOOKED, &[number, SEEN.load(Ordering::Relaxed), self.local.get()]),
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

    fn square(&self, call: u64, number: i64, out: Out) -> Option<Outcome> {
        let answer = |out: BorrowedFd<'_>| self.answer.square_and_cube(number, out);
        match out {
            Out::Records => {
                let out = faults::duplicate(records()).ok()?;
                Some(answer(out.as_fd()))
            }
            Out::ReadOnly => Some(answer(pipe2(OFlag::O_CLOEXEC).ok()?.0.as_fd())),
            Out::ShortPipe => {
                let (reader, writer) = pipe2(OFlag::O_CLOEXEC).ok()?;
                faults::set(faults::SHORT);
                let outcome = answer(writer.as_fd());
                faults::set(0);
                drop(writer);
                // Who has kept a copy of the other end shall not keep us here.
                fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).ok()?;
                wrote(call, File::from(reader));
                Some(outcome)
            }
            Out::File(bytes) => {
                let file = File::from(memfd_create("out", MFdFlags::MFD_CLOEXEC).ok()?);
                let mut too_large = SigSet::empty();
                too_large.add(Signal::SIGXFSZ);
                pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&too_large), None).ok()?;
                limit(Resource::RLIMIT_FSIZE, Some(bytes));
                let outcome = answer(file.as_fd());
                limit(Resource::RLIMIT_FSIZE, None);
                let mut file = file;
                file.rewind().ok()?;
                wrote(call, file);
                Some(outcome)
            }
        }
    }
}

fn wrote(call: u64, mut from: File) {
    let mut text = Vec::new();
    let _ = from.read_to_end(&mut text);
    log_text(words::WROTE, &[call], &String::from_utf8_lossy(&text));
}

fn tell(call: u64, [what, with]: Outcome) {
    log(words::RETURNED, &[call, what, with]);
}

/// What every child of ours runs.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "one way for a child to end")]
fn run(body: Body, local: &Cell<u64>) -> i32 {
    if body.deaf {
        let mut deaf = SigSet::empty();
        deaf.add(Signal::SIGTERM);
        let _ = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&deaf), None);
    }
    if body.held {
        gate::wait(body.task);
    }
    match body.then {
        Then::Return(code) => code,
        Then::Panic => panic!("child {} panics on purpose", body.task),
        Then::PanicWithNumber => panic_any(body.task),
        Then::Exit(code) => std::process::exit(code),
        Then::Abort => std::process::abort(),
        Then::Signal(signal) => {
            let _ = kill(getpid(), Signal::try_from(signal).ok());
            126 // it did not kill
        }
        Then::Add(number) => {
            let sum = SEEN.load(Ordering::Relaxed).wrapping_add_signed(number.into());
            SEEN.store(sum, Ordering::Relaxed);
            local.set(local.get().wrapping_add_signed(number.into()));
            i32::try_from(sum).unwrap_or(-1)
        }
        Then::Outlive(code) => {
            let mut term = SigSet::empty();
            term.add(Signal::SIGTERM);
            let Ok(signals) = SignalFd::new(&term) else { return 125 };
            for _ in 0..2 {
                while faults::without(|| signals.read_signal()).is_err() {}
            }
            code
        }
        Then::Forever => {
            let Ok((reader, _writer)) = pipe2(OFlag::O_CLOEXEC) else { return 125 };
            while faults::without(|| read(&reader, &mut [0])) == Err(nix::Error::EINTR) {}
            124
        }
    }
}
