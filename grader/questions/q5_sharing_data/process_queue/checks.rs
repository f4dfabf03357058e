//! A queue between processes: what each check wants to see, and how it reads what its users told.

use super::super::words::players::{
    self as common, BLOCK_TERM, CHECKPOINT, Call, FAULTS, FEW_FILES, FILES, HOLD, LATE, LEAVE, Told,
};
use super::super::words::process_queue::{
    self as words, DROP, FOR_EVER, GET, GET_LIMIT, GET_MANY, NEW, PUT, PUT_MANY, ROUNDS,
};
use super::players::{
    DROP_WAITS, all_told, calls, flow, flow_but, gives_up, in_vain_often, interrupted, looked_at_twice,
    no_panic, open, quiet, say_link, start, tell, told, trial, wait,
};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::leftovers::{LOOK, nothing_left};
use crate::trial::{Seen, Step, Trace, Trial, TrialRules};
use deaths::DEATHS;
use std::collections::{BTreeMap, BTreeSet};

#[path = "deaths.rs"]
mod deaths;

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[TrialRules] = &[ITEMS, BUFFER, WAITS, DEATHS, END, CLEAN];

const MIB: u64 = 1 << 20;

/// The caller makes a queue and starts these players.
fn queue(players: &[u64]) -> Vec<Call> {
    [vec![quiet(0, NEW, &[])], start(players)].concat()
}

fn gets(player: u64, count: usize) -> Vec<Call> {
    vec![tell(player, GET, &[]); count]
}

fn name(code: u64) -> &'static str {
    match code {
        NEW => "`new`",
        PUT | PUT_MANY => "`put`",
        GET | GET_MANY => "`get`",
        GET_LIMIT => "`get_timeout`",
        DROP => "dropping the queue",
        _ => "the use of a queue within one process",
    }
}

// --- what should have been told ------------------------------------------------------------------------

/// What is not said by the calls alone, by the name of the scene.
const SILENCE: &str = "nothing is put within the limit, and a signal comes whenever a wait is over";
const BROKER: &str = "the broker is killed";
const UNREAD: &str = "a process that waits is killed before it can take the item that was just put";
const MAKER: &str = "the queue's maker drops it";
const UNWINDS: &str = "the queue's maker panics, and so drops it";
const TOO_LATE: &str = "two want one item, and the one that saw it first is too late";
const NO_FILES: &str = "descriptors run out";

/// Whether the queue's maker lets it go.
fn by_its_maker(trial: &Trial) -> bool {
    [MAKER, UNWINDS].contains(&trial.scene)
}

/// A parcel that is put: by whom, its place among those of this process, and its number and length.
type Parcel = (u64, usize, u64, u64);

/// Every parcel that can be got, by its digest.
fn parcels(calls: &[Call]) -> BTreeMap<u64, Parcel> {
    let mut places: BTreeMap<u64, usize> = BTreeMap::new();
    let mut all = BTreeMap::new();
    for call in calls {
        let put = match (call.code, call.args.as_slice()) {
            (PUT, &[number, bytes]) if number != words::UNSENDABLE => vec![(number, bytes)],
            (PUT_MANY, &[first, count, bytes]) => {
                (first..first + count).map(|number| (number, bytes)).collect()
            }
            _ => Vec::new(),
        };
        for (number, bytes) in put {
            let place = places.entry(call.player).or_default();
            *place += 1;
            let digest = common::digest(0, number, &common::body(number, bytes));
            all.insert(Told::new(words::GOT, digest).detail, (call.player, *place, number, bytes));
        }
    }
    all
}

/// All that the calls put, one after the other, have this digest.
fn chain(calls: &[Call], count: u64) -> Told {
    let put = calls.iter().filter_map(|call| match (call.code, call.args.as_slice()) {
        (PUT_MANY, &[first, count, bytes]) => Some((first..first + count).map(move |number| (number, bytes))),
        _ => None,
    });
    let all = put.flatten().take(count as usize);
    let digest =
        all.fold(0, |before, (number, bytes)| common::digest(before, number, &common::body(number, bytes)));
    Told::new(words::GOT, digest)
}

/// Every call that was told has given what it should.
fn each_right(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    no_panic(trial, trace, name)?;
    let calls = calls(trial);
    let parcels = parcels(&calls);
    let mut unreadable = parcels.values().filter(|parcel| parcel.2 == words::UNREADABLE).count();
    let mut taken = BTreeSet::new();
    // For each who gets, and each who puts: the last one that went from this to that.
    let mut last: BTreeMap<(u64, u64), usize> = BTreeMap::new();
    let plain = |kind| Told::new(kind, 0);
    let mut is_gone = false;
    for event in &trace.events {
        is_gone |= matches!(event.seen, Seen::Killed(_)) && trial.scene == BROKER;
        is_gone |= matches!(event.seen, Seen::Checkpoint(_)) && by_its_maker(trial);
        let Seen::Arrived { task, .. } = event.seen else { continue };
        let Some((place, got)) = Told::from_task(task) else { continue };
        let Some(call) = calls.get(place) else { continue };
        let is_get = matches!(call.code, GET | GET_LIMIT);
        let right = match (call.code, trial.scene) {
            (NEW, NO_FILES) if got.kind == words::OK => got,
            (NEW, NO_FILES) => Told::new(words::OS, 24),
            (GET, MAKER | UNWINDS) => plain(words::DISCONNECTED),
            (GET | GET_LIMIT | GET_MANY | PUT, _) if is_gone => plain(words::DISCONNECTED),
            (PUT, _) if call.args[0] == words::UNSENDABLE => plain(words::UNDECODABLE),
            (GET_LIMIT, SILENCE) if call.args[0] != FOR_EVER => plain(words::TIMED_OUT),
            (GET_LIMIT, TOO_LATE) if got.kind == words::TIMED_OUT => got,
            (GET_MANY, _) => chain(&calls, call.args[0]),
            (GET | GET_LIMIT, _) if got.kind == words::UNDECODABLE && unreadable > 0 => {
                unreadable -= 1;
                continue;
            }
            (GET | GET_LIMIT, _) if got.kind != words::GOT => plain(words::GOT),
            (GET | GET_LIMIT, _) => got,
            _ => plain(words::OK),
        };
        if got != right {
            return Err(differs(call, got, right));
        }
        if !is_get || got.kind != words::GOT {
            continue;
        }
        let Some(&(by, number, ..)) = parcels.get(&got.detail) else {
            return Err(Wrong::new(Fault::WrongAnswer, "`get` gave an item that nobody has put"));
        };
        if !taken.insert(got.detail) {
            return Err(Wrong::new(Fault::Race, "an item was got twice"));
        }
        let before = last.insert((call.player, by), number).unwrap_or_default();
        if before > number {
            let what = format!("item {number} of one process was got after its item {before}");
            return Err(Wrong::new(Fault::WrongOrder, what));
        }
    }
    Ok(())
}

fn differs(call: &Call, got: Told, right: Told) -> Wrong {
    let say_other = |told: Told| match told.kind {
        words::GOT if call.code == GET_MANY => "the items in the order in which they were put",
        words::GOT => "an item",
        _ => "nothing, since there is no queue",
    };
    let say = |told: Told| say_link(told).unwrap_or_else(|| say_other(told).to_owned());
    let fault = match (right.kind, got.kind) {
        (words::GOT, words::GOT) => Fault::WrongOrder,
        (words::GOT, words::TIMED_OUT) => Fault::LostTask,
        _ => Fault::WrongAnswer,
    };
    let got = if call.code == GET_MANY && got.kind == words::GOT { "others".to_owned() } else { say(got) };
    let by = if call.player == 0 { "the caller's" } else { "a child's" };
    Wrong::new(fault, format!("{by} {} gave {got}; it should give {}", name(call.code), say(right)))
}

/// Every call has given what it should, and the scene has come to its end; a hang has this fault and these words.
fn verdict(trial: &Trial, trace: &Trace, hang: Fault, stuck: &str) -> Result<(), Wrong> {
    // A wrong answer says more than the hang that it may lead to.
    let right = each_right(trial, trace).and_then(|()| trace.good_end(hang, stuck));
    let all = right.and_then(|()| all_told(trial, trace, name));
    all.map_err(|wrong| Wrong { headline: format!("when {}, {}", trial.scene, wrong.headline), ..wrong })
}

// --- each item once ------------------------------------------------------------------------------------------

const ITEMS: TrialRules = TrialRules {
    check: "q5.process_queue_items",
    trials: |fresh| {
        let base = fresh.bits() % words::NUMBERS;
        let puts = |player: u64, count: u64| -> Vec<Call> {
            (0..count)
                .map(|number| quiet(player, PUT, &[base + 1000 * player + number, 10 + number]))
                .collect()
        };
        // Two put and two get, all at the same time.
        let held = |player: u64| vec![quiet(player, HOLD, &[player])];
        let four = [
            queue(&[1, 2, 3, 4]),
            wait(&[1, 2, 3, 4]),
            [held(1), puts(1, 12)].concat(),
            [held(2), puts(2, 12)].concat(),
            [held(3), gets(3, 12)].concat(),
            [held(4), gets(4, 12)].concat(),
        ];
        let three = [
            queue(&[1, 2, 3]),
            gets(0, 18),
            wait(&[1, 2, 3]),
            [held(1), puts(1, 6)].concat(),
            [held(2), puts(2, 6)].concat(),
            [held(3), puts(3, 6)].concat(),
        ];
        let sizes = [0, 1, 4_096, 70_000, 3, MIB, 5, 300_000, 16_000];
        let long: Vec<Call> =
            (base..).zip(sizes).map(|(number, bytes)| quiet(1, PUT, &[number, bytes])).collect();
        let broken = [
            quiet(1, PUT, &[base, 10]),
            tell(1, PUT, &[words::UNSENDABLE, 50]),
            quiet(1, PUT, &[base + 1, 20]),
            quiet(1, PUT, &[words::UNREADABLE, 30]),
            quiet(1, PUT, &[base + 2, 40]),
        ];
        vec![
            trial("two processes put and two get", &four.concat(), &[Step::Gather(4)]),
            trial("three processes put at the same time", &three.concat(), &[Step::Gather(3)]),
            trial("items are long", &[queue(&[1]), gets(0, sizes.len()), wait(&[1]), long].concat(), &[]),
            trial(
                "an item cannot be turned into bytes, or not back",
                &[queue(&[1]), gets(0, 4), wait(&[1]), broken.to_vec()].concat(),
                &[],
            ),
            trial("a process uses the queue alone", &[queue(&[]), puts(0, 5), gets(0, 5)].concat(), &[]),
        ]
    },
    judge: |trial, trace| verdict(trial, trace, Fault::LostTask, "an item that was put is never got"),
};

// --- nobody waits to put ----------------------------------------------------------------------------------------

const BUFFER: TrialRules = TrialRules {
    check: "q5.process_queue_buffer",
    trials: |fresh| {
        let base = fresh.bits() % words::NUMBERS;
        let unread = |count: u64, bytes: u64| {
            let calls = [
                queue(&[1]),
                vec![tell(0, PUT_MANY, &[base, count, bytes]), quiet(0, HOLD, &[1])],
                wait(&[1]),
                vec![quiet(1, HOLD, &[2]), tell(1, GET_MANY, &[count])],
            ];
            trial(
                "much is put and nothing is got yet",
                &calls.concat(),
                &[flow_but(1, &[1, 2]), Step::Gather(2), Step::Quiet],
            )
            .long()
        };
        // Each is more than a socket takes unless it is asked to; the first and the second are more than any pipe takes
        // (1 MiB at most).
        vec![unread(270, 4_000), unread(3, MIB), unread(5_000, 8)]
    },
    judge: |trial, trace| {
        no_panic(trial, trace, name)?;
        let vain = trace.waited_in_vain().is_some();
        let put = calls(trial).iter().position(|call| call.code == PUT_MANY).unwrap_or_default();
        if vain && told(trace, put).is_none_or(|told| told.kind == words::OK) {
            let what = format!("when {}, `put` waits until somebody gets", trial.scene);
            return Err(Wrong::new(Fault::Blocks, what).with_evidence(trace.in_vain()));
        }
        verdict(trial, trace, Fault::Blocks, "`put` or `get` is stuck")
    },
};

// --- waits ------------------------------------------------------------------------------------------------------------

const WAITS: TrialRules = TrialRules {
    check: "q5.process_queue_waits",
    trials: |fresh| {
        let base = fresh.bits() % words::NUMBERS;
        let late = |get: Call| {
            let calls =
                [queue(&[1]), vec![get], wait(&[1]), vec![quiet(1, HOLD, &[1]), quiet(1, PUT, &[base, 40])]];
            trial(
                "an item comes only after a while",
                &calls.concat(),
                &[Step::Gather(1), Step::Quiet, Step::Idle, open(1)],
            )
        };
        let limit = |player: u64, ms: u64| tell(player, GET_LIMIT, &[ms]);
        // Whoever has given up gets nothing any more, and nothing is lost by that. Who then begins again with the whole limit
        // never gives up.
        let given_up = [
            queue(&[1, 2]),
            vec![quiet(0, FAULTS, &[LATE])],
            vec![limit(0, 10), limit(0, 0), quiet(0, HOLD, &[3])],
            wait(&[1, 2]),
            vec![quiet(1, HOLD, &[1]), limit(1, 1), quiet(1, HOLD, &[4])],
            vec![quiet(2, HOLD, &[2]), quiet(2, PUT, &[base, 9]), quiet(2, PUT, &[base + 1, 9])],
            vec![limit(2, FOR_EVER), limit(2, FOR_EVER)],
        ];
        let script = [
            flow_but(2, &[1, 2, 3]),
            Step::Gather(3),
            open(1),
            flow_but(1, &[2, 3, 4]),
            Step::Gather(3),
            open(2),
            Step::Quiet,
        ];
        // Two wait, and each item lets one go on.
        let two = [
            queue(&[1, 2]),
            vec![
                quiet(0, HOLD, &[1]),
                quiet(0, PUT, &[base, 10]),
                quiet(0, HOLD, &[2]),
                quiet(0, PUT, &[base + 1, 10]),
            ],
            wait(&[1, 2]),
            gets(1, 1),
            gets(2, 1),
        ];
        let there = [
            queue(&[1]),
            wait(&[1]),
            vec![limit(0, 60_000), limit(0, FOR_EVER)],
            vec![quiet(1, PUT, &[base, 10]), quiet(1, PUT, &[base + 1, 3_000])],
        ];
        // Whoever waits for what is there may find it gone. Each of the two may get the item, or none, and then it is there for others.
        let seen_first = [
            queue(&[1, 2]),
            vec![quiet(0, HOLD, &[1]), quiet(0, PUT, &[base, 10]), quiet(0, HOLD, &[4])],
            [vec![quiet(0, PUT, &[base + 1, 10])], gets(0, 1), wait(&[1, 2])].concat(),
            vec![quiet(1, HOLD, &[2]), quiet(1, FAULTS, &[common::SEES_AND_STOPS]), limit(1, 10)],
            vec![quiet(1, FAULTS, &[0]), quiet(2, HOLD, &[3]), limit(2, 10)],
        ];
        let each_in_turn = [
            &[Step::Gather(3), open(1), Step::Quiet, open(2), Step::Quiet, open(3), Step::Quiet][..],
            &[Step::Continue, flow_but(2, &[4]), open(4)],
        ];
        vec![
            late(tell(0, GET, &[])),
            late(limit(0, FOR_EVER)),
            late(limit(0, common::WRAPS)),
            trial(SILENCE, &given_up.concat(), &script),
            trial(
                "two wait and items come one by one",
                &two.concat(),
                &[
                    Step::Gather(1),
                    Step::Quiet,
                    open(1),
                    flow_but(1, &[2]),
                    Step::Gather(1),
                    Step::Quiet,
                    open(2),
                ],
            ),
            trial("items are there already", &there.concat(), &[]),
            interrupted(queue(&[1]), PUT, GET_LIMIT, base),
            in_vain_often(queue(&[]), PUT, GET_LIMIT, base),
            trial(TOO_LATE, &seen_first.concat(), &each_in_turn.concat()),
        ]
    },
    judge: |trial, trace| {
        trace.at_rest(3)?;
        if [SILENCE, TOO_LATE].contains(&trial.scene) {
            no_panic(trial, trace, name)?;
            gives_up(trial, trace)?;
        }
        verdict(trial, trace, Fault::Hang, "`get` waits for ever, or `get_timeout` without a limit")
    },
};

// --- the end ----------------------------------------------------------------------------------------------------------------

const END: TrialRules = TrialRules {
    check: "q5.process_queue_end",
    trials: |fresh| {
        let base = fresh.bits() % words::NUMBERS;
        // Once at once, and again when who was killed is dead.
        let look = [&[Step::Checkpoint(1)], LOOK.as_slice()].concat();
        let dropped = |scene: &'static str, how: &[u64]| {
            let calls = [
                queue(&[1]),
                // The item goes as far as it gets while nobody wants it: it may lie where the child alone could take it.
                vec![quiet(0, HOLD, &[1]), quiet(0, PUT, &[base, 10]), quiet(0, HOLD, &[3])],
                vec![quiet(0, DROP, how), quiet(0, CHECKPOINT, &[1])],
                wait(&[1]),
                vec![quiet(1, HOLD, &[2]), tell(1, GET, &[])],
            ];
            let script = [&[Step::Gather(2), open(1), Step::Quiet, open(3)], &look[..]].concat();
            trial(scene, &calls.concat(), &script)
        };
        // A broker has the signals blocked that its maker has.
        let waits = [
            vec![quiet(0, BLOCK_TERM, &[])],
            queue(&[1]),
            vec![quiet(0, HOLD, &[1]), quiet(0, DROP, &[]), quiet(0, CHECKPOINT, &[1])],
            wait(&[1]),
            gets(1, 1),
        ];
        let harmless = |how: Vec<Call>| {
            let calls = [
                queue(&[1]),
                gets(0, 1),
                wait(&[1]),
                vec![quiet(0, PUT, &[base + 1, 20])],
                gets(0, 1),
                vec![quiet(1, PUT, &[base, 10])],
                how,
            ];
            trial("a child drops its handle", &calls.concat(), &[])
        };
        let killed = |childs: Vec<Call>, script: &[Step]| {
            let calls = [queue(&[1]), vec![quiet(0, PUT, &[base, 10]), quiet(0, HOLD, &[2])], childs];
            trial("the queue's maker is killed", &calls.concat(), script)
        };
        vec![
            trial(MAKER, &waits.concat(), &[&[Step::Gather(1), Step::Quiet, open(1)], &look[..]].concat()),
            dropped(MAKER, &[]),
            dropped(UNWINDS, &[common::UNWINDS]),
            harmless(vec![]),
            harmless(vec![quiet(1, DROP, &[])]),
            harmless(vec![quiet(1, LEAVE, &[])]),
            killed(vec![quiet(1, HOLD, &[1])], &[Step::Gather(2), Step::Quiet, Step::KillCaller]),
            // The child still has an item to get, and gets it.
            killed(
                vec![quiet(1, HOLD, &[1]), tell(1, GET, &[])],
                &[Step::Gather(2), Step::Quiet, Step::KillCaller],
            ),
        ]
    },
    judge: |trial, trace| {
        for event in &trace.events {
            if let Seen::Survivors(all) = &event.seen
                && !all.is_empty()
            {
                let what =
                    "the queue's maker was killed, every handle is gone, and the broker is still there";
                return Err(Wrong::new(Fault::Orphan, what));
            }
        }
        if by_its_maker(trial)
            && let Some(census) = trace.censuses().next()
        {
            if (census.zombies.len(), census.children.len(), census.others.len()) == (0, 1, 0) {
                return verdict(trial, trace, Fault::Hang, "whoever waits for an item is not told");
            }
            let (fault, what) = match trace.censuses().any(|census| !census.zombies.is_empty()) {
                true => (Fault::Zombie, "its broker has ended and was not waited for"),
                false => (Fault::Orphan, "its broker is still there afterwards"),
            };
            return Err(Wrong::new(fault, format!("when {}, {what}", trial.scene)));
        }
        let stuck = match calls(trial).iter().any(|call| call.code == BLOCK_TERM) {
            true if trace.censuses().next().is_none() => DROP_WAITS,
            _ => "somebody waits for ever",
        };
        verdict(trial, trace, Fault::Hang, stuck)
    },
};

// --- nothing is left ------------------------------------------------------------------------------------------------------------

const CLEAN: TrialRules = TrialRules {
    check: "q5.process_queue_clean",
    trials: |fresh| {
        let base = fresh.bits() % words::NUMBERS;
        let over = |number: u64| quiet(0, CHECKPOINT, &[number]);
        let look = |number: u64| [&[Step::Checkpoint(number)], LOOK.as_slice()].concat();
        let rounds = |count: u64| tell(0, ROUNDS, &[count, 0]);
        let interrupted = tell(0, ROUNDS, &[12, common::INTERRUPTED]);
        let short = |more: u64| {
            let few = quiet(0, FEW_FILES, &[more]);
            let made = [few, tell(0, NEW, &[]), quiet(0, FILES, &[]), quiet(0, DROP, &[])];
            looked_at_twice(NO_FILES, rounds(2), made.to_vec())
        };
        let used = [
            queue(&[1]),
            gets(0, 1),
            vec![quiet(0, PUT, &[base + 1, 10]), quiet(0, PUT, &[base + 2, MIB])],
            wait(&[1]),
            vec![quiet(0, DROP, &[]), over(1)],
            vec![quiet(1, PUT, &[base, 10]), quiet(1, HOLD, &[1])],
            gets(1, 1),
        ];
        let script =
            [vec![Step::Gather(2), flow_but(1, &[1]), Step::Quiet, open(1), flow(1)], look(1)].concat();
        let alone = [queue(&[]), vec![quiet(0, HOLD, &[1]), quiet(0, PUT, &[base, 10]), tell(0, GET, &[])]];
        vec![
            trial("a queue is dropped, and not empty", &used.concat(), &script),
            looked_at_twice("queues are made and dropped", rounds(2), vec![rounds(12)]),
            looked_at_twice("queues are made and dropped while signals come", rounds(2), vec![interrupted]),
            trial(
                "nobody uses the queue",
                &alone.concat(),
                &[Step::Gather(1), Step::Quiet, Step::Idle, Step::Census],
            ),
            short(0),
            short(2),
            short(3),
            short(4),
        ]
    },
    judge: |trial, trace| {
        trace.at_rest(3)?;
        if trial.scene == "nobody uses the queue"
            && let Some(census) = trace.censuses().next()
            && (census.children.len(), census.threads) != (1, 1)
        {
            let what = match census.threads {
                1 => format!(
                    "a queue should have one child of its maker for a broker; it has {}",
                    census.children.len()
                ),
                _ => "a queue starts a thread, and its maker can fork no more".to_owned(),
            };
            let fault = if census.threads == 1 { Fault::TooManyWorkers } else { Fault::LeakedThread };
            return Err(Wrong::new(fault, what));
        }
        verdict(trial, trace, Fault::Hang, "it does not come to an end")?;
        nothing_left(trace, |place| place != 0)
    },
};
