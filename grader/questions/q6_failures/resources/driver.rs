//! Plays `with_resource` with closures that do what a plan says, and writes down which was called when.

use super::super::words::resources::{self as words, ON_PURPOSE, Plan};
use crate::world;
use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;
use wire::script::Op;

/// What `use_` brings.
pub struct Value(u64);

/// Why it failed.
pub struct Failure(u64);

/// Something to acquire: it tells when it is dropped without a release.
pub struct Resource<'p> {
    play: &'p Play,
    number: u64,
    is_released: bool,
}

impl Drop for Resource<'_> {
    fn drop(&mut self) {
        if !self.is_released {
            self.play.saw(words::DROPPED, self.number);
        }
    }
}

/// One call, with those inside it.
pub struct Play {
    plan: Plan,
    base: u64,
    began_ns: u64,
    events: RefCell<Vec<u64>>,
}

impl Play {
    /// Begins now.
    pub fn new(op: Op) -> Self {
        Self { plan: Plan::of(op), base: op[2], began_ns: world::now_ns(), events: RefCell::default() }
    }

    fn saw(&self, kind: u64, number: u64) {
        world::say(&words::event(kind, number));
        self.events.borrow_mut().extend([kind, number, world::now_ns() - self.began_ns]);
    }

    fn number(&self, depth: u64) -> u64 {
        words::number(self.base, depth)
    }

    fn break_by(&self, kind: u64) -> ! {
        panic!("{ON_PURPOSE}: {kind} of {}", self.base)
    }

    fn ends(&self, how: u64, kind: u64) -> Result<(), Failure> {
        match how {
            words::FAILS => Err(Failure(words::number(self.base, 9))),
            words::PANICS => self.break_by(kind),
            _ => Ok(()),
        }
    }

    /// As the plan says.
    ///
    /// # Errors
    ///
    /// As the plan says.
    pub fn acquire(&self, depth: u64) -> Result<Resource<'_>, Failure> {
        self.saw(words::ACQUIRE, self.number(depth));
        self.ends(self.plan.acquire, words::ACQUIRE)?;
        Ok(Resource { play: self, number: self.number(depth), is_released: false })
    }

    /// Whether a call at this depth has another inside.
    pub fn has_inner(&self, depth: u64) -> bool {
        depth < self.plan.nested
    }

    /// Begins to use a resource.
    pub fn begin_use(&self, resource: &Resource<'_>) {
        self.saw(words::USE, resource.number);
        if self.plan.use_s > 0 {
            thread::sleep(Duration::from_secs(self.plan.use_s));
        }
    }

    /// As the plan says.
    ///
    /// # Errors
    ///
    /// As the plan says.
    pub fn end_use(&self, depth: u64) -> Result<Value, Failure> {
        self.ends(self.plan.use_, words::USE)?;
        Ok(Value(self.number(depth)))
    }

    /// As the plan says.
    pub fn release(&self, mut resource: Resource<'_>, depth: u64) {
        self.saw(words::RELEASE, resource.number);
        resource.is_released = true;
        if self.plan.release == words::PANICS && !self.has_inner(depth) {
            self.break_by(words::RELEASE);
        }
    }

    /// Everything that happened in this call.
    pub fn told(&self, call: impl FnOnce() -> Result<Value, Failure>) -> Vec<u64> {
        if self.plan.unwinding > 0 {
            let in_its_drop = InDrop(Some(|| self.tell(call)));
            drop(catch_unwind(AssertUnwindSafe(|| {
                let _on_the_way_out = in_its_drop;
                panic!("{ON_PURPOSE}, around the call");
            })));
        } else {
            self.tell(call);
        }
        self.events.take()
    }

    fn tell(&self, call: impl FnOnce() -> Result<Value, Failure>) {
        match catch_unwind(AssertUnwindSafe(call)) {
            Ok(Ok(value)) => self.saw(words::VALUE, value.0),
            Ok(Err(error)) => self.saw(words::ERROR, error.0),
            Err(panic) => self.saw(words::PANICKED, self.who(&*panic)),
        }
    }

    /// Which of ours panicked.
    fn who(&self, panic: &(dyn Any + Send)) -> u64 {
        let is_of = |kind: &u64| {
            let text = format!("{ON_PURPOSE}: {kind} of {}", self.base);
            panic.downcast_ref::<String>().is_some_and(|message| *message == text)
        };
        [words::ACQUIRE, words::USE, words::RELEASE].into_iter().find(is_of).unwrap_or(words::OTHER)
    }
}

/// Does something when it is dropped.
struct InDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for InDrop<F> {
    fn drop(&mut self) {
        if let Some(act) = self.0.take() {
            act();
        }
    }
}

/// Says no more than the name.
macro_rules! nameless {
    ($($kind:ident $(<$life:lifetime>)?),*) => {
        $(impl std::fmt::Debug for $kind $(<$life>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($kind))
            }
        })*
    };
}

nameless!(Value, Failure, Resource<'_>, Play);

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q6_resources {
    ($answer:ident) => {
        use $answer::resources::with_resource;
        use $crate::q6_failures::driver::resources::{Failure, Play, Value};
        use $crate::q6_failures::words::resources as words;
        use $crate::script::{Actor, Kind, Tool};

        struct Caller;

        impl Tool for Caller {
            fn actor(&self) -> Box<dyn Actor + '_> {
                Box::new(Caller)
            }
        }

        fn at_depth(play: &Play, depth: u64) -> Result<Value, Failure> {
            with_resource(
                || play.acquire(depth),
                |resource| {
                    play.begin_use(resource);
                    if play.has_inner(depth) {
                        return at_depth(play, depth + 1);
                    }
                    play.end_use(depth)
                },
                |resource| play.release(resource, depth),
            )
        }

        impl Actor for Caller {
            fn perform(&mut self, op: [u64; 3]) -> Vec<u64> {
                let play = Play::new(op);
                play.told(|| at_depth(&play, 0))
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
