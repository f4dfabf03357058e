//! The reentrant lock: what each check wants to see, and how it reads a run.

use super::words::reentrant::{
    self as words, ADD, FIRST, LOCK, LOCK_MANY, MEET, PANIC_HOLDING, UNLOCK, UNLOCK_MANY,
};
use crate::experiment::{Experiment, Rules, World, Wrong};
use crate::fault::Fault;
use crate::history::{Object, explains};
use crate::script::{
    Call, READ, Script, Speech, broken_calls, calls, no_thread_left, nobody_slept, sleep, tool_calls, write,
};
use wire::Run;
use wire::script::{Op, READ as LOAD, SLEEP, WRITE as STORE, YIELD};

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[EXCLUDES, NESTS, WAKES, PUBLICATION, PANICS, IDLE];

const SPEECH: Speech = Speech { call: words::call, result: words::result };

const L: Op = [LOCK, 0, 0];
/// Drops the oldest guard.
const U: Op = [UNLOCK, 0, 0];
/// Drops the newest guard.
const V: Op = [UNLOCK, 0, 1];
const P: Op = [ADD, 0, 0];
/// Panics with one guard, or with two.
const BROKEN: Op = [PANIC_HOLDING, 0, 1];
const BROKEN_TWICE: Op = [PANIC_HOLDING, 0, 2];
/// Locks, and a thread that is new each time tries to do so, too.
const MEETS: Op = [MEET, 0, 0];

/// The same call on the other lock.
const fn b(op: Op) -> Op {
    [op[0], 1, op[2]]
}

fn is_meant(op: Op) -> bool {
    op[0] == PANIC_HOLDING
}

/// What threads do with the two locks. None of these scripts takes both locks in both orders.
fn script(threads: &[&[Op]]) -> Script {
    Script::new(&[], threads)
}

/// Two plain locks: who holds each, and how often; and the numbers in them.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Locks([Hold; 2]);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Hold {
    owner: u64,
    depth: u64,
    number: u64,
}

impl Object<Call> for Locks {
    fn play(&mut self, call: &Call) -> bool {
        let hold = &mut self.0[usize::from(call.op[1] == 1)];
        let is_mine = hold.depth > 0 && hold.owner == call.thread;
        match (call.op[0], call.result.first().copied()) {
            (LOCK, _) => {
                let fits = hold.depth == 0 || is_mine;
                (hold.owner, hold.depth) = (call.thread, hold.depth + 1);
                fits
            }
            (UNLOCK, Some(1)) => {
                hold.depth = hold.depth.saturating_sub(1);
                is_mine
            }
            (LOCK_MANY, _) => {
                let fits = hold.depth == 0 || is_mine;
                (hold.owner, hold.depth) = (call.thread, hold.depth + call.op[2]);
                fits
            }
            (UNLOCK_MANY, _) => {
                hold.depth = hold.depth.saturating_sub(call.op[2]);
                is_mine
            }
            (ADD, Some(before)) => {
                let fits = is_mine && before == hold.number;
                hold.number += 1;
                fits
            }
            (MEET, came_in) => came_in == Some(0) && hold.depth == 0,
            // A panic that comes and goes with its guards: another thread must not hold the lock.
            (PANIC_HOLDING, _) => hold.depth == 0 || is_mine,
            _ => true,
        }
    }
}

/// Some one-at-a-time order explains what every call said.
fn linear(run: &Run) -> Result<(), Wrong> {
    SPEECH.no_panic(run, is_meant)?;
    let mut calls = tool_calls(run);
    calls.extend(broken_calls(run));
    let free = Hold { owner: 0, depth: 0, number: FIRST };
    let fits = |calls: &[Call]| explains(Locks([free; 2]), calls);
    if fits(&calls) {
        return Ok(());
    }
    let met = calls.iter().any(|call| call.op[0] == MEET && call.result == [1]);
    let what = match two_at_once(&calls) {
        _ if met => "a thread held the lock, and a new thread came in".to_owned(),
        Some([one, two]) => format!("threads {one} and {two} held the same lock at the same time"),
        None => SPEECH.unexplained(&calls, fits),
    };
    Err(Wrong::new(Fault::Race, what).with_evidence(SPEECH.table(&calls)))
}

/// How many more guards its thread holds after a call.
fn deeper(call: &Call) -> i64 {
    match call.op {
        [LOCK, ..] => 1,
        [LOCK_MANY, _, times] => times.cast_signed(),
        [UNLOCK, ..] => -1,
        [UNLOCK_MANY, _, times] => -times.cast_signed(),
        _ => 0,
    }
}

/// Two threads that surely held a lock at the same time: between the return of their `lock` and their next drop of the
/// last guard.
fn two_at_once(calls: &[Call]) -> Option<[u64; 2]> {
    let holds: Vec<(u64, u64, usize, usize)> = calls
        .iter()
        .filter(|call| deeper(call) > 0)
        .map(|lock| {
            let own = |call: &&Call| {
                call.thread == lock.thread && call.op[1] == lock.op[1] && call.began > lock.began
            };
            let mut later: Vec<&Call> = calls.iter().filter(own).collect();
            later.sort_by_key(|call| call.began);
            let mut depth = deeper(lock);
            let end = later.iter().find(|call| {
                depth += deeper(call);
                depth == 0
            });
            (lock.thread, lock.op[1], lock.returned, end.map_or(usize::MAX, |call| call.began))
        })
        .collect();
    holds.iter().find_map(|one| {
        let both = |two: &&(u64, u64, usize, usize)| {
            one.0 < two.0 && one.1 == two.1 && one.2.max(two.2) < one.3.min(two.3)
        };
        holds.iter().find(both).map(|two| [one.0, two.0])
    })
}

// --- one thread at a time ---------------------------------------------------------------------------

const EXCLUDES: Rules = Rules {
    check: "q5.reentrant_excludes",
    experiments: |world, _| {
        let scripts = [
            script(&[&[L, P, U], &[L, P, U]]),
            script(&[&[L, P, U, L, P, U], &[L, P, U]]),
            script(&[&[L, P, U], &[L, P, U], &[L, P, U]]),
            // Two locks are two.
            script(&[&[L, b(L), b(P), b(U), P, U], &[b(L), b(P), b(U)], &[L, P, U]]),
        ];
        let scripts = scripts.map(|script| script.after(&[L, P, U, b(L), b(P), b(U)]).experiment(world));
        // More threads than a byte can number, each while one and the same thread holds the lock.
        let crowd = script(&[]).before(&[MEETS; 256]).timed(world);
        scripts.into_iter().chain(crowd).collect()
    },
    judge: |_, run| linear(run),
    minds_leftover_threads: false,
};

// --- and that one as often as it likes ----------------------------------------------------------------

const NESTS: Rules = Rules {
    check: "q5.reentrant_nests",
    experiments: |world, _| {
        let alone =
            script(&[]).before(&[L, L, L, P, V, P, U, P, U, L, b(L), b(L), b(P), V, b(V), b(P), b(U)]);
        let scripts = [
            // The newest goes first.
            script(&[&[L, L, P, V, P, V], &[L, P, U]]),
            // The oldest does.
            script(&[&[L, L, U, P, U], &[L, P, U]]),
            script(&[&[L, L, L, U, V, P, U], &[L, L, V, P, V]]),
            // Two locks are held by the same thread, and are two all the same.
            script(&[&[L, L, b(L), V, P, b(P), b(V), P, V], &[L, P, V], &[b(L), b(P), b(V)]]),
            script(&[&[L, b(L), b(P), b(V), P, V], &[b(L), b(L), b(V), b(P), b(V)]]),
            // Held again after it was free.
            script(&[&[L, L, V, V, L, P, V], &[L, L, U, P, U]]),
        ];
        let scripts = scripts.map(|script| script.after(&[L, P, U, b(L), b(P), b(U)]));
        // More than a byte can count, and then as many as look like none in it.
        let many = [LOCK_MANY, 0, 300];
        let [some, more, rest] = [44, 250, 6].map(|times| [UNLOCK_MANY, 0, times]);
        let meet = [YIELD, 0, 0];
        let deep = script(&[&[many, some, meet, P, more, meet, P, rest], &[L, P, U]]).experiment(world);
        let deep = Experiment { runs: A_FEW, ..deep };
        let scripts = [alone].into_iter().chain(scripts);
        let mut wanted: Vec<Experiment> =
            scripts.map(|script| script.experiment(world)).chain([deep]).collect();
        if world == World::Real {
            // More than two bytes can count: too many steps for the model. The other one comes in the middle.
            let [many, most] = [LOCK_MANY, UNLOCK_MANY].map(|what| [what, 0, 1 << 16]);
            let [more, rest] = [LOCK_MANY, UNLOCK_MANY].map(|what| [what, 0, 9]);
            let deep = script(&[&[many, nap(40), P, more, most, nap(40), P, rest], &[nap(20), L, P, U]]);
            wanted.push(deep.repeated(3).experiment(world));
        }
        wanted
    },
    judge: |_, run| linear(run),
    minds_leftover_threads: false,
};

/// A sleep of so many milliseconds.
const fn nap(ms: u64) -> Op {
    [SLEEP, ms * 1_000_000, 0]
}

/// Schedules of a script that is long, and in which there is one place to meet.
const A_FEW: u32 = 40;

// --- when it comes free, a waiting thread goes on -------------------------------------------------------

/// Nobody goes on later than the moment at which the lock came free.
fn at_once(run: &Run) -> Result<(), Wrong> {
    linear(run)?;
    let calls = calls(run);
    let free = |ns: u64| calls.iter().any(|call| call.op[0] == UNLOCK && call.began_ns == ns);
    let waited = |call: &&Call| call.op[0] == LOCK && call.returned_ns > call.began_ns;
    match calls.iter().filter(waited).find(|call| !free(call.returned_ns)) {
        Some(call) => {
            let what = format!(
                "`{}` took {:?}, until a moment when nobody gave the lock back",
                SPEECH.told(call),
                call.took()
            );
            Err(Wrong::new(Fault::LostWakeUp, what).with_evidence(SPEECH.table(&calls)))
        }
        None => Ok(()),
    }
}

const WAKES: Rules = Rules {
    check: "q5.reentrant_wakes",
    experiments: |world, _| {
        let scripts = [
            script(&[&[L, U], &[L, U], &[L, U]]),
            script(&[&[L, U, L, U], &[L, U, L, U]]),
            script(&[&[L, L, V, V], &[L, U], &[L, L, U, U]]),
        ];
        let timed = [
            script(&[&[L, sleep(5), U], &[sleep(1), L, sleep(3), U], &[sleep(2), L, U]]),
            script(&[&[L, L, sleep(5), V, sleep(2), U], &[sleep(1), L, U]]),
        ];
        let scripts = scripts.iter().map(|script| script.experiment(world));
        scripts.chain(timed.iter().filter_map(|script| script.timed(world))).collect()
    },
    judge: |experiment, run| if experiment.timed { at_once(run) } else { linear(run) },
    minds_leftover_threads: false,
};

// --- what was written before is seen after ------------------------------------------------------------

const PUBLICATION: Rules = Rules {
    check: "q5.reentrant_publication",
    experiments: |world, fresh| {
        let [x, y] = [fresh.fresh(), fresh.fresh()];
        let scripts = [
            script(&[&[L, write(x), U], &[L, READ, U]]),
            script(&[&[L, L, write(x), V, write(y), V], &[L, L, READ, U, U]]),
            script(&[&[L, write(x), U, L, write(y), U], &[L, READ, U], &[L, READ, U]]),
        ];
        scripts.map(|script| script.experiment(world)).to_vec()
    },
    judge: |_, run| {
        linear(run)?;
        // All stores and loads are made by whoever holds the lock: they are in an order.
        let calls = calls(run);
        for read in calls.iter().filter(|call| call.op[0] == LOAD) {
            let stores = calls.iter().filter(|call| call.op[0] == STORE && call.returned < read.began);
            let last = stores.max_by_key(|call| call.returned).map_or(0, |call| call.op[1]);
            if read.result != [last] {
                let what = format!(
                    "a thread with the lock read {:?}, though one that held it before had stored {last}",
                    read.result
                );
                return Err(Wrong::new(Fault::StaleRead, what).with_evidence(SPEECH.table(&calls)));
            }
        }
        Ok(())
    },
    minds_leftover_threads: false,
};

// --- a panic gives back what it held -------------------------------------------------------------------

const PANICS: Rules = Rules {
    check: "q5.reentrant_panic",
    experiments: |world, _| {
        let alone =
            script(&[]).before(&[BROKEN, L, P, U, BROKEN_TWICE, L, BROKEN, P, BROKEN_TWICE, P, U, L, P, U]);
        let scripts = [
            script(&[&[BROKEN, L, P, U], &[L, P, U]]),
            script(&[&[BROKEN_TWICE], &[L, P, U], &[L, P, U]]),
            // What its thread held before the panic, it holds after it.
            script(&[&[L, BROKEN, P, U], &[L, P, U]]),
            script(&[&[L, L, BROKEN_TWICE, U, P, U], &[BROKEN, L, P, U]]),
        ];
        let scripts = scripts.map(|script| script.after(&[L, P, U]));
        [alone].iter().chain(&scripts).map(|script| script.experiment(world)).collect()
    },
    judge: |_, run| linear(run),
    minds_leftover_threads: false,
};

// --- whoever waits does nothing else -------------------------------------------------------------------

const IDLE: Rules = Rules {
    check: "q5.reentrant_idle",
    experiments: |world: World, _| {
        let hour = 3600;
        let scripts = [
            script(&[&[L, sleep(hour), U], &[L, U], &[L, U]]),
            script(&[&[L, L, sleep(hour), V, sleep(hour), V], &[sleep(1), L, U]]),
        ];
        scripts.iter().filter_map(|script| script.timed(world)).collect()
    },
    judge: |experiment: &Experiment, run| {
        SPEECH.no_panic(run, is_meant)?;
        nobody_slept(experiment, run)?;
        no_thread_left(run)
    },
    minds_leftover_threads: true,
};
