//! The semaphore: what each check wants to see, and how it reads a run.

use super::words::semaphore::{self as words, ACQUIRE, AVAILABLE, PANIC_HOLDING, RELEASE, TIMEOUT, TRY};
use crate::experiment::{Experiment, Rules, World, Wrong};
use crate::fault::Fault;
use crate::history::{Object, explains};
use crate::script::{
    A_CENTURY, Call, READ, SECOND, Script, Speech, broken_calls, calls, no_thread_left, nobody_slept,
    of_each_tool, other, sleep, tool_calls, write,
};
use std::borrow::Cow;
use wire::Run;
use wire::script::{self, Op};

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[BOUNDS, WAKES, TIMEOUTS, PUBLICATION, PANICS, IDLE];

const SPEECH: Speech = Speech { call: words::call, result: words::result };

const A: Op = [ACQUIRE, 0, 0];
const R: Op = [RELEASE, 0, 0];
const T: Op = [TRY, 0, 0];
const N: Op = [AVAILABLE, 0, 0];
const BROKEN: Op = [PANIC_HOLDING, 0, 0];

/// `acquire_timeout`, with a limit in seconds.
const fn within(seconds: u64) -> Op {
    [TIMEOUT, seconds * SECOND, 0]
}

const FOR_EVER: Op = [TIMEOUT, script::LONGEST, 0];
const NEARLY_FOR_EVER: Op = [TIMEOUT, script::NEARLY_LONGEST, 0];
const FOR_AGES: Op = [TIMEOUT, script::AGES, 0];

/// A plain semaphore.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Permits {
    free: u64,
    all: u64,
    /// Whether one thread makes all calls.
    is_alone: bool,
}

impl Object<Call> for Permits {
    fn play(&mut self, call: &Call) -> bool {
        match (call.op[0], call.result.first().copied()) {
            (ACQUIRE, _) | (TRY | TIMEOUT, Some(1)) => {
                let was_free = self.free > 0;
                self.free = self.free.saturating_sub(1);
                was_free
            }
            (TRY, _) => self.free == 0,
            // Beside others it may give up although a permit is free by now: time is another check's business.
            (TIMEOUT, _) => !self.is_alone || self.free == 0,
            (RELEASE, Some(0)) => true,
            (RELEASE, _) => {
                self.free += 1;
                self.free <= self.all
            }
            (AVAILABLE, found) => found == Some(self.free),
            _ => true,
        }
    }
}

/// Some one-at-a-time order explains what every call said.
fn linear(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    SPEECH.no_panic(run, |op| op == BROKEN)?;
    let (all, mut calls) = (experiment.words[0][0], tool_calls(run));
    // Whoever panics with a permit has taken it and given it back in between.
    for broken in broken_calls(run) {
        calls.extend([A, R].map(|op| Call { op, ..broken.clone() }));
    }
    let is_alone = calls.iter().all(|call| call.thread == 0);
    let explains = |calls: &Cow<'_, [Call]>| explains(Permits { free: all, all, is_alone }, calls);
    let fits = |calls: &[Call]| of_each_tool(calls).iter().all(explains);
    if fits(&calls) {
        return Ok(());
    }
    let permits = if all == 1 { "1 permit".into() } else { format!("{all} permits") };
    let what = format!("with {permits}, {}", SPEECH.unexplained(&calls, fits));
    let fault = if is_alone { Fault::WrongAnswer } else { Fault::Race };
    Err(Wrong::new(fault, what).with_evidence(SPEECH.table(&calls)))
}

// --- never more permits out than there are --------------------------------------------------------

const BOUNDS: Rules = Rules {
    check: "q5.semaphore_bounds",
    experiments: |world, _| {
        let alone = Script::new(&[2], &[]).before(&[N, A, N, T, N, T, R, N, T, R, R, N]);
        let together = [
            Script::new(&[1], &[&[A, N, R], &[T, N, R]]),
            Script::new(&[2], &[&[A, R, T, R], &[T, N, R], &[T, T, R, R]]),
            Script::new(&[1], &[&[T, R, T, R], &[T, R], &[T, N, R]]),
            Script::new(&[0], &[&[T, N], &[T]]),
        ];
        let together = together.map(|script| script.after(&[N, T, N]));
        // Both may look before either takes.
        let held = Script::new(&[1], &[&[T, sleep(5), R], &[T, sleep(5), R]]).in_order().timed(world);
        let plain =
            [alone].into_iter().chain(together).map(|script| script.clone().in_order().experiment(world));
        // More than a byte can count.
        let many = Script::new(&[1000], &[]).before(&[N, A, T, N, R, N]).in_order().experiment(world);
        plain.chain(held).chain([many]).collect()
    },
    judge: |experiment, run| {
        linear(experiment, run)?;
        let calls = calls(run);
        let waited = |call: &&Call| call.op == T && experiment.timed && !call.took().is_zero();
        match calls.iter().find(waited) {
            Some(call) => {
                let what = format!("`try_acquire()` waited for {:?}; it never waits", call.took());
                Err(Wrong::new(Fault::Blocks, what).with_evidence(SPEECH.table(&calls)))
            }
            None => Ok(()),
        }
    },
    minds_leftover_threads: false,
};

// --- a permit that comes back lets a waiter go on --------------------------------------------------

/// Nobody goes on later than the moment at which a permit was there for it.
fn at_once(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    linear(experiment, run)?;
    let calls = calls(run);
    let given_back = |by: &Call| {
        let then = |call: &Call| call.began_ns == by.returned_ns && call.began < by.returned;
        calls.iter().any(|call| call.op[0] == RELEASE && then(call))
    };
    let late = calls.iter().find(|call| {
        let waited = call.op[0] == ACQUIRE || call.op[0] == TIMEOUT && call.result == [1];
        waited && call.returned_ns != call.began_ns && !given_back(call)
    });
    match late {
        Some(call) => {
            let what = format!(
                "`{}` returned {:?} later, at a moment when no permit came back",
                SPEECH.told(call),
                call.took()
            );
            Err(Wrong::new(Fault::LostWakeUp, what).with_evidence(SPEECH.table(&calls)))
        }
        None => Ok(()),
    }
}

const WAKES: Rules = Rules {
    check: "q5.semaphore_wakes",
    experiments: |world, _| {
        let mut together = vec![
            Script::new(&[1], &[&[A, R], &[A, R], &[A, R]]),
            // Two come back at once, for two who wait.
            Script::new(&[2], &[&[A, R], &[A, R], &[A, R], &[A, R]]),
        ];
        if world == World::Model {
            // Whoever waits for a permit must not be passed over for one who gives up.
            together.push(Script::new(&[1], &[&[A, R], &[A, R], &[within(1), R]]));
        }
        let timed = [
            Script::new(&[2], &[&[A, A, sleep(5), R, R], &[sleep(1), A, R], &[sleep(2), A, R]]),
            Script::new(&[1], &[&[A, sleep(5), R], &[sleep(1), A, sleep(4), R], &[sleep(2), FOR_EVER, R]]),
            // Two come back before either of the two who wait has had its turn, and the first one keeps its own.
            Script::new(
                &[2],
                &[&[A, A, sleep(5), R, R], &[sleep(1), within(20), sleep(9), R], &[sleep(2), A, R]],
            ),
            // Two semaphores: whoever waits for a permit of one is not called for one of the other.
            Script::new(
                &[1, 1],
                &[
                    &[A, sleep(5), R],
                    &[sleep(2), A, R],
                    &[other(A), sleep(9), other(R)],
                    &[sleep(1), other(A), other(R)],
                ],
            ),
        ];
        let together = together.iter().map(|script| script.clone().in_order().experiment(world));
        let timed = timed.iter().filter_map(|script| script.clone().in_order().timed(world));
        together.chain(timed).collect()
    },
    judge: |experiment, run| {
        if experiment.timed { at_once(experiment, run) } else { linear(experiment, run) }
    },
    minds_leftover_threads: false,
};

// --- a limit is kept, and nothing is lost by it -----------------------------------------------------

/// Whoever gives up has waited for exactly its limit.
fn on_time(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    at_once(experiment, run)?;
    let calls = calls(run);
    let limit = |call: &&Call| call.op[0] == TIMEOUT;
    for call in calls.iter().filter(limit) {
        let (took, limit) = (call.took(), words::limit(call.op[1]));
        let what = match call.result[..] {
            [0] if took != limit => format!("`{}` gave up after {took:?}", (SPEECH.call)(call.op)),
            [1] if took > limit => format!("`{}` still waited after {took:?}", (SPEECH.call)(call.op)),
            _ => continue,
        };
        return Err(Wrong::new(Fault::Timeout, what).with_evidence(SPEECH.table(&calls)));
    }
    Ok(())
}

const TIMEOUTS: Rules = Rules {
    check: "q5.semaphore_timeout",
    experiments: |world, _| {
        let mut wanted = vec![
            Script::new(&[1], &[])
                .before(&[within(0), within(0), R, FOR_EVER, R, N])
                .in_order()
                .experiment(world),
        ];
        let timed = [
            Script::new(&[1], &[&[A, sleep(10), R], &[sleep(1), within(3), R]]),
            // It comes back in time.
            Script::new(&[1], &[&[A, sleep(5), R], &[sleep(1), within(8), R], &[sleep(2), FOR_EVER, R]]),
            // Woken in vain again and again, it still gives up when it said.
            Script::new(
                &[1],
                &[
                    &[A, sleep(3), R, A, sleep(3), R, A, sleep(9), R],
                    &[sleep(1), within(10), R],
                    &[sleep(1), A, sleep(1), R, A, sleep(1), R],
                ],
            ),
            // It gives up at the very moment at which the permit comes back.
            Script::new(&[1], &[&[A, sleep(5), R], &[within(5), R], &[sleep(1), A, R]]),
            // Two give up, one after the other, and somebody stands behind them.
            Script::new(
                &[1],
                &[
                    &[A, sleep(9), R],
                    &[sleep(1), A, R],
                    &[sleep(2), within(2)],
                    &[sleep(3), within(3)],
                    &[sleep(5), A, R],
                ],
            ),
        ];
        wanted.extend(timed.into_iter().filter_map(|script| script.after(&[N]).in_order().timed(world)));
        // Here a limit may pass at any moment.
        if world == World::Model {
            wanted.push(
                Script::new(&[1], &[&[A, R], &[within(2), R], &[A, R]])
                    .after(&[N])
                    .in_order()
                    .experiment(world),
            );
        }
        // Longer than clocks can say, and than their nanoseconds can be counted.
        let long = [
            Script::new(&[1], &[&[A, sleep(A_CENTURY), R], &[sleep(1), NEARLY_FOR_EVER, R]]),
            Script::new(&[1], &[&[A, sleep(A_CENTURY), R], &[sleep(1), FOR_AGES, R]]),
        ];
        wanted.extend(long.into_iter().filter_map(|script| script.in_order().timed(world)));
        wanted
    },
    judge: |experiment, run| {
        if experiment.timed { on_time(experiment, run) } else { linear(experiment, run) }
    },
    minds_leftover_threads: false,
};

// --- what was written before is seen after ----------------------------------------------------------

const PUBLICATION: Rules = Rules {
    check: "q5.semaphore_publication",
    experiments: |world, fresh| {
        let [a, b] = [fresh.fresh(), fresh.fresh()];
        // The only permit: whoever has it comes after the stores of all who had it before.
        let giver = [A, write(a), R, A, write(b), R];
        let takers = [[A, READ, R], [within(9), READ, R], [T, READ, R]];
        let script = |taker: [Op; 3]| Script::new(&[1], &[&giver, &taker]).experiment(world);
        takers.map(script).to_vec()
    },
    judge: |experiment, run| {
        linear(experiment, run)?;
        let calls = calls(run);
        // The permit is passed from hand to hand: its holders are in an order, and each sees the last store.
        let took = |call: &&Call| call.op[0] == ACQUIRE || call.result == [1];
        let holds = |read: &Call| {
            calls.iter().any(|call| call.thread == read.thread && took(&call) && call.returned < read.began)
        };
        for read in calls.iter().filter(|call| call.op[0] == script::READ && holds(call)) {
            let stores =
                calls.iter().filter(|call| call.op[0] == script::WRITE && call.returned < read.began);
            let last = stores.max_by_key(|call| call.returned).map_or(0, |call| call.op[1]);
            if read.result != [last] {
                let what = format!(
                    "a thread with the permit read {:?}, though {last} was stored before the permit was given back",
                    read.result
                );
                return Err(Wrong::new(Fault::StaleRead, what).with_evidence(SPEECH.table(&calls)));
            }
        }
        Ok(())
    },
    minds_leftover_threads: false,
};

// --- a panic gives the permit back --------------------------------------------------------------------

const PANICS: Rules = Rules {
    check: "q5.semaphore_panic",
    experiments: |world, _| {
        let together = [
            Script::new(&[1], &[&[BROKEN, A, R], &[A, R]]),
            Script::new(&[2], &[&[BROKEN, T, R], &[A, A, R, R]]),
        ];
        let together = together.map(|script| script.after(&[N, T, R, N]));
        let alone = Script::new(&[1], &[]).before(&[BROKEN, N, A, R, BROKEN, T, R, N]);
        [alone].iter().chain(&together).map(|script| script.clone().in_order().experiment(world)).collect()
    },
    judge: linear,
    minds_leftover_threads: false,
};

// --- whoever waits does nothing else -------------------------------------------------------------------

const IDLE: Rules = Rules {
    check: "q5.semaphore_idle",
    experiments: |world, _| {
        let hour = 3600;
        let scripts = [
            Script::new(&[1], &[&[A, sleep(hour), R], &[A, R], &[within(2 * hour), R]]),
            Script::new(&[1], &[&[A, sleep(hour), R], &[sleep(1), FOR_EVER, R]]),
        ];
        scripts.iter().filter_map(|script| script.clone().in_order().timed(world)).collect()
    },
    judge: |experiment, run| {
        SPEECH.no_panic(run, |op| op == BROKEN)?;
        nobody_slept(experiment, run)?;
        no_thread_left(run)
    },
    minds_leftover_threads: true,
};
