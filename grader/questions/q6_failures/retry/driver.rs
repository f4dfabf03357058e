//! Plays `retry` with closures that do what a plan says, and writes down which was called when.

use super::super::words::retry::{self as words, ON_PURPOSE, Plan};
use crate::world;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;
use wire::script::Op;

/// What a try brings: no more than a number, which nobody can copy or compare.
pub struct Value(u64);

/// Why it failed.
pub struct Failure(u64);

/// One call.
pub struct Play {
    plan: Plan,
    base: u64,
    began_ns: u64,
    tries: Cell<u64>,
    events: RefCell<Vec<u64>>,
}

impl Play {
    /// Begins now.
    pub fn new(op: Op) -> Self {
        Self {
            plan: Plan::of(op),
            base: op[2],
            began_ns: world::now_ns(),
            tries: Cell::new(0),
            events: RefCell::default(),
        }
    }

    /// How many tries are asked for.
    pub fn times(&self) -> NonZeroU32 {
        let times = if self.plan.times == 255 { u32::MAX } else { self.plan.times as u32 };
        NonZeroU32::new(times).unwrap_or(NonZeroU32::MIN)
    }

    fn saw(&self, kind: u64, number: u64) {
        world::say(&words::event(kind, number));
        self.events.borrow_mut().extend([kind, number, world::now_ns() - self.began_ns]);
    }

    fn break_by(&self, kind: u64) -> ! {
        panic!("{ON_PURPOSE}: {kind} of {}", self.base)
    }

    /// As the plan says.
    ///
    /// # Errors
    ///
    /// As the plan says.
    pub fn primary(&self) -> Result<Value, Failure> {
        let number = self.tries.get() + 1;
        self.tries.set(number);
        self.saw(words::TRY, number);
        if number > words::ENOUGH {
            self.break_by(words::STOPPED);
        }
        if self.plan.try_s > 0 {
            thread::sleep(Duration::from_secs(self.plan.try_s));
        }
        if number == self.plan.try_breaks {
            self.break_by(words::TRY);
        }
        let brings = words::number(self.base, number);
        if number == self.plan.good_at { Ok(Value(brings)) } else { Err(Failure(brings)) }
    }

    /// As the plan says.
    pub fn backoff(&self, failed: u32) -> Duration {
        let failed = u64::from(failed);
        self.saw(words::BACKOFF, failed);
        if self.plan.ask_s > 0 {
            thread::sleep(Duration::from_secs(self.plan.ask_s));
        }
        if failed > 0 && failed == self.plan.pause_breaks {
            self.break_by(words::BACKOFF);
        }
        Duration::from_secs(self.plan.pause_after(failed))
    }

    /// As the plan says.
    ///
    /// # Errors
    ///
    /// As the plan says.
    pub fn fallback(&self, error: Failure) -> Result<Value, Failure> {
        self.saw(words::FALLBACK, error.0);
        let brings = words::number(self.base, words::ENOUGH);
        match self.plan.fallback {
            words::VALUE => Ok(Value(brings)),
            words::ERROR => Err(Failure(brings)),
            _ => self.break_by(words::FALLBACK),
        }
    }

    /// Everything that happened in this call.
    pub fn told(&self, call: impl FnOnce() -> Result<Value, Failure>) -> Vec<u64> {
        match catch_unwind(AssertUnwindSafe(call)) {
            Ok(Ok(value)) => self.saw(words::VALUE, value.0),
            Ok(Err(error)) => self.saw(words::ERROR, error.0),
            Err(panic) => self.saw(words::PANICKED, self.who(&*panic)),
        }
        self.events.take()
    }

    /// Which of ours panicked.
    fn who(&self, panic: &(dyn Any + Send)) -> u64 {
        let is_of = |kind: &u64| {
            let text = format!("{ON_PURPOSE}: {kind} of {}", self.base);
            panic.downcast_ref::<String>().is_some_and(|message| *message == text)
        };
        [words::TRY, words::BACKOFF, words::FALLBACK].into_iter().find(is_of).unwrap_or(words::STOPPED)
    }
}

impl std::fmt::Debug for Play {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Play")
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Value")
    }
}

impl std::fmt::Debug for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Failure")
    }
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q6_retry {
    ($answer:ident) => {
        use $answer::retry::retry;
        use $crate::q6_failures::driver::retry::Play;
        use $crate::q6_failures::words::retry as words;
        use $crate::script::{Actor, Kind, Tool};

        struct Caller;

        impl Tool for Caller {
            fn actor(&self) -> Box<dyn Actor + '_> {
                Box::new(Caller)
            }
        }

        impl Actor for Caller {
            fn perform(&mut self, op: [u64; 3]) -> Vec<u64> {
                let play = Play::new(op);
                play.told(|| {
                    retry(
                        play.times(),
                        |failed| play.backoff(failed),
                        || play.primary(),
                        |error| play.fallback(error),
                    )
                })
            }
        }

        fn main() {
            $crate::script::serve(Kind {
                tool: |_| Box::new(Caller),
                call: words::call,
                result: words::result,
            })
        }
    };
}
