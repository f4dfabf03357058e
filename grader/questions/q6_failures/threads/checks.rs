//! Caught threads: what each check wants to see, and how it reads a run.

use super::words::threads::{
    self as words, AWAIT, CATCHES, CATCHES_FIRST, CAUGHT, ELSEWHERE, FORGET, GATED, GIVES, JOIN, NAMESAKE,
    NO_TEXT, ON_PURPOSE, OPEN, OTHER_THREAD, OUTSIDE, PANICS, PANICS_MADE, PANICS_MUTE, SPAWN,
};
use crate::experiment::{Experiment, Rules, World, Wrong};
use crate::fault::Fault;
use crate::script::{Call, SCHEDULES, Script, Speech, calls, nobody_slept, sleep};
use wire::Run;
use wire::script::Op;

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[RESULTS, MESSAGES, PLACES, LOGGED, HOOKS, IDLE];

const SPEECH: Speech = Speech { call: words::call, result: words::result };
const MEANT: &[&str] = &[ON_PURPOSE, NO_TEXT, ELSEWHERE, CAUGHT];

const fn spawn(kind: u64, number: u64) -> Op {
    [SPAWN, kind, number]
}
const fn join(task: u64) -> Op {
    [JOIN, task, 0]
}
const fn forget(task: u64) -> Op {
    [FORGET, task, 0]
}
const fn logged(failures: u64) -> Op {
    [AWAIT, failures, 0]
}
const OUT: Op = [OUTSIDE, 0, 0];
const OTHER: Op = [OTHER_THREAD, 0, 0];
const OPENS: Op = [OPEN, 0, 0];

/// One caller; the tasks' threads make many schedules.
fn alone(world: World, ops: &[Op]) -> Experiment {
    Script::of_caller(ops).repeated(10).experiment(world)
}

fn all(world: World, scripts: &[&[Op]]) -> Vec<Experiment> {
    scripts.iter().map(|ops| alone(world, ops)).collect()
}

/// A task: its number in its name, what its body does, and the call that joined it.
struct Task {
    kind: u64,
    number: u64,
    joined: Option<Call>,
    /// The errors of that call.
    error: Option<[String; 3]>,
    logged: Vec<[String; 3]>,
    /// Where the last thing was logged.
    logged_at: usize,
    /// The place of its failure.
    fails: Option<String>,
    began: Option<usize>,
    ended: Option<usize>,
}

fn tasks(run: &Run) -> Vec<Task> {
    let calls = calls(run);
    let text_after = |place: usize, word: u64| {
        let entry = run.entries.get(place)?;
        let next =
            run.entries[place + 1..].iter().find(|next| next.thread == entry.thread && next.word == word)?;
        Some(next.text.clone())
    };
    // Three texts: thread, message, place.
    let failures = |word: u64, number: u64| {
        let is_part = |&place: &usize| {
            let entry = &run.entries[place];
            entry.word == word && entry.args.len() == 2 && entry.args[0] == number
        };
        let places: Vec<usize> = (0..run.entries.len()).filter(is_part).collect();
        let by_thread = |place: usize| run.entries[place].thread;
        let firsts: Vec<usize> =
            places.iter().copied().filter(|&place| run.entries[place].args[1] == 0).collect();
        let part = |first: usize, part: u64| {
            let own = places.iter().find(|&&place| {
                place >= first && by_thread(place) == by_thread(first) && run.entries[place].args[1] == part
            });
            own.and_then(|&place| text_after(place, word)).unwrap_or_default()
        };
        let failures = firsts.iter().map(|&first| [0, 1, 2].map(|number| part(first, number)));
        (failures.collect::<Vec<_>>(), firsts.last().copied().unwrap_or_default())
    };
    let spawned = calls.iter().filter(|call| call.op[0] == SPAWN);
    let task = |spawned: &Call| {
        let number = spawned.op[2];
        let mine = calls.iter().filter(|call| call.op[0] == SPAWN && call.thread == spawned.thread);
        let place = mine.take_while(|call| call.began < spawned.began).count() as u64;
        let own = |call: &&Call| call.op[0] == JOIN && call.thread == spawned.thread && call.op[1] == place;
        let joined = calls.iter().find(own).cloned();
        let error = failures(words::JOINED, number).0.into_iter().next();
        let (logged, logged_at) = failures(words::LOGGED, number);
        let find = |word: u64| {
            run.entries.iter().position(|entry| entry.word == word && entry.args.first() == Some(&number))
        };
        Task {
            kind: spawned.op[1],
            number,
            joined,
            error,
            logged,
            logged_at,
            fails: find(words::FAILS).and_then(|place| text_after(place, words::FAILS)),
            began: find(words::BEGAN),
            ended: find(words::ENDED),
        }
    };
    spawned.map(task).collect()
}

/// No panic but those that are meant, and each task comes to the end that its body has.
fn ends_well(run: &Run) -> Result<Vec<Task>, Wrong> {
    SPEECH.no_panic_besides(run, MEANT)?;
    let tasks = tasks(run);
    for task in &tasks {
        let Some(joined) = &task.joined else { continue };
        let name = words::name(task.number);
        let (fault, what) = match joined.result.as_slice() {
            [0, _] if words::fails(task.kind) => {
                (Fault::SwallowedPanic, format!("the body of {name:?} panicked, but `join` returned `Ok`"))
            }
            [0, value] if *value != task.number => (
                Fault::WrongAnswer,
                format!("the body of {name:?} gave {}, but `join` gave {value}", task.number),
            ),
            [1, ..] if !words::fails(task.kind) => {
                (Fault::WrongAnswer, format!("the body of {name:?} ended well, but `join` returned an error"))
            }
            _ if task.ended.is_none_or(|ended| ended > joined.returned) => {
                (Fault::LeakedThread, format!("`join` of {name:?} returned before the body had ended"))
            }
            _ => continue,
        };
        return Err(Wrong::new(fault, what).with_evidence(SPEECH.table(&calls(run))));
    }
    Ok(tasks)
}

// --- a thread of its own, with its name, and what it gave -------------------------------------------

const RESULTS: Rules = Rules {
    check: "q6.threads_result",
    experiments: |world, fresh| {
        let [a, b] = [fresh.fresh(), fresh.fresh()];
        all(
            world,
            &[
                &[spawn(GIVES, a), join(0)],
                &[spawn(GATED, a), spawn(GIVES, b), join(1), OPENS, join(0)],
                &[spawn(PANICS, a), spawn(GIVES, b), join(1), join(0)],
                &[spawn(CATCHES, a), join(0)],
            ],
        )
    },
    judge: |_, run| {
        for task in ends_well(run)? {
            let Some(began) = task.began else { continue };
            let entry = &run.entries[began];
            if entry.args.get(1) == Some(&1) {
                let what = "the body ran on the thread that called `spawn_caught`";
                return Err(Wrong::new(Fault::Sequential, what));
            }
            let mut texts = run.entries[began + 1..].iter().filter(|next| next.thread == entry.thread);
            let name = texts.find(|next| next.word == words::BEGAN).map_or("", |next| next.text.as_str());
            if name != words::name(task.number) {
                let what = format!("the thread is called {name:?}, not {:?}", words::name(task.number));
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
        }
        let left = run.entries.iter().find(|entry| entry.word == words::STILL_THERE);
        match left.map(|entry| entry.args.as_slice()) {
            Some([left, ..]) if *left > 0 => {
                let what = "every task has been joined, but a thread is still there";
                Err(Wrong::new(Fault::LeakedThread, what))
            }
            _ => Ok(()),
        }
    },
    minds_leftover_threads: false,
};

/// What a failure should say: thread and message.
fn names_and_messages(task: &Task, failure: &[String; 3], who: &str) -> Result<(), Wrong> {
    let [thread, message, _] = failure;
    let (name, text) = (words::name(task.number), words::message(task.kind, task.number));
    let what = if *thread != name {
        format!("{who} says that thread {thread:?} failed, but it was {name:?}")
    } else if *message != text {
        format!("{who} has the message {message:?}, but the panic said {text:?}")
    } else {
        return Ok(());
    };
    Err(Wrong::new(Fault::WrongAnswer, what))
}

// --- who failed, and with what message --------------------------------------------------------------------

const MESSAGES: Rules = Rules {
    check: "q6.threads_message",
    experiments: |world, fresh| {
        let [a, b, c] = [fresh.fresh(), fresh.fresh(), fresh.fresh()];
        all(
            world,
            &[
                &[spawn(PANICS, a), join(0)],
                &[spawn(PANICS_MADE, a), join(0), spawn(PANICS_MUTE, b), join(1)],
                &[spawn(PANICS_MADE, a), spawn(PANICS_MADE, b), join(0), join(1)],
                &[spawn(CATCHES_FIRST, c), spawn(PANICS, b), join(1), join(0)],
            ],
        )
    },
    judge: |_, run| {
        for task in ends_well(run)? {
            if let Some(error) = &task.error {
                names_and_messages(&task, error, "the error of `join`")?;
            }
        }
        Ok(())
    },
    minds_leftover_threads: false,
};

// --- where it failed ------------------------------------------------------------------------------------------

/// The place itself, or without its column.
fn right_place(task: &Task, failure: &[String; 3], who: &str) -> Result<(), Wrong> {
    let (Some(place), [_, _, said]) = (&task.fails, failure) else { return Ok(()) };
    let line = place.rsplit_once(':').map_or(place.as_str(), |(line, _)| line);
    if said == place || said == line {
        return Ok(());
    }
    let short = |place: &str| place.rsplit('/').next().unwrap_or_default().to_owned();
    let what = format!(
        "{who} says that {:?} failed at {:?}, but it was at {:?}",
        words::name(task.number),
        short(said),
        short(place)
    );
    Err(Wrong::new(Fault::WrongAnswer, what))
}

const PLACES: Rules = Rules {
    check: "q6.threads_location",
    experiments: |world, fresh| {
        let [a, b] = [fresh.fresh(), fresh.fresh()];
        let mut wanted = all(
            world,
            &[
                &[spawn(PANICS, a), join(0), spawn(PANICS_MADE, b), join(1)],
                // Two at once, at two places.
                &[spawn(PANICS, a), spawn(PANICS_MADE, b), join(0), join(1)],
                &[spawn(CATCHES_FIRST, a), spawn(PANICS_MUTE, b), join(0), join(1)],
                &[spawn(PANICS, a), OUT, join(0)],
                // Two of one name.
                &[spawn(PANICS, a), spawn(PANICS_MADE, a + NAMESAKE), join(0), join(1)],
            ],
        );
        let two = Script::new(&[], &[&[spawn(PANICS, a), join(0)], &[spawn(PANICS_MADE, b), join(0)]]);
        wanted.push(two.before(&[spawn(GIVES, 1), join(0)]).experiment(world));
        wanted
    },
    judge: |_, run| {
        for task in ends_well(run)? {
            if let Some(error) = &task.error {
                right_place(&task, error, "the error of `join`")?;
            }
        }
        Ok(())
    },
    minds_leftover_threads: false,
};

// --- told once ----------------------------------------------------------------------------------------------------

const LOGGED: Rules = Rules {
    check: "q6.threads_logged",
    experiments: |world, fresh| {
        let [a, b] = [fresh.fresh(), fresh.fresh()];
        all(
            world,
            &[
                &[spawn(PANICS, a), join(0)],
                // Nobody joins.
                &[spawn(PANICS_MADE, a), forget(0), logged(1)],
                &[spawn(PANICS_MADE, a), spawn(PANICS, b), logged(2), join(1), join(0)],
                &[spawn(CATCHES, a), join(0), spawn(GIVES, b), join(1)],
                &[spawn(CATCHES_FIRST, a), join(0)],
            ],
        )
    },
    judge: |_, run| {
        for task in ends_well(run)? {
            let name = words::name(task.number);
            let what = match (task.logged.len(), words::fails(task.kind)) {
                (0, true) => format!("{name:?} failed, and `log` was told nothing"),
                (1, true) => String::new(),
                (0, false) => continue,
                (times, true) => format!("{name:?} failed once, and `log` was told {times} times"),
                (_, false) if task.kind == CATCHES => {
                    format!("the body of {name:?} caught its panic itself, and `log` was told of a failure")
                }
                (_, false) => format!("{name:?} ended well, and `log` was told of a failure"),
            };
            if !what.is_empty() {
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
            if task.joined.as_ref().is_some_and(|joined| joined.returned < task.logged_at) {
                let what = format!("`join` of {name:?} returned before `log` was told of the failure");
                return Err(Wrong::new(Fault::Race, what));
            }
            if let (Some(error), [told]) = (&task.error, &task.logged[..])
                && error != told
            {
                let what = format!("`log` was told {told:?}, but the error of `join` is {error:?}");
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
            if task.error.is_none()
                && let [told] = &task.logged[..]
            {
                names_and_messages(&task, told, "what `log` was told")?;
                right_place(&task, told, "what `log` was told")?;
            }
        }
        Ok(())
    },
    minds_leftover_threads: false,
};

// --- the hook that was there before ---------------------------------------------------------------------------------

const HOOKS: Rules = Rules {
    check: "q6.threads_hook",
    experiments: |world, fresh| {
        let [a, b] = [fresh.fresh(), fresh.fresh()];
        let mut wanted = all(
            world,
            &[
                &[spawn(GIVES, a), join(0), OUT, OTHER],
                &[spawn(PANICS, a), OUT, join(0), OUT],
                &[spawn(PANICS_MADE, a), OTHER, spawn(PANICS, b), join(0), join(1), OTHER],
            ],
        );
        // Two first calls at once.
        let firsts = Script::new(&[], &[&[spawn(GIVES, a), join(0)], &[spawn(GIVES, b), join(0)]]);
        wanted.push(firsts.after(&[OUT]).experiment(world));
        wanted
    },
    judge: |_, run| {
        ends_well(run)?;
        let heard: Vec<&str> = run
            .entries
            .iter()
            .filter(|entry| entry.word == words::HOOK)
            .map(|entry| entry.text.as_str())
            .collect();
        let outside = calls(run).iter().filter(|call| matches!(call.op[0], OUTSIDE | OTHER_THREAD)).count();
        let passed_on = heard.iter().filter(|text| text.starts_with(ELSEWHERE)).count();
        let (fault, what) = if passed_on < outside {
            let what = "a panic outside of all tasks did not reach the panic hook that was there before";
            (Fault::SwallowedPanic, what)
        } else if passed_on > outside {
            (
                Fault::WrongAnswer,
                "a panic outside of all tasks reached the panic hook that was there before twice",
            )
        } else if heard.iter().any(|text| text.starts_with(ON_PURPOSE)) {
            (
                Fault::WrongAnswer,
                "a task's failure was told twice: to `log`, and to the panic hook that was there before",
            )
        } else {
            return Ok(());
        };
        Err(Wrong::new(fault, what))
    },
    minds_leftover_threads: false,
};

// --- whoever waits does nothing else ----------------------------------------------------------------------------------

const IDLE: Rules = Rules {
    check: "q6.threads_idle",
    experiments: |world, fresh| {
        let [a, b] = [fresh.fresh(), fresh.fresh()];
        let one = Script::new(&[], &[&[spawn(GATED, a), join(0)], &[sleep(3600), OPENS]]);
        let two =
            Script::new(&[], &[]).before(&[spawn(GIVES, a), sleep(1), join(0), spawn(PANICS, b), join(1)]);
        [one, two]
            .iter()
            .filter_map(|script| script.timed(world))
            .map(|it| Experiment { runs: SCHEDULES / 5, ..it })
            .collect()
    },
    judge: |experiment, run| {
        SPEECH.no_panic_besides(run, MEANT)?;
        nobody_slept(experiment, run)
    },
    minds_leftover_threads: false,
};
