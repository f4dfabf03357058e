//! The event: what each check wants to see, and how it reads a run.

use super::words::event::{self as words, CLEAR, IS_SET, SET, TIMEOUT, WAIT};
use crate::experiment::{Experiment, Rules, World, Wrong};
use crate::fault::Fault;
use crate::history::{Object, explains};
use crate::script::{
    A_CENTURY, Call, HURRY, READ, SECOND, Script, Speech, calls, no_thread_left, nobody_slept, sleep,
    tool_calls, write,
};
use wire::Run;
use wire::script::{self, Op, READ as LOAD, WRITE as STORE, YIELD};

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[FLAG, WAKES, FLEETING, TIMEOUTS, PUBLICATION, IDLE];

const SPEECH: Speech = Speech { call: words::call, result: words::result };

const S: Op = [SET, 0, 0];
const C: Op = [CLEAR, 0, 0];
const I: Op = [IS_SET, 0, 0];
const W: Op = [WAIT, 0, 0];
/// Even who hurries lets others go first here.
const LATER: Op = [YIELD, 0, 0];

/// `wait_timeout`, with a limit in seconds.
const fn within(seconds: u64) -> Op {
    [TIMEOUT, seconds * SECOND, 0]
}

const FOR_EVER: Op = [TIMEOUT, script::LONGEST, 0];
const NEARLY_FOR_EVER: Op = [TIMEOUT, script::NEARLY_LONGEST, 0];
const FOR_AGES: Op = [TIMEOUT, script::AGES, 0];

/// A script whose calls can be put into an order.
fn script(threads: &[&[Op]]) -> Script {
    Script::new(&[], threads).in_order()
}

/// A plain flag. Whoever waits finds it up at some moment of its wait: that holds for a `set` which is cleared again, too.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
struct Flag {
    is_up: bool,
}

impl Object<Call> for Flag {
    fn play(&mut self, call: &Call) -> bool {
        match call.op[0] {
            SET => self.is_up = true,
            CLEAR => self.is_up = false,
            WAIT => return self.is_up,
            // Who gives up has found the flag down at some moment of its wait.
            _ => return (call.result == [1]) == self.is_up,
        }
        true
    }
}

/// Whether the call found the event set.
fn found_set(call: &Call) -> bool {
    call.op[0] == WAIT || [IS_SET, TIMEOUT].contains(&call.op[0]) && call.result == [1]
}

/// Some one-at-a-time order explains what every call said.
fn linear(_: &Experiment, run: &Run) -> Result<(), Wrong> {
    SPEECH.no_panic(run, |_| false)?;
    let calls = tool_calls(run);
    if explains(Flag::default(), &calls) {
        return Ok(());
    }
    let alone = calls.iter().all(|call| call.thread == 0);
    let never = calls.iter().find(|call| {
        let set_before = |other: &Call| other.op[0] == SET && other.began < call.returned;
        found_set(call) && !calls.iter().any(set_before)
    });
    let what = match never {
        Some(call) => format!("`{}` returned, though nobody had called `set` yet", SPEECH.told(call)),
        None => SPEECH.unexplained(&calls, |calls| explains(Flag::default(), calls)),
    };
    let fault = if alone { Fault::WrongAnswer } else { Fault::Race };
    Err(Wrong::new(fault, what).with_evidence(SPEECH.table(&calls)))
}

// --- a flag is a flag ------------------------------------------------------------------------------

const FLAG: Rules = Rules {
    check: "q5.event_flag",
    experiments: |world, _| {
        let alone = [
            script(&[]).before(&[I, within(0), S, I, W, I, W, FOR_EVER, within(0), C, I, within(0)]),
            // Set twice, cleared once; cleared twice, set once.
            script(&[]).before(&[S, S, I, C, I, C, C, I, S, I, W, C, within(0), I]),
        ];
        let together = [
            script(&[&[S, I, C, I], &[I, S, I]]),
            script(&[&[S, C, I], &[S, I], &[I, C]]),
            // Nobody goes on before there was a `set`.
            script(&[&[W, I], &[I, S]]),
            script(&[&[W], &[FOR_EVER], &[I, I, S]]),
        ];
        let together = together.map(|script| script.after(&[I]));
        let timed = [
            script(&[]).before(&[S, C, within(2), I, S, within(2), I]),
            script(&[&[W, C, I, within(2), I], &[sleep(1), C, I, sleep(1), S]]),
        ];
        let wanted = alone.iter().chain(&together).map(|script| script.experiment(world));
        wanted.chain(timed.iter().filter_map(|script| script.timed(world))).collect()
    },
    judge: linear,
    minds_leftover_threads: false,
};

// --- `set` lets everyone go on ----------------------------------------------------------------------

/// Nobody goes on later than at the first `set` that it can have seen.
fn at_once(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    linear(experiment, run)?;
    let calls = calls(run);
    let sets = |from: u64, to: u64| {
        calls.iter().any(|call| call.op[0] == SET && (from..to).contains(&call.began_ns))
    };
    // Whether the flag was up when a moment began, whatever the order of calls at the same time.
    let was_set = |ns: u64| {
        let earlier = |op: u64| calls.iter().filter(move |call| call.op[0] == op && call.began_ns < ns);
        earlier(SET).any(|set| earlier(CLEAR).all(|clear| clear.returned < set.began))
    };
    let waits = calls.iter().filter(|call| [WAIT, TIMEOUT].contains(&call.op[0]));
    for call in waits.filter(|call| call.returned_ns > call.began_ns) {
        let what = if was_set(call.began_ns) {
            "waited, though the event was set already"
        } else if sets(call.began_ns + 1, call.returned_ns) {
            "did not return at the moment of a `set` for which it was waiting"
        } else if found_set(call) && !sets(call.returned_ns, call.returned_ns + 1) {
            "returned at a moment when nobody called `set`"
        } else {
            continue;
        };
        let what = format!("`{}` took {:?}: it {what}", SPEECH.told(call), call.took());
        return Err(Wrong::new(Fault::LostWakeUp, what).with_evidence(SPEECH.table(&calls)));
    }
    // And whoever gives up has waited for exactly its limit.
    let early_or_late = calls
        .iter()
        .find(|call| call.op[0] == TIMEOUT && call.result == [0] && call.took() != words::limit(call.op[1]));
    let Some(call) = early_or_late else { return Ok(()) };
    let what = format!("`{}` gave up after {:?}", (SPEECH.call)(call.op), call.took());
    Err(Wrong::new(Fault::Timeout, what).with_evidence(SPEECH.table(&calls)))
}

/// What time proves where it is exact, and what no time can change everywhere.
fn timed_or_linear(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    if experiment.timed { at_once(experiment, run) } else { linear(experiment, run) }
}

const WAKES: Rules = Rules {
    check: "q5.event_wakes",
    experiments: |world, _| {
        let together = [
            script(&[&[W], &[W], &[S]]),
            script(&[&[W, W], &[FOR_EVER], &[S, S]]),
            // Whatever `clear` does in between, the flag is up in the end.
            script(&[&[W], &[C, S], &[S, C, S]]),
        ];
        let timed = [
            script(&[&[W], &[sleep(1), FOR_EVER], &[sleep(3), S], &[sleep(4), W]]),
            script(&[&[W, C, W], &[sleep(1), S, sleep(3), S], &[sleep(2), W]]),
            // Two give up, one after the other, and somebody has come between.
            script(&[&[within(2)], &[sleep(1), within(3)], &[sleep(3), W], &[sleep(6), S]]),
        ];
        let together = together.iter().map(|script| script.experiment(world));
        together.chain(timed.iter().filter_map(|script| script.timed(world))).collect()
    },
    judge: timed_or_linear,
    minds_leftover_threads: false,
};

// --- even if `clear` follows at once -----------------------------------------------------------------

const FLEETING: Rules = Rules {
    check: "q5.event_fleeting",
    experiments: |world, _| {
        let scripts = [
            script(&[&[W], &[sleep(1), S, C]]),
            script(&[&[W], &[FOR_EVER], &[sleep(1), S, C]]),
            script(&[&[W], &[within(5)], &[sleep(1), S, C, S, C]]),
            // One sets, another clears.
            script(&[&[W], &[sleep(1), S], &[sleep(1), C]]),
            // Who comes later waits for a `set` of its own.
            script(&[&[within(9)], &[sleep(1), S, C, sleep(2), S, C], &[sleep(2), W]]),
            // However often it is set and cleared before the one that waits comes to look.
            script(&[&[W], &[sleep(1), S, C, S, C, S, C]]),
            script(&[&[W], &[sleep(1), S, C, S, C, S, C, S, C]]),
            // Who comes after it does not take the call that is meant for those before.
            script(&[&[W], &[W], &[HURRY, sleep(1), S, C, W], &[sleep(5), S]]),
        ];
        // Nor one that comes in the middle of `set`, so many steps after it has begun.
        let midway = (1..=6).filter_map(|steps| {
            let comes = [&[HURRY, sleep(1)], &[LATER].repeat(steps)[..], &[C, W]].concat();
            let script = script(&[&[W], &[sleep(1), S], &comes, &[sleep(5), S]]);
            script.timed(world).map(|it| Experiment { runs: 50, ..it })
        });
        let oversleeps = [240, 256].into_iter().filter_map(|times| {
            let setter = [&[HURRY, sleep(1)], &[S, C].repeat(times)[..]].concat();
            script(&[&[W], &setter]).timed(world).map(|it| Experiment { runs: 5, ..it })
        });
        scripts.iter().filter_map(|script| script.timed(world)).chain(midway).chain(oversleeps).collect()
    },
    judge: at_once,
    minds_leftover_threads: false,
};

// --- a limit is kept -----------------------------------------------------------------------------------

const TIMEOUTS: Rules = Rules {
    check: "q5.event_timeout",
    experiments: |world, _| {
        let mut wanted =
            vec![script(&[]).before(&[within(0), S, FOR_EVER, within(0), C, within(0)]).experiment(world)];
        let timed = [
            script(&[&[within(3), I], &[sleep(10), S]]),
            // In time, and at the very moment at which it would give up.
            script(&[&[within(8)], &[sleep(1), FOR_EVER], &[sleep(5), S]]),
            script(&[&[within(5), I], &[sleep(5), S]]),
            // Whatever wakes it in between, it gives up when it said.
            script(&[
                &[within(10)],
                &[sleep(3), C, I, C, sleep(3), C, I, C, sleep(9), S],
                &[sleep(1), within(8)],
            ]),
            // What was set before it came, and is cleared, is no reason to go on.
            script(&[&[S, C, within(4)], &[S, C, sleep(1), within(4)]]),
        ];
        wanted.extend(timed.iter().filter_map(|script| script.timed(world)));
        // Here a limit may pass at any moment.
        if world == World::Model {
            wanted.push(script(&[&[within(2), I], &[S, C], &[within(1)]]).experiment(world));
        }
        // Longer than clocks can say, and than their nanoseconds can be counted.
        let long = [
            script(&[&[NEARLY_FOR_EVER], &[sleep(A_CENTURY), S]]),
            script(&[&[FOR_AGES], &[sleep(A_CENTURY), S]]),
        ];
        wanted.extend(long.iter().filter_map(|script| script.timed(world)));
        wanted
    },
    judge: timed_or_linear,
    minds_leftover_threads: false,
};

// --- what was written before is seen after -----------------------------------------------------------

const PUBLICATION: Rules = Rules {
    check: "q5.event_publication",
    experiments: |world, fresh| {
        let [a, b] = [fresh.fresh(), fresh.fresh()];
        let setter = [write(a), S];
        let finders: [&[Op]; 3] = [&[W, READ], &[FOR_EVER, READ], &[I, READ, I, READ]];
        let mut wanted: Vec<Experiment> =
            finders.iter().map(|finder| Script::new(&[], &[&setter, finder]).experiment(world)).collect();
        let timed = [
            Script::new(&[], &[&[W, READ], &[sleep(1), write(a), S, C], &[FOR_EVER, READ]]),
            Script::new(&[], &[&[W, READ], &[sleep(1), write(a), write(b), S, C], &[sleep(1), I, READ]]),
        ];
        wanted.extend(timed.iter().filter_map(|script| script.timed(world)));
        wanted
    },
    judge: |_, run| {
        SPEECH.no_panic(run, |_| false)?;
        let calls = calls(run);
        // One thread stores, and sets once when it has stored all.
        let last = calls.iter().filter(|call| call.op[0] == STORE).max_by_key(|call| call.returned);
        let last = last.map_or(0, |call| call.op[1]);
        let knows = |read: &Call| {
            calls
                .iter()
                .any(|call| call.thread == read.thread && found_set(call) && call.returned < read.began)
        };
        let stale = calls.iter().find(|c| c.op[0] == LOAD && knows(c) && c.result != [last]);
        match stale {
            Some(read) => {
                let what = format!(
                    "a thread found the event set and then read {:?}, though {last} was stored before `set`",
                    read.result
                );
                Err(Wrong::new(Fault::StaleRead, what).with_evidence(SPEECH.table(&calls)))
            }
            None => Ok(()),
        }
    },
    minds_leftover_threads: false,
};

// --- whoever waits does nothing else -------------------------------------------------------------------

const IDLE: Rules = Rules {
    check: "q5.event_idle",
    experiments: |world, _| {
        let hour = 3600;
        let scripts = [
            script(&[&[W], &[within(2 * hour)], &[sleep(hour), S]]),
            script(&[&[FOR_EVER], &[within(hour)], &[sleep(2 * hour), S]]),
        ];
        scripts.iter().filter_map(|script| script.timed(world)).collect()
    },
    judge: |experiment, run| {
        SPEECH.no_panic(run, |_| false)?;
        nobody_slept(experiment, run)?;
        no_thread_left(run)
    },
    minds_leftover_threads: true,
};
