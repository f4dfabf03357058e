//! The queue: what each check wants to see, and how it reads a run.

use super::words::queue::{
    self as words, CLOSE, CLOSED, DONE, EMPTY, FIFO, GET, JOIN, LIFO, PRIORITY, PUT, ROLL, TIMED_OUT,
    TIMEOUT, TRY,
};
use crate::experiment::{Experiment, Rules, World, Wrong};
use crate::fault::Fault;
use crate::history::Object;
use crate::script::{
    A_CENTURY, Call, HURRY, READ, SECOND, Script, Speech, broken_calls, calls, no_thread_left, nobody_slept,
    other, sleep, tool_calls, write,
};
use plain::{Leave, Plain};
use std::time::Duration;
use wire::script::{self, Op};
use wire::{Entry, Run};

#[path = "plain.rs"]
mod plain;

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[ORDER, WAITS, TIMEOUTS, WORK, CLOSING, IDLE];

const SPEECH: Speech = Speech { call: words::call, result: words::result };

const G: Op = [GET, 0, 0];
const T: Op = [TRY, 0, 0];
const D: Op = [DONE, 0, 0];
const J: Op = [JOIN, 0, 0];
const C: Op = [CLOSE, 0, 0];

/// `put`, of an item that has no equal.
const fn put(key: u64) -> Op {
    [PUT, key, 0]
}

/// `put`, of one of several equal items.
const fn one_of(key: u64, number: u64) -> Op {
    [PUT, key, number]
}

/// `get_timeout`, with a limit in seconds.
const fn within(seconds: u64) -> Op {
    [TIMEOUT, seconds * SECOND, 0]
}

const FOR_EVER: Op = [TIMEOUT, script::LONGEST, 0];
const NEARLY_FOR_EVER: Op = [TIMEOUT, script::NEARLY_LONGEST, 0];
const FOR_AGES: Op = [TIMEOUT, script::AGES, 0];

/// So many items of each of three keys, and then all of the smallest key.
fn of_three_keys(each: u64) -> Vec<Op> {
    let put = (1..=each).flat_map(|letter| [2, 3, 1].map(|key| one_of(key, letter)));
    put.chain((0..each).map(|_| G)).collect()
}

/// Equal items: so many at first, then one in for one out, so often.
fn one_in_one_out(at_first: u64, then: u64) -> Vec<Op> {
    let mut ops: Vec<Op> = (1..=at_first).map(|letter| one_of(5, letter)).collect();
    ops.extend((1..=then).flat_map(|more| [G, one_of(5, at_first + more)]));
    ops.extend((0..at_first).map(|_| G));
    ops
}

const P1: Op = put(1);
const P2: Op = put(2);
const P3: Op = put(3);
const P4: Op = put(4);

fn is_alone(experiment: &Experiment) -> bool {
    experiment.words.len() == 3
}

// --- what the calls must have been ---------------------------------------------------------------------

/// Some one-at-a-time order explains what every call said.
fn linear(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    linear_but(Leave::Nothing, experiment, run)
}

/// The same, this left out: another check asks for it.
fn linear_but(leave: Leave, experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    let mut calls = tool_calls(run);
    calls.extend(broken_calls(run));
    if run.entries.iter().any(|entry| entry.word == script::NO_TOOL) {
        let panic = run.entries.iter().find(|entry| entry.word == Entry::PANIC);
        let message = panic.map_or("panic without a message", |entry| entry.text.as_str());
        let name = Plain::new(&experiment.words[0], false).name();
        return Err(Wrong::new(Fault::Panic, format!("`bounded` panicked for {name}: {message}")));
    }
    SPEECH.no_panic(run, |op| op == D)?;
    // Where limits may pass at any moment, one may pass before the queue was looked at.
    let loose = !experiment.timed && !is_alone(experiment);
    let plain = Plain::new(&experiment.words[0], loose);
    if plain.explains_but(leave, &calls) {
        return Ok(());
    }
    let (fault, what) = what_is_wrong(experiment, &plain, &calls);
    Err(Wrong::new(fault, what).with_evidence(SPEECH.table(&calls)))
}

fn what_is_wrong(experiment: &Experiment, plain: &Plain, calls: &[Call]) -> (Fault, String) {
    let order = plain.explains_but(Leave::Order, calls);
    let fault = match (order, is_alone(experiment)) {
        (true, _) => Fault::WrongOrder,
        (false, true) => Fault::WrongAnswer,
        (false, false) => Fault::Race,
    };
    let name = plain.name();
    if is_alone(experiment) {
        let mut now = plain.clone();
        let mut in_order: Vec<&Call> = calls.iter().collect();
        in_order.sort_by_key(|call| call.began);
        for call in in_order {
            let before = now.clone();
            if now.play(call) {
                continue;
            }
            let what = match call.op {
                D => format!("`task_done()` {}, though {}", how_it_ended(call), before.in_hand()),
                [ROLL, ..] => format!("{}; of equal items {name} hands out the oldest", SPEECH.told(call)),
                _ => format!("`{}`, though {name} {}", SPEECH.told(call), before.held()),
            };
            return (fault, what);
        }
    }
    let closed = calls.iter().any(|call| call.op == C);
    let strange = calls.iter().find(|call| match (call.op[0], &call.result[..]) {
        (GET, [0, EMPTY | TIMED_OUT]) | (TRY, [0, TIMED_OUT]) | (TIMEOUT, [0, EMPTY]) => true,
        (GET | TRY | TIMEOUT, [0, CLOSED]) | (PUT, [0, ..]) => !closed,
        _ => false,
    });
    if let Some(call) = strange {
        return (fault, format!("`{}`, which it has no reason to say", SPEECH.told(call)));
    }
    let twice = calls.iter().find(|call| {
        took(call).is_some_and(|item| calls.iter().filter(|other| took(other) == Some(item)).count() > 1)
    });
    if let Some(item) = twice.and_then(took) {
        return (fault, format!("{} was put in once and came out twice", words::item(item[0], item[1])));
    }
    if order {
        return (fault, format!("the items do not come out in the order of {name}"));
    }
    if plain.explains_but(Leave::Places, calls) {
        return (fault, format!("`put` went on although {name} was full"));
    }
    if plain.explains_but(Leave::Counts, calls) {
        let panicked = calls.iter().any(|call| call.op == D && call.result.is_empty());
        let what = if panicked { "panicked, though an item was taken" } else { "returned once too often" };
        return (fault, format!("`task_done()` {what}"));
    }
    if plain.explains_but(Leave::Work, calls) {
        return (fault, "`join()` returned before everything that was put was done".into());
    }
    (fault, format!("with {name}, no order of these calls gives these results"))
}

fn how_it_ended(call: &Call) -> &'static str {
    if call.result.is_empty() { "panicked" } else { "returned" }
}

/// The item that came back.
fn took(call: &Call) -> Option<[u64; 2]> {
    match (call.op[0], &call.result[..]) {
        (GET | TRY | TIMEOUT, &[1, key, number]) => Some([key, number]),
        _ => None,
    }
}

/// When everybody waits, nobody waits for what is there.
fn at_once(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    linear(experiment, run)?;
    let (calls, places) = (tool_calls(run), experiment.words[0][1]);
    // Time passes only when everybody waits: what counts is how things stand at the end of a moment.
    for now in calls.iter().flat_map(|call| [call.began_ns, call.returned_ns]) {
        let count = |is: &dyn Fn(&Call) -> bool| {
            calls.iter().filter(|call| call.returned_ns <= now && is(call)).count() as u64
        };
        let put = count(&|call| call.op[0] == PUT && call.result == [1]);
        let taken = count(&|call| took(call).is_some());
        let done = count(&|call| call.op == D);
        let closed = count(&|call| call.op == C) > 0;
        let waits = calls.iter().find_map(|call| {
            let why = match call.op[0] {
                GET | TIMEOUT if put > taken => "an item was there",
                PUT if put - taken < places => "a place was free",
                GET | TIMEOUT | PUT if closed => "the queue was closed",
                JOIN if put == done => "everything was done",
                _ => return None,
            };
            (call.began_ns <= now && now < call.returned_ns).then_some((call, why))
        });
        if let Some((call, why)) = waits {
            let [now, then] = [now, call.returned_ns].map(Duration::from_nanos);
            let what = format!("at {now:?} {why}, but `{}` waited on until {then:?}", (SPEECH.call)(call.op));
            return Err(Wrong::new(Fault::LostWakeUp, what).with_evidence(SPEECH.table(&calls)));
        }
    }
    Ok(())
}

/// Whoever gives up has waited for exactly its limit.
fn on_time(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    at_once(experiment, run)?;
    let calls = tool_calls(run);
    let gave_up = calls.iter().filter(|call| call.op[0] == TIMEOUT && call.result == [0, TIMED_OUT]);
    match gave_up.clone().find(|call| call.took() != words::limit(call.op[1])) {
        Some(call) => {
            let what = format!("`{}` gave up after {:?}", (SPEECH.call)(call.op), call.took());
            Err(Wrong::new(Fault::Timeout, what).with_evidence(SPEECH.table(&calls)))
        }
        None => Ok(()),
    }
}

fn either(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    if experiment.timed { on_time(experiment, run) } else { linear(experiment, run) }
}

/// Whoever reads after this call reads what was stored before the other one.
fn published(run: &Run, is_after: fn(&Call) -> bool) -> Result<(), Wrong> {
    let calls = calls(run);
    for read in calls.iter().filter(|call| call.op[0] == script::READ) {
        let after = |call: &&Call| call.thread == read.thread && call.returned < read.began && is_after(call);
        let stores = calls.iter().filter(|call| call.op[0] == script::WRITE);
        let Some(store) = stores.max_by_key(|call| call.returned) else { continue };
        if let Some(call) = calls.iter().find(after).filter(|_| read.result != [store.op[1]]) {
            let what = format!(
                "after `{}` a thread read {:?}, not {}, which was stored before",
                SPEECH.told(call),
                read.result,
                store.op[1]
            );
            return Err(Wrong::new(Fault::StaleRead, what).with_evidence(SPEECH.table(&calls)));
        }
    }
    Ok(())
}

// --- every item comes out once, in its order ------------------------------------------------------------

const ORDER: Rules = Rules {
    check: "q5.queue_order",
    experiments: |world, fresh| {
        let [a, b] = [fresh.fresh(), fresh.fresh()];
        let script = |order, places, threads: &[&[Op]]| Script::new(&[order, places], threads);
        let mixed = [T, P2, P3, P1, G, T, P4, put(0), G, within(0), T, T];
        let equal = [2, 1].map(|letter| one_of(5, letter));
        let more = [4, 3].map(|letter| one_of(5, letter));
        let equals = [equal[0], put(7), equal[1], P1, G, G, more[0], more[1], G, G, P2, T, T, T, T];
        let mut wanted = vec![
            script(FIFO, 4, &[]).before(&mixed),
            script(LIFO, 4, &[]).before(&mixed),
            script(PRIORITY, 4, &[]).before(&mixed),
            script(PRIORITY, 9, &[]).before(&equals),
            script(FIFO, 9, &[]).before(&equals),
        ];
        let together = [
            script(FIFO, 4, &[&[P1, P2], &[G, G]]),
            script(FIFO, 2, &[&[P1, P2], &[P3], &[G, T, G]]),
            script(FIFO, 4, &[&[P1, T], &[P2, T], &[T, P3]]),
            script(LIFO, 4, &[&[P1, P2, G], &[P3, T]]),
            script(PRIORITY, 4, &[&[equal[0], P1, G], &[equal[1], T]]),
        ];
        wanted.extend(together.map(|script| script.after(&[T, T, T])));
        wanted.push(script(FIFO, 1, &[&[write(a), P1], &[G, READ]]));
        wanted.push(script(FIFO, 1, &[&[write(b), P1], &[T, READ]]));
        // While somebody waits for a place, what was in front of its item goes away.
        wanted.push(script(PRIORITY, 2, &[&[P3], &[G]]).before(&[P1, put(5)]).after(&[T, T]));
        if world == World::Real {
            // So many that a sort which leaves a few equal ones as they are turns them round; and equal ones at every
            // place of a ring of eight. There is one schedule, and in the model it would make a long story.
            wanted.push(script(PRIORITY, 99, &[]).before(&of_three_keys(14)));
            wanted.push(script(PRIORITY, 99, &[]).before(&one_in_one_out(7, 16)));
            // More than two bytes can number.
            wanted.push(script(PRIORITY, 4, &[]).before(&[[ROLL, 70_000, 0]]));
        }
        wanted.iter().map(|script| script.experiment(world)).collect()
    },
    judge: |experiment, run| {
        linear(experiment, run)?;
        published(run, |call| took(call).is_some())
    },
    minds_leftover_threads: false,
};

// --- who waits for an item or for a place goes on when it is there -----------------------------------------

const WAITS: Rules = Rules {
    check: "q5.queue_waits",
    experiments: |world, _| {
        let script = |places, threads: &[&[Op]]| Script::new(&[FIFO, places], threads);
        let together = [
            script(1, &[&[P1, P2], &[G, G]]),
            // Two who wait for an item while somebody waits for a place, and the other way round.
            script(1, &[&[P1, P2], &[G], &[G]]),
            script(1, &[&[P1], &[P2], &[G, G]]),
            // Two items at once, for two who wait; two places at once.
            script(2, &[&[P1, P2], &[G], &[G]]),
            script(2, &[&[P1], &[P2], &[G, G]]).before(&[P3, P4]),
            script(1, &[&[P1, G], &[P2, G], &[P3, G]]),
        ];
        let timed = [
            script(1, &[&[P1, P2, P3], &[sleep(2), G, sleep(2), G, sleep(2), G]]),
            script(2, &[&[G, G], &[sleep(3), P1, sleep(2), P2]]),
            script(2, &[&[G], &[sleep(1), FOR_EVER], &[sleep(3), P1, P2]]),
            script(2, &[&[P1], &[sleep(1), P2], &[sleep(3), G, G]]).before(&[P3, P4]),
        ];
        let roomy = script(u64::MAX, &[]).before(&[P1, P2, G, G]);
        let mut wanted: Vec<Experiment> = [roomy]
            .iter()
            .chain(&together)
            .map(|script| script.clone().in_order().experiment(world))
            .collect();
        if world == World::Model {
            // Whoever waits for an item must not be passed over for one who gives up.
            wanted.push(
                script(2, &[&[P1, P2], &[G], &[within(1)]]).after(&[T, T]).in_order().experiment(world),
            );
        }
        wanted.extend(timed.iter().filter_map(|script| script.clone().in_order().timed(world)));
        // There is no reservation, of half of all places either.
        let half = script(u64::MAX / 2, &[]).before(&[P1, P2, G, G]);
        wanted.push(half.in_order().experiment(world));
        // A place is a place, whichever call made it free.
        wanted.extend(script(1, &[&[P2], &[sleep(1), T]]).before(&[P1]).in_order().timed(world));
        wanted.push(script(1, &[&[P2], &[T]]).before(&[P1]).in_order().experiment(world));
        // Two queues: whoever waits at one is not called for what came to the other.
        let apart = Script::new(&[FIFO, 1, 1], &[&[P1], &[G], &[other(P2)], &[other(G)]]);
        wanted.push(apart.in_order().experiment(world));
        // An item comes when somebody has given up and does not know it yet. Somebody takes it, and somebody waits for the next.
        let late: &[Op] = &[HURRY, sleep(5), P1, sleep(5), P2];
        let behind = script(3, &[&[within(5)], &[sleep(6), T], &[sleep(7), within(9)], late]).after(&[T, T]);
        wanted.extend(behind.in_order().timed(world));
        wanted
    },
    judge: |experiment, run| {
        if experiment.timed { at_once(experiment, run) } else { linear(experiment, run) }
    },
    minds_leftover_threads: false,
};

// --- a limit is kept, and nothing is lost by it -----------------------------------------------------------

const TIMEOUTS: Rules = Rules {
    check: "q5.queue_timeout",
    experiments: |world, _| {
        let script = |places, threads: &[&[Op]]| Script::new(&[FIFO, places], threads);
        let alone =
            script(2, &[]).before(&[within(0), P1, within(0), within(0), P2, FOR_EVER, P3, within(1), T]);
        let timed = [
            script(2, &[&[within(3)], &[sleep(5), P1]]),
            script(2, &[&[within(8)], &[sleep(5), P1], &[sleep(2), FOR_EVER, within(1)], &[sleep(6), P2]]),
            // Woken in vain again and again, it still gives up when it said.
            script(9, &[&[within(10)], &[sleep(3), P1, T, sleep(3), P2, T, sleep(9), P3, T]]),
            script(9, &[&[within(10)], &[within(20)], &[sleep(6), P1, T, sleep(2), P2, T, sleep(30), P3, T]]),
            // It gives up at the very moment at which an item comes.
            script(1, &[&[within(5)], &[sleep(5), P1]]),
        ];
        let mut wanted = vec![alone.in_order().experiment(world)];
        if world == World::Model {
            // Here a limit may pass at any moment.
            wanted.push(
                script(1, &[&[P1], &[within(2)], &[within(2)]]).after(&[T, T]).in_order().experiment(world),
            );
        }
        wanted.extend(timed.into_iter().filter_map(|script| script.after(&[T, T]).in_order().timed(world)));
        wanted.push(script(2, &[]).before(&[P1, NEARLY_FOR_EVER, T]).in_order().experiment(world));
        wanted.extend(script(2, &[&[FOR_AGES], &[sleep(A_CENTURY), P1]]).in_order().timed(world));
        wanted
    },
    judge: either,
    minds_leftover_threads: false,
};

// --- `join` waits until the work is done -------------------------------------------------------------------

const WORK: Rules = Rules {
    check: "q5.queue_join",
    experiments: |world, fresh| {
        let [a, b] = [fresh.fresh(), fresh.fresh()];
        let script = |places, threads: &[&[Op]]| Script::new(&[FIFO, places], threads);
        let alone = [
            script(3, &[]).before(&[J, P1, G, D, J, P2, P3, G, D, T, D, J]),
            // One too many, and then everything works as before.
            script(3, &[]).before(&[D, P1, G, D, D, J, P2, T, D, J, T]),
            script(3, &[]).before(&[P1, P2, G, D, D, G, D, J]),
        ];
        let together = [
            script(3, &[&[P1, P2, J], &[G, D, G, D]]),
            script(3, &[&[J], &[J], &[G, D]]).before(&[P1]),
            script(3, &[&[J], &[G, D], &[G, D]]).before(&[P1, P2]),
            script(3, &[&[G, D], &[D]]).before(&[P1]),
            // Two at once, and one of them is one too many: another item still waits.
            script(3, &[&[D], &[D]]).before(&[P1, P2, G]).after(&[T]),
            // One too many panics while another thread waits.
            script(3, &[&[within(9)], &[D, P1]]),
            script(2, &[&[P1, P2, J], &[G, D, G, D]]).before(&[D]),
            script(3, &[&[G, write(a), D], &[J, READ]]).before(&[P1]),
            script(3, &[&[G, write(b), D], &[G, D], &[J, READ]]).before(&[P1, P2]),
        ];
        let timed = [
            script(3, &[&[J], &[G, sleep(2), D, G, sleep(3), D], &[sleep(1), J]]).before(&[P1, P2]),
            script(3, &[&[J], &[sleep(2), G, sleep(1), D, J]]).before(&[P1]),
        ];
        let more = [
            // Taken is taken, whichever call took it.
            script(3, &[]).before(&[P1, within(1), D]),
            // One who joins stands beside one who waits for a place, or for an item, and wants neither.
            script(1, &[&[J], &[P2], &[G, G, D, D]]).before(&[P1]),
            script(2, &[&[J], &[G, D], &[P2, D]]).before(&[P1, G]),
        ];
        // What is put while somebody joins counts as well, and `task_done` does not say of which item it speaks.
        let meanwhile = script(3, &[&[J], &[sleep(1), P2, G, G, D, sleep(1), D]]).before(&[P1]);
        let untimed = alone.iter().chain(&together).map(|script| script.experiment(world));
        let mut wanted: Vec<Experiment> = untimed.collect();
        wanted.extend(timed.iter().filter_map(|script| script.clone().in_order().timed(world)));
        wanted.extend(more.map(|script| script.in_order().experiment(world)));
        wanted.extend(meanwhile.in_order().timed(world));
        wanted
    },
    judge: |experiment, run| {
        if experiment.timed {
            return at_once(experiment, run);
        }
        linear_but(Leave::Places, experiment, run)?;
        published(run, |call| call.op == J)
    },
    minds_leftover_threads: false,
};

// --- after `close` nothing goes in, and what is left comes out ----------------------------------------------

const CLOSING: Rules = Rules {
    check: "q5.queue_close",
    experiments: |world, _| {
        let script = |places, threads: &[&[Op]]| Script::new(&[FIFO, places], threads);
        let alone = [
            script(2, &[]).before(&[P1, P2, C, P3, G, T, G, T, within(1), FOR_EVER, P4, C, G]),
            Script::new(&[PRIORITY, 3], &[]).before(&[P2, P1, C, P3, within(0), G, within(0)]),
            script(1, &[]).before(&[C, C, G, J]),
        ];
        let together = [
            script(2, &[&[G], &[G], &[C]]),
            script(1, &[&[P2], &[P3], &[C]]).before(&[P1]).after(&[T, T]),
            script(1, &[&[P1, P2], &[G, G], &[C]]).after(&[T, T]),
            script(2, &[&[FOR_EVER, G], &[P1, C]]),
            script(2, &[&[C, J], &[G, D]]).before(&[P1]),
            script(2, &[&[J], &[C], &[G, D]]).before(&[P1]),
        ];
        let timed = [
            script(2, &[&[G], &[sleep(1), FOR_EVER], &[sleep(3), C]]),
            script(1, &[&[P2], &[sleep(1), P3], &[sleep(2), C]]).before(&[P1]).after(&[T, T]),
            script(2, &[&[sleep(1), C, J], &[sleep(3), G, sleep(1), D, G, D]]).before(&[P1, P2]),
            // Who would give up some day learns of it at once, too.
            script(2, &[&[within(3600)], &[sleep(3), C]]),
        ];
        let more = [
            // What was not put in is not waited for: whoever joins must not sleep on beside a `put` that fails.
            script(1, &[&[P2], &[J], &[C, G, D]]).before(&[P1]),
            // An item that was put in before the end is no end.
            script(2, &[&[T, T], &[P1, C]]).after(&[T, T]),
            // What is left comes out, also for one who tries while another closes.
            script(2, &[&[T, T], &[C]]).before(&[P1]),
        ];
        let untimed = alone.iter().chain(&together).map(|script| script.clone().in_order().experiment(world));
        let mut wanted: Vec<Experiment> = untimed.collect();
        wanted.extend(timed.iter().filter_map(|script| script.clone().in_order().timed(world)));
        wanted.extend(more.map(|script| script.in_order().experiment(world)));
        wanted
    },
    judge: |experiment, run| {
        if experiment.timed { at_once(experiment, run) } else { linear(experiment, run) }
    },
    minds_leftover_threads: false,
};

// --- whoever waits does nothing else -------------------------------------------------------------------------

const IDLE: Rules = Rules {
    check: "q5.queue_idle",
    experiments: |world, _| {
        let hour = 3600;
        let script = |places, threads: &[&[Op]]| Script::new(&[FIFO, places], threads);
        let scripts = [
            script(1, &[&[P1, P2], &[sleep(hour), G, G]]),
            script(1, &[&[G], &[within(2 * hour)], &[sleep(hour), P1, P2]]),
            script(1, &[&[J], &[sleep(hour), D], &[sleep(1), FOR_EVER], &[sleep(2 * hour), P2]])
                .before(&[P1, G]),
        ];
        scripts.iter().filter_map(|script| script.timed(world)).collect()
    },
    judge: |experiment, run| {
        SPEECH.no_panic(run, |op| op == D)?;
        nobody_slept(experiment, run)?;
        no_thread_left(run)
    },
    minds_leftover_threads: true,
};
