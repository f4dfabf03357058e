//! The handoff: what each check wants to see, and how it reads a run.

use super::words::handoff::{self as words, GIVE, TAKE};
use crate::experiment::{Experiment, Rules, Wrong};
use crate::fault::Fault;
use crate::script::{
    Call, HURRY, READ, Script, Speech, calls, no_thread_left, nobody_slept, of_each_tool, other, sleep,
    tool_calls, write,
};
use wire::Run;
use wire::script::{Op, READ as LOAD, WRITE as STORE};

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[ITEMS, MEETS, WAKES, PUBLICATION, IDLE];

const SPEECH: Speech = Speech { call: words::call, result: words::result };

const T: Op = [TAKE, 0, 0];

/// `give`; each item is another.
const fn give(item: u64) -> Op {
    [GIVE, item, 0]
}

/// Every item that was given was taken once, and nothing else was.
fn each_once(run: &Run) -> Result<(), Wrong> {
    SPEECH.no_panic(run, |_| false)?;
    let calls = tool_calls(run);
    of_each_tool(&calls).iter().try_for_each(|calls| each_once_of(calls))
}

fn each_once_of(calls: &[Call]) -> Result<(), Wrong> {
    let given: Vec<u64> = calls.iter().filter(|call| call.op[0] == GIVE).map(|call| call.op[1]).collect();
    let taken: Vec<u64> = calls.iter().filter_map(taken).collect();
    let times = |item: &u64| taken.iter().filter(|other| *other == item).count();
    let what = if let Some(item) = taken.iter().find(|item| !given.contains(item)) {
        format!("{item} was taken, but nobody has given it")
    } else if let Some(item) = given.iter().find(|item| times(item) != 1) {
        format!("{item} was given once and taken {} times", times(item))
    } else {
        return Ok(());
    };
    Err(Wrong::new(Fault::Race, what).with_evidence(SPEECH.table(calls)))
}

/// The item that a call took.
fn taken(call: &Call) -> Option<u64> {
    (call.op[0] == TAKE).then(|| call.result.first().copied()).flatten()
}

/// Every `give` with the `take` that got its item.
fn pairs(calls: &[Call]) -> impl Iterator<Item = (&Call, &Call)> {
    let gives = calls.iter().filter(|call| call.op[0] == GIVE);
    gives.filter_map(|give| Some((give, calls.iter().find(|call| taken(call) == Some(give.op[1]))?)))
}

// --- each item to exactly one ------------------------------------------------------------------------

const ITEMS: Rules = Rules {
    check: "q5.handoff_items",
    experiments: |world, fresh| {
        let [a, b, c] = [fresh.fresh(), fresh.fresh(), fresh.fresh()].map(give);
        let scripts = [
            Script::new(&[], &[&[a, b, c], &[T, T, T]]),
            Script::new(&[], &[&[a, b], &[c], &[T, T], &[T]]),
            Script::new(&[], &[&[a], &[b], &[c], &[T, T, T]]),
            Script::new(&[], &[&[a, b, c], &[T], &[T], &[T]]),
            // The same threads give and take.
            Script::new(&[], &[&[a, T, c], &[T, b, T]]),
            Script::new(&[], &[&[a, T], &[T, b]]),
        ];
        scripts.iter().map(|script| script.experiment(world)).collect()
    },
    judge: |_, run| each_once(run),
    minds_leftover_threads: false,
};

// --- `give` returns when its own item was taken ---------------------------------------------------------

/// Nobody who gives goes on before somebody came to take this very item.
fn meet(run: &Run) -> Result<(), Wrong> {
    SPEECH.no_panic(run, |_| false)?;
    let calls = tool_calls(run);
    let alone =
        |give: &Call| !calls.iter().any(|take| taken(take) == Some(give.op[1]) && take.began < give.returned);
    match calls.iter().find(|call| call.op[0] == GIVE && alone(call)) {
        Some(call) => {
            let what = format!("`{}` returned before anybody took this item", SPEECH.told(call));
            Err(Wrong::new(Fault::Race, what).with_evidence(SPEECH.table(&calls)))
        }
        None => Ok(()),
    }
}

const MEETS: Rules = Rules {
    check: "q5.handoff_meets",
    experiments: |world, fresh| {
        let [a, b, c] = [fresh.fresh(), fresh.fresh(), fresh.fresh()].map(give);
        let many: Vec<[Op; 1]> = (0..9).map(|_| [give(fresh.fresh())]).collect();
        let one_by_one = [sleep(1), T].repeat(many.len());
        let crowd: Vec<&[Op]> = many.iter().map(|op| &op[..]).chain([&one_by_one[..]]).collect();
        let scripts = [
            Script::new(&[], &[&[a, b], &[T, T]]),
            Script::new(&[], &[&[a], &[b], &[T, T]]),
            Script::new(&[], &[&[a, b], &[c], &[T, T, T]]),
        ];
        let timed = [
            Script::new(&[], &[&[a], &[sleep(5), T]]),
            Script::new(&[], &[&[a], &[b], &[sleep(1), T, sleep(1), T]]),
            Script::new(
                &[],
                &[&[a], &[sleep(1), b], &[sleep(2), c], &[sleep(3), T, sleep(1), T, sleep(1), T]],
            ),
            // Many give, and one at a time is met.
            Script::new(&[], &crowd),
        ];
        // So many that they no longer have a bit each.
        let throng: Vec<[Op; 1]> = (0..65).map(|_| [give(fresh.fresh())]).collect();
        // After the first they are all met before any of them comes to look: to call each of them again and again takes long.
        let then_all = [&[sleep(1), T, sleep(1), HURRY], &[T].repeat(throng.len() - 1)[..]].concat();
        let throng: Vec<&[Op]> = throng.iter().map(|op| &op[..]).chain([&then_all[..]]).collect();
        let throng = Script::new(&[], &throng).timed(world).map(|it| Experiment { runs: 3, ..it });
        let scripts = scripts.iter().map(|script| script.experiment(world));
        scripts.chain(timed.iter().filter_map(|script| script.timed(world))).chain(throng).collect()
    },
    judge: |_, run| meet(run),
    minds_leftover_threads: false,
};

// --- and neither of the two waits any longer ----------------------------------------------------------

/// Both of a pair return when the later of them has come, and no two wait for each other.
fn at_once(run: &Run) -> Result<(), Wrong> {
    let calls = calls(run);
    let met = |(give, take): (&Call, &Call)| {
        let late = |call: &Call| call.returned_ns > give.began_ns.max(take.began_ns);
        [give, take].into_iter().find(|call| late(call)).cloned()
    };
    let gives = || calls.iter().filter(|call| call.op[0] == GIVE);
    let takes = || calls.iter().filter(|call| call.op[0] == TAKE);
    let both_waited =
        |give: &Call, take: &Call| give.began_ns.max(take.began_ns) < give.returned_ns.min(take.returned_ns);
    let what = if let Some(late) = pairs(&calls).find_map(met) {
        let when = late.took();
        format!("`{}` took {when:?}, longer than until it had met the other", SPEECH.told(&late))
    } else if let Some(take) = takes().find(|take| gives().any(|give| both_waited(give, take))) {
        format!("`{}` took {:?}, while there was somebody who gave", SPEECH.told(take), take.took())
    } else {
        return Ok(());
    };
    Err(Wrong::new(Fault::LostWakeUp, what).with_evidence(SPEECH.table(&calls)))
}

const WAKES: Rules = Rules {
    check: "q5.handoff_wakes",
    experiments: |world, fresh| {
        let [a, b, c] = [fresh.fresh(), fresh.fresh(), fresh.fresh()].map(give);
        let scripts =
            [Script::new(&[], &[&[a], &[b], &[T], &[T]]), Script::new(&[], &[&[a, b], &[T, T], &[c], &[T]])];
        let timed = [
            Script::new(&[], &[&[a], &[sleep(1), T]]),
            Script::new(&[], &[&[T], &[sleep(1), a]]),
            // One of two is met; the other goes on waiting, whatever lies there.
            Script::new(&[], &[&[a], &[sleep(1), b], &[sleep(2), T, sleep(3), T]]),
            Script::new(&[], &[&[T], &[sleep(1), T], &[sleep(2), a, sleep(3), b]]),
            Script::new(&[], &[&[a, b], &[sleep(1), T, sleep(1), T]]),
            Script::new(&[], &[&[a], &[b], &[c], &[sleep(1), T, sleep(1), T, sleep(1), T]]),
        ];
        // Two handoffs: whoever waits at one is not called for the other.
        let apart: &[&[Op]] = &[&[a], &[T], &[other(b)], &[other(T)]];
        let apart = Script::new(&[1], apart).experiment(world);
        // One oversleeps that its item is taken, and 255 others after it; when it looks there is one more.
        let others: Vec<Op> =
            [HURRY, sleep(1)].into_iter().chain((0..256).map(|_| give(fresh.fresh()))).collect();
        let takers = [&[HURRY, sleep(1)][..], &[T; 256], &[sleep(1), T]].concat();
        let oversleeps = Script::new(&[], &[&[c], &others, &takers]).timed(world);
        let oversleeps = oversleeps.map(|it| Experiment { runs: 3, ..it });
        let scripts = scripts.iter().map(|script| script.experiment(world));
        let timed = timed.iter().filter_map(|script| script.timed(world));
        scripts.chain(timed).chain([apart]).chain(oversleeps).collect()
    },
    judge: |experiment, run| {
        SPEECH.no_panic(run, |_| false)?;
        if experiment.timed { at_once(run) } else { Ok(()) }
    },
    minds_leftover_threads: false,
};

// --- what either wrote before is seen by the other ---------------------------------------------------

const PUBLICATION: Rules = Rules {
    check: "q5.handoff_publication",
    experiments: |world, fresh| {
        let [a, x, y] = [fresh.fresh(), fresh.fresh(), fresh.fresh()];
        let scripts = [
            Script::new(&[], &[&[write(x), give(a)], &[T, READ]]),
            Script::new(&[], &[&[give(a), READ], &[write(x), T]]),
            Script::new(&[], &[&[give(a), READ], &[write(x), write(y), T]]),
        ];
        let timed = [Script::new(&[], &[&[give(a), READ], &[sleep(1), write(x), T]])];
        let scripts = scripts.iter().map(|script| script.experiment(world));
        scripts.chain(timed.iter().filter_map(|script| script.timed(world))).collect()
    },
    judge: |_, run| {
        meet(run)?;
        // One of the two stores before they meet, and the other loads after it.
        let calls = calls(run);
        let stored = calls.iter().filter(|call| call.op[0] == STORE).max_by_key(|call| call.returned);
        let stored = stored.map_or(0, |call| call.op[1]);
        match calls.iter().find(|call| call.op[0] == LOAD && call.result != [stored]) {
            Some(read) => {
                let what = format!(
                    "{stored} was stored before the two met, and the other of them read {:?} after it",
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
    check: "q5.handoff_idle",
    experiments: |world, fresh| {
        let [a, b] = [fresh.fresh(), fresh.fresh()].map(give);
        let hour = 3600;
        let scripts = [
            Script::new(&[], &[&[a], &[b], &[sleep(hour), T, sleep(hour), T]]),
            Script::new(&[], &[&[T], &[T], &[sleep(hour), a, sleep(hour), b]]),
        ];
        scripts.iter().filter_map(|script| script.timed(world)).collect()
    },
    judge: |experiment: &Experiment, run| {
        SPEECH.no_panic(run, |_| false)?;
        nobody_slept(experiment, run)?;
        no_thread_left(run)
    },
    minds_leftover_threads: true,
};
