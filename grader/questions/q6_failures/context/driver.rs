//! Plays programs that use error handlers, and writes down which handler was called by which thread.
//!
//! Knows which handler a program names, not which one is right.

use super::super::words::context::{self as words, ON_PURPOSE, Step};
use crate::session::{Question, Scene, log};
use crate::world;
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use wire::Challenge;

/// A handler, which decides by a number.
pub type Handler = Box<dyn Fn(&str) -> u64 + Send + Sync>;

/// An answer to this part, behind an adapter.
pub trait Answer: Sync {
    /// As in the question.
    fn with_handler(&self, handler: Handler, body: &mut dyn FnMut() -> u64) -> u64;
    /// As in the question.
    fn report(&self, error: &str) -> u64;
}

/// The driver of this part.
pub struct Driver(pub &'static dyn Answer);

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Driver")
    }
}

impl Question for Driver {
    fn scene(&'static self, challenge: &Challenge) -> Option<Scene> {
        if challenge.scene != words::SCENE {
            return None;
        }
        let programs: Vec<Vec<Step>> = challenge.words.iter().map(|words| words::program(words)).collect();
        let answer = self.0;
        Some(Arc::new(move || {
            thread::scope(|scope| {
                for (number, program) in (1..).zip(&programs) {
                    scope.spawn(move || as_thread(answer, number, program));
                }
            });
        }))
    }
}

std::thread_local! {
    /// Which thread of the programs this one is; 0 for a thread of the answer's own.
    static ME: Cell<u64> = const { Cell::new(0) };
    /// How many handlers run in this thread.
    static RUNNING: Cell<u64> = const { Cell::new(0) };
    /// Whether the thread plays its program: what is dropped after that, among its thread-local values, calls nobody.
    static PLAYS: Cell<bool> = const { Cell::new(false) };
}

fn saw(kind: u64, number: u64, other: u64) {
    world::say(&words::event(kind, number, other));
    log(ME.get(), kind, &[number, other, world::now_ns()]);
}

fn as_thread(answer: &'static dyn Answer, number: u64, program: &[Step]) {
    ME.set(number);
    RUNNING.set(0);
    PLAYS.set(true);
    caught(|| play(answer, program));
    PLAYS.set(false);
}

fn caught(body: impl FnOnce()) {
    let running = RUNNING.get();
    if let Err(panic) = catch_unwind(AssertUnwindSafe(body)) {
        RUNNING.set(running);
        saw(words::CAUGHT, which(&*panic), 0);
    }
}

fn break_with(number: u64) -> ! {
    panic!("{ON_PURPOSE}: {number}")
}

/// The number of a panic.
fn which(panic: &(dyn Any + Send)) -> u64 {
    let message = panic.downcast_ref::<String>().and_then(|text| text.strip_prefix(ON_PURPOSE));
    message.and_then(|rest| rest.strip_prefix(": ")?.parse().ok()).unwrap_or(words::OTHER)
}

fn play(answer: &'static dyn Answer, program: &[Step]) {
    for step in program {
        match step {
            Step::With(number, kind, body) => with(answer, *number, *kind, &mut || play(answer, body)),
            Step::Report(error) => {
                report(answer, *error);
            }
            Step::Break(number) => break_with(*number),
            Step::Catch(body) => caught(|| play(answer, body)),
            Step::Spawn(number, body) => thread::scope(|scope| {
                scope.spawn(|| as_thread(answer, *number, body));
            }),
            Step::Sleep(seconds) => thread::sleep(Duration::from_secs(*seconds)),
        }
    }
}

fn report(answer: &'static dyn Answer, error: u64) -> u64 {
    let action = answer.report(&format!("error {error}"));
    saw(words::REPORTED, error, action);
    action
}

fn with(answer: &'static dyn Answer, number: u64, kind: u64, body: &mut dyn FnMut()) {
    let token = Token { answer, number, reports: kind == words::PARTS };
    let handler = move |error: &str| {
        let number = token.number();
        let error = error.strip_prefix("error ").and_then(|number| number.parse().ok());
        saw(words::HANDLED, number, error.unwrap_or(words::OTHER));
        RUNNING.set(RUNNING.get() + 1);
        if RUNNING.get() > words::ENOUGH {
            break_with(words::OTHER);
        }
        let action = handle(answer, number, kind);
        RUNNING.set(RUNNING.get() - 1);
        action
    };
    let ended = answer.with_handler(Box::new(handler), &mut || {
        saw(words::BEGAN, number, 0);
        body();
        words::value(number)
    });
    saw(words::ENDED, number, ended);
}

fn handle(answer: &'static dyn Answer, number: u64, kind: u64) -> u64 {
    match kind {
        words::ASKS => return report(answer, number),
        words::BREAKS => break_with(number),
        words::SLOW => thread::sleep(Duration::from_secs(words::SLOW_S)),
        words::NESTS | words::PASSES => {
            let kind = if kind == words::NESTS { words::SKIP } else { words::ASKS };
            let inside = &mut || {
                report(answer, number);
            };
            with(answer, number + words::INSIDE, kind, inside);
            return words::RETRY;
        }
        words::PARTS => {}
        decided => return decided,
    }
    words::SKIP
}

/// Tells when its handler is dropped, and may report an error then.
struct Token {
    answer: &'static dyn Answer,
    number: u64,
    reports: bool,
}

impl Token {
    /// A method takes the whole token into a closure; its field would be copied out of it.
    fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        saw(words::DROPPED, self.number, 0);
        if self.reports && PLAYS.get() {
            report(self.answer, self.number);
        }
    }
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q6_context {
    ($answer:ident) => {
        use $answer::api::Action;
        use $answer::context::{report, with_handler};
        use $crate::q6_failures::driver::context as driver;
        use $crate::q6_failures::words::context as words;

        struct Answer;

        impl driver::Answer for Answer {
            fn with_handler(&self, handler: driver::Handler, body: &mut dyn FnMut() -> u64) -> u64 {
                let handler = move |error: &str| match handler(error) {
                    words::RETRY => Action::Retry,
                    words::SKIP => Action::Skip,
                    _ => Action::Stop,
                };
                with_handler(handler, || body())
            }
            fn report(&self, error: &str) -> u64 {
                match report(error) {
                    Action::Retry => words::RETRY,
                    Action::Skip => words::SKIP,
                    Action::Stop => words::STOP,
                }
            }
        }

        fn main() {
            $crate::serve(&driver::Driver(&Answer))
        }
    };
}
