//! Threads that open contexts, one inside the other, and ask for them.
//!
//! Writes down what was said, what came back and what panicked. Judges nothing.

use super::super::words::local::{self as words, Step};
use crate::session::{Question, Scene, log, log_text};
use crate::world;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::rc::Rc;
use std::sync::{Arc, Barrier};
use std::thread;
use wire::Challenge;

/// What a body returns: something that no other thread could make.
pub type Value = Rc<u64>;

/// An answer, behind an adapter.
pub trait Answer: Sync {
    /// As in the question.
    fn with_context(&self, name: &str, body: Box<dyn FnOnce() -> Value + '_>) -> Value;
    /// As in the question.
    fn context(&self) -> Option<String>;
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q5_local {
    ($answer:ident) => {
        use $answer::threads::local;
        use $crate::q5_sharing_data::driver::local as driver;

        struct Answer;

        impl driver::Answer for Answer {
            fn with_context(
                &self,
                name: &str,
                body: Box<dyn FnOnce() -> driver::Value + '_>,
            ) -> driver::Value {
                local::with_context(name, body)
            }
            fn context(&self) -> Option<String> {
                local::context()
            }
        }

        fn main() {
            $crate::serve(&driver::Driver(&Answer))
        }
    };
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
        let answer = self.0;
        let threads: Vec<Vec<Step>> = challenge.words.iter().map(|words| words::from_words(words)).collect();
        (challenge.scene == words::SCENE).then(|| -> Scene {
            Arc::new(move || Stage { answer, threads: &threads, gate: Barrier::new(2) }.enter(0))
        })
    }
}

struct Stage<'a> {
    answer: &'a dyn Answer,
    threads: &'a [Vec<Step>],
    gate: Barrier,
}

/// A panic of the judge's making.
struct OnPurpose(u64);

/// Asks for the context when it is dropped, after it has opened one of its own if it is to do so.
struct AskAtEnd<'a>(&'a Stage<'a>, u64, Option<u64>);

impl Drop for AskAtEnd<'_> {
    fn drop(&mut self) {
        if let Some(name) = self.2 {
            self.0.context(self.1, name, name + 1, &[Step::Ask]);
        }
        self.0.ask(self.1);
    }
}

impl Stage<'_> {
    /// Takes the steps of thread `me`.
    fn enter(&self, me: u64) {
        let Some(steps) = usize::try_from(me).ok().and_then(|me| self.threads.get(me)) else { return };
        if catch_unwind(AssertUnwindSafe(|| self.take(me, steps))).is_err() {
            log(me, words::BROKE, &[]);
        }
    }

    fn take(&self, me: u64, steps: &[Step]) {
        let mut at_end = Vec::new();
        for step in steps {
            match step {
                Step::Ask => self.ask(me),
                Step::AskAtEnd => at_end.push(AskAtEnd(self, me, None)),
                Step::WithinAtEnd(name) => at_end.push(AskAtEnd(self, me, Some(*name))),
                Step::Panic(number) => panic_any(OnPurpose(*number)),
                Step::PanicText(number) => panic_any(number.to_string()),
                Step::Meet => drop(self.gate.wait()),
                Step::Start(thread, body) => thread::scope(|scope| {
                    // Where there are two, they have the same name, which is nothing to go by.
                    let builder = match self.threads.len() {
                        0..3 => thread::Builder::new(),
                        _ => thread::Builder::new().name("worker".to_owned()),
                    };
                    let started = builder.spawn_scoped(scope, || self.enter(*thread));
                    started.expect("a thread can be started");
                    self.take(me, body);
                }),
                Step::Context { name, value, caught: false, body } => self.context(me, *name, *value, body),
                Step::Context { name, value, caught: true, body } => {
                    let call = AssertUnwindSafe(|| self.context(me, *name, *value, body));
                    let Err(panic) = catch_unwind(call) else { continue };
                    let text = panic.downcast_ref::<String>().and_then(|text| text.parse().ok());
                    let number = panic.downcast_ref::<OnPurpose>().map(|it| it.0).or(text);
                    let args: Vec<u64> = [*name].into_iter().chain(number).collect();
                    log(me, words::CAME_OUT, &args);
                    world::say(&format!("a panic came out of with_context({:?})", words::name(*name)));
                }
            }
        }
    }

    fn context(&self, me: u64, name: u64, value: u64, body: &[Step]) {
        let text = words::name(name);
        world::say(&format!("calls with_context({text:?})"));
        let mut ran = 0;
        let body = Box::new(|| {
            ran += 1;
            self.take(me, body);
            Rc::new(value)
        });
        let returned = self.answer.with_context(&text, body);
        log(me, words::RETURNED, &[name, *returned, ran]);
        world::say(&format!("with_context({text:?}) has returned"));
    }

    fn ask(&self, me: u64) {
        match catch_unwind(AssertUnwindSafe(|| self.answer.context())) {
            Ok(said) => {
                world::say(&format!("context() -> {said:?}"));
                match said {
                    Some(name) => log_text(me, words::SAID, &name),
                    None => log(me, words::SAID_NONE, &[]),
                }
            }
            Err(_) => log(me, words::ASK_BROKE, &[]),
        }
    }
}
