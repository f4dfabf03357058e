//! Question 4: plays scripts on a list, and `add_and_remove` with pauses of the judge's choice.
//!
//! Writes down what was called, what came back and who took part. Judges nothing.

use super::words::{self, ON_PURPOSE, Op, Pause};
use crate::session::{Question, Scene, log};
use crate::world;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use wire::{Challenge, Tally};

/// The list of an answer, behind an adapter.
pub trait List: Send + Sync {
    /// As in the question.
    fn add(&self, number: u64);
    /// As in the question.
    fn remove(&self) -> Option<u64>;
    /// As in the question.
    fn len(&self) -> usize;
    /// As in the question.
    fn is_empty(&self) -> bool;
    /// The history as pairs of kind (0 added, 1 removed, 2 empty) and number.
    fn history(&self) -> Vec<[u64; 2]>;
    /// As in the question.
    fn inspect(&self, look: &mut dyn FnMut(&[u64]));
    /// As in the question.
    fn into_numbers(self: Box<Self>) -> Vec<u64>;
}

/// An answer to the question, behind an adapter.
pub trait Answer: Sync {
    /// A new list.
    fn list(&self) -> Box<dyn List>;
    /// As in the question.
    fn add_and_remove(&self, numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> Box<dyn List>;
}

/// Writes the adapter and the `main` of a respondent.
#[macro_export]
macro_rules! q4_locked_list {
    ($answer:ident) => {
        use $crate::q4_locked_list::driver;

        struct List($answer::NumberList);

        impl driver::List for List {
            fn add(&self, number: u64) {
                self.0.add(number)
            }
            fn remove(&self) -> Option<u64> {
                self.0.remove()
            }
            fn len(&self) -> usize {
                self.0.len()
            }
            fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
            fn history(&self) -> Vec<[u64; 2]> {
                let events: Vec<$answer::Event> = self.0.history();
                let pair = |event: &$answer::Event| -> [u64; 2] {
                    match *event {
                        $answer::Event::Added(number) => [0, number],
                        $answer::Event::Removed(number) => [1, number],
                        $answer::Event::Empty => [2, 0],
                    }
                };
                events.iter().map(pair).collect()
            }
            fn inspect(&self, look: &mut dyn FnMut(&[u64])) {
                self.0.inspect(look)
            }
            fn into_numbers(self: Box<Self>) -> Vec<u64> {
                self.0.into_numbers()
            }
        }

        struct Answer;

        impl driver::Answer for Answer {
            fn list(&self) -> Box<dyn driver::List> {
                Box::new(List($answer::NumberList::new()))
            }
            fn add_and_remove(
                &self,
                numbers: &[u64],
                removals: usize,
                pause: &(dyn Fn() + Sync),
            ) -> Box<dyn driver::List> {
                Box::new(List($answer::add_and_remove(numbers, removals, pause)))
            }
        }

        fn main() {
            $crate::serve(&driver::Driver(&Answer))
        }
    };
}

/// The driver of this question.
pub struct Driver(pub &'static dyn Answer);

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Driver")
    }
}

impl Question for Driver {
    fn scene(&'static self, challenge: &Challenge) -> Option<Scene> {
        let answer = self.0;
        let words = &challenge.words;
        match challenge.scene.as_str() {
            scene @ ("script" | "script, then drop") => {
                let scripts: Vec<Vec<Op>> = words.iter().map(|words| Op::from_words(words)).collect();
                let end = if scene == "script" { tell_end } else { tell_and_drop };
                Some(Arc::new(move || end(play_scripts(answer, &scripts))))
            }
            "work" => {
                let [numbers, rest] = words.as_slice() else { return None };
                let &[removals, kind, visit] = rest.as_slice() else { return None };
                let (numbers, removals) = (numbers.clone(), usize::try_from(removals).ok()?);
                let pause = Pause::from_pair([kind, visit])?;
                Some(Arc::new(move || work(answer, &numbers, removals, pause)))
            }
            _ => None,
        }
    }
}

/// Plays the first script alone, then the others at the same time, a thread each.
fn play_scripts(answer: &dyn Answer, scripts: &[Vec<Op>]) -> Box<dyn List> {
    let list = answer.list();
    let Some((first, others)) = scripts.split_first() else { return list };
    play(&*list, 0, first);
    if !others.is_empty() {
        thread::scope(|scope| {
            for (number, script) in (1..).zip(others) {
                let list = &*list;
                scope.spawn(move || play(list, number, script));
            }
        });
    }
    list
}

fn play(list: &dyn List, thread: u64, script: &[Op]) {
    for &op in script {
        log(thread, words::BEGIN, &op.pair());
        world::say(&format!("calls {}", op.call()));
        let Ok(result) = catch_unwind(AssertUnwindSafe(|| perform(list, thread, op))) else {
            log(thread, words::BROKE, &op.pair());
            if op == Op::InspectAndPanic {
                continue;
            }
            return;
        };
        log(thread, words::END, &[&op.pair(), result.as_slice()].concat());
        world::say(&op.call_with_result(&result));
    }
}

fn perform(list: &dyn List, thread: u64, op: Op) -> Vec<u64> {
    match op {
        Op::Add(number) => {
            list.add(number);
            Vec::new()
        }
        Op::Remove => list.remove().into_iter().collect(),
        Op::Len => vec![list.len() as u64],
        Op::IsEmpty => vec![list.is_empty().into()],
        Op::History => list.history().concat(),
        Op::Inspect => {
            let mut seen = Vec::new();
            list.inspect(&mut |numbers| {
                log(thread, words::LOOK, &[]);
                // Others get their chance to change what nobody may change now.
                (0..3).for_each(|_| thread::yield_now());
                seen = numbers.to_vec();
                log(thread, words::LOOKED, &[]);
            });
            seen
        }
        Op::InspectAndPanic => {
            list.inspect(&mut |_| panic!("{ON_PURPOSE}"));
            Vec::new()
        }
    }
}

/// Writes down what the list holds at its end.
fn tell_end(list: Box<dyn List>) {
    log(0, words::HISTORY, &list.history().concat());
    log(0, words::LEFT, &list.into_numbers());
    log(0, words::THREADS_LEFT, &world::other_threads());
}

/// The same without taking the list apart: it is dropped as it is.
fn tell_and_drop(list: Box<dyn List>) {
    log(0, words::HISTORY, &list.history().concat());
    drop(list);
    log(0, words::THREADS_LEFT, &world::other_threads());
}

/// Plays `add_and_remove`.
fn work(answer: &dyn Answer, numbers: &[u64], removals: usize, pause: Pause) {
    let caller = world::this_thread();
    let began_ns = world::now_ns();
    let gate = world::Gate::new();
    let visits = Tally::default();
    let result = catch_unwind(AssertUnwindSafe(|| {
        answer.add_and_remove(numbers, removals, &|| {
            let me = world::this_thread();
            log(me, words::PAUSE, &[]);
            world::say("pause begins");
            at_pause(me, &visits, pause, &gate);
            world::say("pause ends");
        })
    }));
    log(caller, if result.is_ok() { words::RETURNED } else { words::PANICKED }, &[]);
    log(caller, words::ELAPSED, &[world::now_ns() - began_ns]);
    log(caller, words::SLEEPS, &[world::sleeps()]);
    let threads: Vec<u64> = visits.threads().into_iter().filter(|&thread| thread != caller).collect();
    log(caller, words::STILL_THERE, &world::still_there(&threads));
    if let Ok(list) = result {
        tell_end(list);
    }
}

fn at_pause(me: u64, visits: &Tally, pause: Pause, gate: &world::Gate) {
    let visit = visits.count(me);
    match pause {
        Pause::Nothing => {}
        Pause::Meet if visit <= 2 => {
            if let Err(stalled) = gate.meet(visit) {
                world::say(world::IN_VAIN);
                log(me, words::STALLED, &[stalled.why]);
            }
        }
        Pause::Meet => {}
        Pause::HoldFirst => match gate.hold_first(visit) {
            Ok(false) => {}
            Ok(true) => log(me, words::HELD, &[]),
            Err(stalled) => {
                world::say(world::IN_VAIN);
                log(me, words::STALLED, &[stalled.why]);
            }
        },
        Pause::Rest => {
            let first = visits.threads().first() == Some(&me);
            world::rest(Duration::from_hours(if first { 3 } else { 1 })); // so that the other runs ahead
        }
        Pause::PanicAt(at) if visit == at => panic!("{ON_PURPOSE}"),
        Pause::PanicAt(_) => {}
    }
}
