//! The counter: what each check wants to see, and how it reads a run.

use super::words::counter::{self as words, ADD, GET, PANIC_CHANGING, SLOW_UPDATE, UPDATE, UPDATE_BY_OTHER};
use crate::experiment::{Experiment, Rules, World, Wrong};
use crate::fault::Fault;
use crate::history::{Object, explains};
use crate::script::{
    Call, READ, SECOND, Script, Speech, broken_calls, calls, no_thread_left, nobody_slept_but, tool_calls,
    write,
};
use wire::Run;
use wire::script::{self, Op, READ as LOAD, WRITE as STORE};

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[SUM, UPDATES, PANICS, OVERFLOW, PUBLICATION, IDLE];

const SPEECH: Speech = Speech { call: words::call, result: words::result };

const G: Op = [GET, 0, 0];
const BROKEN: Op = [PANIC_CHANGING, 0, 0];

const fn add(amount: u64) -> Op {
    [ADD, amount, 0]
}

const fn update(amount: u64) -> Op {
    [UPDATE, amount, 0]
}

/// Too much for any counter that is not at 0.
const MOST: u64 = u64::MAX;

/// Panics that are asked for, or that may be right because a sum may be too large: which of these is another question.
fn is_meant(experiment: &Experiment) -> impl Fn(Op) -> bool {
    let ops = experiment.words.iter().skip(1).flat_map(|words| script::ops(words));
    let large = ops.into_iter().any(|op| op[0] == ADD && op[1] > u64::MAX / 2);
    move |op| op[0] == PANIC_CHANGING || large && op[0] == ADD
}

/// A script whose calls can be put into an order.
fn ordered(threads: &[&[Op]]) -> Script {
    Script::new(&[], threads).in_order()
}

/// A plain number.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
struct Number(u64);

impl Object<Call> for Number {
    fn play(&mut self, call: &Call) -> bool {
        match (call.op[0], call.result.as_slice()) {
            // It has panicked, and the number is what it was.
            (ADD, []) => return self.0.checked_add(call.op[1]).is_none(),
            (ADD, [new]) => {
                let sum = self.0.checked_add(call.op[1]);
                self.0 = *new;
                return sum == Some(*new);
            }
            (GET, found) => return found == [self.0],
            (UPDATE | UPDATE_BY_OTHER | SLOW_UPDATE, [new, found, ..]) => {
                let fits = *found == self.0 && *new == words::change(*found, call.op[1]);
                self.0 = *new;
                return fits;
            }
            _ => {}
        }
        true
    }
}

/// Some one-at-a-time order explains what every call said.
fn linear(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    let mut calls = tool_calls(run);
    if let Some(call) = calls.iter().find(|call| call.op[0] == PANIC_CHANGING) {
        let what = format!("`change` panicked, but `{}` returned", (SPEECH.call)(call.op));
        return Err(Wrong::new(Fault::SwallowedPanic, what));
    }
    SPEECH.no_panic(run, is_meant(experiment))?;
    if let Some(call) = calls.iter().find(|call| call.result.get(2).is_some_and(|&times| times != 1)) {
        let what = format!("`change` was called {} times by one `update`", call.result[2]);
        return Err(Wrong::new(Fault::Race, what).with_evidence(SPEECH.table(&calls)));
    }
    calls.extend(broken_calls(run));
    if explains(Number::default(), &calls) {
        return Ok(());
    }
    let alone = calls.iter().all(|call| call.thread == 0);
    let fault = if alone { Fault::WrongAnswer } else { Fault::Race };
    let what = SPEECH.unexplained(&calls, |calls| explains(Number::default(), calls));
    Err(Wrong::new(fault, what).with_evidence(SPEECH.table(&calls)))
}

// --- no addition is lost ------------------------------------------------------------------------------

const SUM: Rules = Rules {
    check: "q5.counter_add",
    experiments: |world, fresh| {
        let [x, y, z] = [fresh.fresh(), fresh.fresh(), fresh.fresh()].map(add);
        let alone = ordered(&[]).before(&[G, x, G, y, add(0), z, G]);
        let together = [
            ordered(&[&[x], &[y]]),
            ordered(&[&[x, y], &[z, G], &[G, x]]),
            ordered(&[&[x, G, y], &[G, z, G, x]]),
            ordered(&[&[x, x], &[x, x], &[G, G]]),
        ];
        let together = together.map(|script| script.after(&[G]));
        [alone].iter().chain(&together).map(|script| script.experiment(world)).collect()
    },
    judge: linear,
    minds_leftover_threads: false,
};

// --- an update is one step ------------------------------------------------------------------------------

const UPDATES: Rules = Rules {
    check: "q5.counter_update",
    experiments: |world, fresh| {
        let [x, y] = [fresh.fresh(), fresh.fresh()];
        let alone = ordered(&[]).before(&[update(x), G, add(y), update(y), G]);
        let together = [
            ordered(&[&[update(x)], &[update(y)]]),
            ordered(&[&[update(x)], &[add(y)]]),
            ordered(&[&[update(x), update(y)], &[add(y), G]]),
            ordered(&[&[update(x)], &[update(y)], &[G, add(x)]]),
            ordered(&[&[[UPDATE_BY_OTHER, x, 0]], &[add(y)]]),
        ];
        let together = together.map(|script| script.after(&[G]));
        [alone].iter().chain(&together).map(|script| script.experiment(world)).collect()
    },
    judge: linear,
    minds_leftover_threads: false,
};

// --- a panic in `change` does no harm --------------------------------------------------------------------

const PANICS: Rules = Rules {
    check: "q5.counter_panic",
    experiments: |world, fresh| {
        let [x, y] = [fresh.fresh(), fresh.fresh()];
        let alone =
            ordered(&[]).before(&[BROKEN, G, add(x), BROKEN, G, BROKEN, update(y), G, BROKEN, add(y)]);
        let together = [
            ordered(&[&[add(x), BROKEN, G], &[add(y), G]]),
            ordered(&[&[BROKEN, update(x)], &[add(y)], &[BROKEN]]),
        ];
        let together = together.map(|script| script.after(&[G, add(x)]));
        [alone].iter().chain(&together).map(|script| script.experiment(world)).collect()
    },
    judge: linear,
    minds_leftover_threads: false,
};

// --- nor does a sum that is too much ------------------------------------------------------------------------

const OVERFLOW: Rules = Rules {
    check: "q5.counter_overflow",
    experiments: |world, fresh| {
        let [x, y] = [fresh.fresh(), fresh.fresh()];
        let alone = [
            ordered(&[]).before(&[add(x), add(MOST), G, add(MOST - x), G, add(MOST), G, add(0), G]),
            ordered(&[]).before(&[add(MOST), add(MOST), G]),
            ordered(&[]).before(&[add(x), add(MOST - x + 1), G, add(y), G]),
        ];
        let together = [
            ordered(&[&[add(x), G], &[add(MOST), G]]),
            ordered(&[&[add(MOST - x), G], &[add(MOST - y), G]]),
            ordered(&[&[add(x), add(MOST)], &[add(y), add(y)]]),
        ];
        let together = together.map(|script| script.after(&[G, add(0)]));
        alone.iter().chain(&together).map(|script| script.experiment(world)).collect()
    },
    judge: |experiment, run| {
        linear(experiment, run).map_err(|wrong| {
            let too_much =
                |call: &&Call| call.op[0] == ADD && call.result.first().is_some_and(|&sum| sum < call.op[1]);
            let calls = tool_calls(run);
            let Some(call) = calls.iter().find(too_much) else { return wrong };
            let what =
                format!("`{}`: the sum is more than a u64 holds, and `add` did not panic", SPEECH.told(call));
            Wrong { headline: what, ..wrong }
        })
    },
    minds_leftover_threads: false,
};

// --- what was written before is seen after ---------------------------------------------------------------

const PUBLICATION: Rules = Rules {
    check: "q5.counter_publication",
    experiments: |world, fresh| {
        let [x, y] = [fresh.fresh(), fresh.fresh()];
        // Plain threads: nothing but the counter makes the store visible.
        let scripts: [&[&[Op]]; 5] = [
            &[&[write(x), add(1)], &[G, READ]],
            &[&[write(x), add(1)], &[add(0), READ]],
            &[&[write(x), update(1)], &[G, READ]],
            &[&[write(x), write(y), add(1)], &[update(0), READ]],
            &[&[write(x), update(1)], &[G, G, READ]],
        ];
        scripts.map(|threads| Script::new(&[], threads).experiment(world)).to_vec()
    },
    judge: |experiment, run| {
        SPEECH.no_panic(run, is_meant(experiment))?;
        // The first thread stores, then changes the counter from 0; whoever finds another number than its own doing
        // has found this change.
        let calls = calls(run);
        let last = calls.iter().filter(|call| call.op[0] == STORE).max_by_key(|call| call.returned);
        let last = last.map_or(0, |call| call.op[1]);
        let found = |call: &Call| match (call.op[0], call.result.as_slice()) {
            (UPDATE, [_, found, ..]) => *found > 0,
            (ADD | GET, [value]) => *value > 0,
            _ => false,
        };
        let knows = |read: &Call| {
            calls.iter().any(|call| call.thread == read.thread && found(call) && call.returned < read.began)
        };
        let stale = |call: &&Call| call.op[0] == LOAD && knows(call) && call.result != [last];
        match calls.iter().find(stale) {
            Some(read) => {
                let what = format!(
                    "a thread found the counter changed and then read {:?}, though {last} was stored before the change",
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
    check: "q5.counter_idle",
    experiments: |world: World, fresh| {
        let slow: Op = [SLOW_UPDATE, fresh.fresh(), 3600 * SECOND];
        let scripts = [ordered(&[&[slow], &[add(1)], &[add(2)]]), ordered(&[&[slow], &[slow], &[G, G]])];
        scripts.iter().filter_map(|script| script.timed(world)).collect()
    },
    judge: |experiment: &Experiment, run| {
        SPEECH.no_panic(run, is_meant(experiment))?;
        let slow = tool_calls(run).into_iter().filter(|call| call.op[0] == SLOW_UPDATE);
        let told = slow.filter_map(|call| call.result.get(2).copied()).sum();
        nobody_slept_but(experiment, run, told)?;
        no_thread_left(run)
    },
    minds_leftover_threads: true,
};
