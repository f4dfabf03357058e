//! Contexts of threads: what each check wants to see, and how it reads a run.

use super::words::local::{self as words, Step, name};
use crate::experiment::{Experiment, Rules, World, Wrong};
use crate::fault::Fault;
use crate::script::SCHEDULES;
use wire::{Entry, Run};
use words::Step::{Ask, AskAtEnd, Meet, Panic, PanicText, WithinAtEnd};

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[INSIDE, NESTED, PANIC, PAYLOAD, THREADS, APART];

/// `with_context`.
fn within(name: u64, body: &[Step]) -> Step {
    Step::Context { name, value: name + 1, caught: false, body: body.to_vec() }
}

/// The same, and a panic that comes out of it is caught.
fn caught(name: u64, body: &[Step]) -> Step {
    Step::Context { name, value: name + 1, caught: true, body: body.to_vec() }
}

/// Another thread takes its steps while these are taken.
fn meanwhile(thread: u64, body: &[Step]) -> Step {
    Step::Start(thread, body.to_vec())
}

/// Several threads, of which the caller is the first.
fn contexts(world: World, threads: &[&[Step]]) -> Experiment {
    let runs = match world {
        // With one thread there is one schedule.
        _ if threads.len() < 2 => 1,
        World::Model => SCHEDULES,
        World::Real => 20,
    };
    let words = threads.iter().map(|steps| words::to_words(steps)).collect();
    Experiment { scene: words::SCENE, words, timed: false, runs, one_by_one: false }
}

// --- what a thread must see --------------------------------------------------------------------------

/// Something on record.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    /// What `context()` said.
    Said(Option<String>),
    /// A context was left by a return.
    Returned { name: u64, value: u64, ran: u64 },
    /// A context was left by a panic.
    CameOut { name: u64, number: Option<u64> },
}

/// What must come next, and where.
struct Due {
    seen: Seen,
    place: String,
}

/// Follows the steps of one thread as an honest answer would.
#[derive(Default)]
struct Follower {
    open: Vec<u64>,
    /// What was done last in the steps that are being taken.
    last: String,
    due: Vec<Due>,
}

impl Follower {
    fn said(&mut self, when: &str) {
        let seen = Seen::Said(self.open.last().copied().map(name));
        let place = match self.open.last() {
            Some(&open) => format!("in the body of `with_context({:?}, ..)`{}{when}", name(open), self.last),
            None => format!("outside of all contexts{}{when}", self.last),
        };
        self.due.push(Due { seen, place });
    }

    /// `Err` for a panic with this number.
    fn take(&mut self, steps: &[Step]) -> Result<(), u64> {
        let before = std::mem::take(&mut self.last);
        let mut at_end = Vec::new();
        let mut end = Ok(());
        for step in steps {
            match step {
                Ask => self.said(""),
                AskAtEnd => at_end.push(None),
                WithinAtEnd(name) => at_end.push(Some(*name)),
                Meet => {}
                Panic(number) | PanicText(number) => end = Err(*number),
                Step::Start(_, body) => end = self.take(body),
                Step::Context { name, value, caught, body } => {
                    end = self.enter(*name, *value, body);
                    if let (Err(number), true) = (end, *caught) {
                        let seen = Seen::CameOut { name: *name, number: Some(number) };
                        self.due.push(Due { seen, place: String::new() });
                        end = Ok(());
                    }
                }
            }
            if end.is_err() {
                break;
            }
        }
        let when = if end.is_err() { " while a panic unwinds it" } else { " as it ends" };
        for inside in at_end {
            if let Some(name) = inside {
                let _ = self.enter(name, name + 1, &[Ask]);
            }
            self.said(when);
        }
        self.last = before;
        end
    }

    fn enter(&mut self, number: u64, value: u64, body: &[Step]) -> Result<(), u64> {
        self.open.push(number);
        let end = self.take(body);
        self.open.pop();
        let how = if end.is_ok() { "has returned" } else { "has panicked" };
        self.last = format!(" after `with_context({:?}, ..)` {how}", name(number));
        if end.is_ok() {
            let seen = Seen::Returned { name: number, value, ran: 1 };
            self.due.push(Due { seen, place: String::new() });
        }
        end
    }
}

/// What is on record of one thread.
fn seen(run: &Run, thread: u64) -> Vec<Seen> {
    let own = run.entries.iter().filter(|entry| entry.thread == thread);
    let seen = own.filter_map(|entry| match (entry.word, entry.args.as_slice()) {
        (words::SAID, _) => Some(Seen::Said(Some(entry.text.clone()))),
        (words::SAID_NONE, _) => Some(Seen::Said(None)),
        (words::RETURNED, &[name, value, ran]) => Some(Seen::Returned { name, value, ran }),
        (words::CAME_OUT, &[name, ref number @ ..]) => {
            Some(Seen::CameOut { name, number: number.first().copied() })
        }
        _ => None,
    });
    seen.collect()
}

/// Of what threads see, that which a check is about is what it must be.
fn agrees(experiment: &Experiment, run: &Run, is_asked: fn(&Seen) -> bool) -> Result<(), Wrong> {
    not_broken(run)?;
    let several = experiment.words.len() > 1;
    let fault = if several { Fault::Race } else { Fault::WrongAnswer };
    for (thread, words) in (0..).zip(&experiment.words) {
        let mut follower = Follower::default();
        let _ = follower.take(&words::from_words(words));
        let mut seen = seen(run, thread).into_iter().filter(is_asked);
        for due in follower.due.into_iter().filter(|due| is_asked(&due.seen)) {
            let found = seen.next();
            if found.as_ref() == Some(&due.seen) {
                continue;
            }
            let who = if thread > 0 { "in another thread, " } else { "" };
            return Err(match (due.seen, found) {
                (Seen::Said(due_name), Some(Seen::Said(found))) => Wrong::new(
                    fault,
                    format!("{who}{}, `context()` said {found:?}, not {due_name:?}", due.place),
                ),
                (Seen::CameOut { name: number, .. }, Some(Seen::CameOut { number: None, .. })) => Wrong::new(
                    Fault::SwallowedPanic,
                    format!(
                        "the panic that came out of `with_context({:?}, ..)` was not the body's",
                        name(number)
                    ),
                ),
                _ => Wrong::new(fault, format!("{who}not every body was run once, to its end")),
            });
        }
    }
    Ok(())
}

/// No call has panicked by itself.
fn not_broken(run: &Run) -> Result<(), Wrong> {
    let what = run.entries.iter().find_map(|entry| match entry.word {
        words::ASK_BROKE => Some("`context()`"),
        words::BROKE => Some("`with_context`"),
        _ => None,
    });
    let Some(what) = what else { return Ok(()) };
    let texts =
        run.entries.iter().filter(|entry| entry.word == Entry::PANIC).map(|entry| entry.text.as_str());
    let own = texts.clone().find(|text| !text.contains("driver.rs")).or_else(|| texts.clone().next());
    Err(Wrong::new(Fault::Panic, format!("{what} panicked: {}", own.unwrap_or("panic without a message"))))
}

/// What `context()` said, and what came back.
fn says(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    agrees(experiment, run, |seen| !matches!(seen, Seen::CameOut { .. }))
}

// --- inside, `context()` says the name -----------------------------------------------------------------

const INSIDE: Rules = Rules {
    check: "q5.local_inside",
    experiments: |world, fresh| {
        let a = fresh.fresh();
        vec![
            contexts(world, &[&[Ask, within(a, &[Ask, Ask, AskAtEnd])]]),
            contexts(world, &[&[within(0, &[Ask])]]),
            contexts(world, &[&[within(1, &[Ask])]]),
        ]
    },
    judge: says,
    minds_leftover_threads: false,
};

// --- afterwards it says what it said before --------------------------------------------------------------

const NESTED: Rules = Rules {
    check: "q5.local_nested",
    experiments: |world, fresh| {
        let [a, b, c, d] = [fresh.fresh(), fresh.fresh(), fresh.fresh(), fresh.fresh()];
        let deep = within(b, &[Ask, within(c, &[Ask]), Ask]);
        vec![
            contexts(world, &[&[within(a, &[]), Ask, within(b, &[Ask]), Ask]]),
            contexts(world, &[&[within(a, &[Ask, deep, Ask, within(d, &[Ask]), Ask, AskAtEnd]), Ask]]),
            contexts(world, &[&[within(a, &[within(a, &[Ask]), Ask]), Ask]]),
            contexts(world, &[&[within(0, &[within(a, &[Ask]), Ask]), Ask]]),
            contexts(world, &[&[within(a, &[within(b, &[within(a, &[Ask]), Ask]), Ask]), Ask]]),
            contexts(world, &[&[within(2, &[within(a, &[Ask]), Ask]), Ask]]),
        ]
    },
    judge: says,
    minds_leftover_threads: false,
};

// --- also after a panic ------------------------------------------------------------------------------------

const PANIC: Rules = Rules {
    check: "q5.local_panic",
    experiments: |world, fresh| {
        let [a, b, c, d, p] = [fresh.fresh(), fresh.fresh(), fresh.fresh(), fresh.fresh(), fresh.fresh()];
        let deep = caught(b, &[within(c, &[AskAtEnd, Panic(p)])]);
        vec![
            contexts(world, &[&[caught(a, &[Ask, Panic(p)]), Ask]]),
            contexts(world, &[&[within(a, &[caught(b, &[AskAtEnd, Panic(p)]), Ask]), Ask]]),
            contexts(world, &[&[within(a, &[deep, Ask, within(d, &[Ask]), Ask]), Ask]]),
            contexts(
                world,
                &[&[caught(a, &[Panic(p)]), caught(b, &[Ask, Panic(p)]), Ask, within(c, &[Ask]), Ask]],
            ),
            contexts(world, &[&[caught(a, &[WithinAtEnd(b), Panic(p)]), Ask]]),
            contexts(world, &[&[within(a, &[WithinAtEnd(b)]), Ask]]),
        ]
    },
    judge: says,
    minds_leftover_threads: false,
};

// --- and the panic goes on -----------------------------------------------------------------------------------

const PAYLOAD: Rules = Rules {
    check: "q5.local_payload",
    experiments: |world, fresh| {
        let [a, b, p, q] = [fresh.fresh(), fresh.fresh(), fresh.fresh(), fresh.fresh()];
        vec![
            contexts(world, &[&[caught(a, &[Panic(p)])]]),
            contexts(world, &[&[caught(a, &[within(b, &[Panic(q)])]), caught(b, &[Panic(p)])]]),
            contexts(world, &[&[caught(a, &[within(b, &[PanicText(q)])])]]),
        ]
    },
    judge: |experiment, run| {
        agrees(experiment, run, |seen| matches!(seen, Seen::CameOut { .. }))?;
        // Each of these scripts panics only inside of calls that say so.
        let caught = run.entries.iter().filter(|entry| entry.word == words::CAME_OUT).count();
        let told = run.entries.iter().filter(|entry| entry.word == Entry::PANIC).count();
        if told <= caught {
            return Ok(());
        }
        let what = "the panic did not go on unchanged: a second one was begun in its place, and the panic hook told of both";
        Err(Wrong::new(Fault::SwallowedPanic, what))
    },
    minds_leftover_threads: false,
};

// --- no thread sees another's ----------------------------------------------------------------------------------

const THREADS: Rules = Rules {
    check: "q5.local_threads",
    experiments: |world, fresh| {
        let [a, b, c, p] = [fresh.fresh(), fresh.fresh(), fresh.fresh(), fresh.fresh()];
        vec![
            // Started inside of a context.
            contexts(world, &[&[within(a, &[meanwhile(1, &[Ask]), Ask]), Ask], &[Ask, Ask]]),
            // At the same time.
            contexts(
                world,
                &[
                    &[meanwhile(1, &[meanwhile(2, &[])])],
                    &[within(a, &[Ask, Ask]), Ask, within(b, &[Ask]), Ask],
                    &[Ask, within(c, &[Ask]), Ask],
                ],
            ),
            // While the other one is inside.
            contexts(
                world,
                &[&[meanwhile(1, &[within(a, &[Meet, Ask, Meet]), Ask])], &[Ask, Meet, Ask, Meet, Ask]],
            ),
            // While the other one panics.
            contexts(
                world,
                &[&[meanwhile(1, &[within(a, &[Ask, Ask]), Ask])], &[caught(b, &[Ask, Panic(p)])]],
            ),
        ]
    },
    judge: says,
    minds_leftover_threads: false,
};

// --- nothing is held while a body runs ----------------------------------------------------------------------------

const APART: Rules = Rules {
    check: "q5.local_apart",
    experiments: |world, fresh| {
        let [a, b, c] = [fresh.fresh(), fresh.fresh(), fresh.fresh()];
        vec![
            // Both inside.
            contexts(
                world,
                &[&[meanwhile(1, &[within(a, &[Meet, Ask, Meet])])], &[within(b, &[Meet, Ask, Meet])]],
            ),
            // Inside, waiting for a thread that opens a context.
            contexts(world, &[&[within(a, &[meanwhile(1, &[])])], &[within(b, &[within(c, &[Ask])])]]),
        ]
    },
    judge: |_, run| not_broken(run),
    minds_leftover_threads: false,
};
