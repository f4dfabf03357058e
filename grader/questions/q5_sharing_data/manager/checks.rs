//! A manager: what each check wants to see, and how it reads what the users of its objects told.

use super::super::words::manager::{
    self as words, ALL, AT, FOR_EVER, INSERT, INSERT_OFTEN, KEYS, LEN, LOOK_OFTEN, NEW, PUSH, PUSH_MANY, PUT,
    REMOVE, ROUNDS, SET, SET_OFTEN, TAKE, TAKE_LIMIT, UNDER,
};
use super::super::words::players::{self as common, Call, FAULTS, HOLD, LATE, Told};
use super::players::{
    all_told, calls, flow, flow_but, gives_up, in_vain_often, interrupted, no_panic, open, quiet, say_link,
    start, tell, tellings, told, trial, wait,
};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::history::explains;
use crate::trial::{Seen, Step, Trace, Trial, TrialRules};
use deaths::DEATHS;
use end::END;
use plain::Plain;

#[path = "deaths.rs"]
mod deaths;
#[path = "end.rs"]
mod end;
#[path = "plain.rs"]
mod plain;

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[TrialRules] = &[LIST, DICT, QUEUE, LONG, DEATHS, END];

const MIB: u64 = 1 << 20;

/// The caller starts a manager and these players.
fn manager(players: &[u64]) -> Vec<Call> {
    [vec![quiet(0, NEW, &[])], start(players)].concat()
}

/// Each call, told.
fn all(player: u64, calls: &[(u64, &[u64])]) -> Vec<Call> {
    calls.iter().map(|(code, args)| tell(player, *code, args)).collect()
}

fn held(player: u64, hold: u64, calls: Vec<Call>) -> Vec<Call> {
    [vec![quiet(player, HOLD, &[hold])], calls].concat()
}

fn name(code: u64) -> &'static str {
    match code {
        NEW | words::ALONE => "`new`",
        PUSH | PUSH_MANY => "`push`",
        AT => "the list's `get`",
        SET | SET_OFTEN => "`set`",
        LEN => "`count`",
        ALL | LOOK_OFTEN => "`to_vec`",
        INSERT | INSERT_OFTEN => "`insert`",
        UNDER | words::NUMBER => "the dictionary's `get`",
        REMOVE => "`remove`",
        KEYS => "`keys`",
        PUT => "`put`",
        TAKE => "the queue's `get`",
        TAKE_LIMIT => "`get_timeout`",
        _ => "the use of a manager within one process",
    }
}

// --- what should have been told --------------------------------------------------------------------------

/// What is not said by the calls alone, by the name of the scene.
const SILENCE: &str = "nothing comes within the limit, and a signal comes whenever a wait is over";
const SERVER: &str = "the server is killed";
const UNREAD: &str = "a process that waits is killed before it can take the value that was just put";
const MAKER: &str = "the manager's maker drops it";
const UNWINDS: &str = "the manager's maker panics, and so drops it";
const NO_FILES: &str = "descriptors run out";

/// Whether the manager's maker lets it go.
fn is_dropped(trial: &Trial) -> bool {
    [MAKER, UNWINDS].contains(&trial.scene)
}

/// A value is told by the call that brought it, counted from 1.
fn say(told: Told, calls: &[Call]) -> String {
    let brought = |call: &Call| match (call.code, call.args.as_slice()) {
        (PUSH | PUT, &[number, bytes]) | (SET | INSERT, &[_, number, bytes]) => {
            words::digest(&common::body(number, bytes)) == told.detail
        }
        _ => false,
    };
    say_link(told).unwrap_or_else(|| match told.kind {
        words::VALUE => match calls.iter().position(brought) {
            Some(place) => format!("the value of call {}", place + 1),
            None => format!("what has the digest {:04x}", told.detail & 0xffff),
        },
        words::NONE => "None".into(),
        words::COUNT => told.detail.to_string(),
        words::FLAG => (told.detail == 1).to_string(),
        _ => "nothing, since there is no manager".into(),
    })
}

fn differs(calls: &[Call], place: usize, got: Told, right: &str) -> Wrong {
    let Call { code, player, .. } = calls[place];
    let by = if player == 0 { "the caller" } else { "a child" };
    let (name, got) = (name(code), say(got, calls));
    Wrong::new(Fault::WrongAnswer, format!("{name} gave {by} {got}; it should give {right}"))
}

/// Every call that was told has given what some order of the calls explains.
fn each_right(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    no_panic(trial, trace, name)?;
    let calls = calls(trial);
    let gone = Told::new(words::DISCONNECTED, 0);
    let mut is_gone = false;
    for event in &trace.events {
        is_gone |= matches!(event.seen, Seen::Killed(_)) && trial.scene == SERVER;
        is_gone |= matches!(event.seen, Seen::Checkpoint(1)) && is_dropped(trial);
        let Seen::Arrived { task, .. } = event.seen else { continue };
        let Some((place, got)) = Told::from_task(task) else { continue };
        let Some(call) = calls.get(place) else { continue };
        let is_limit = call.code == TAKE_LIMIT && call.args[0] < 10_000;
        match (call.code, got.kind) {
            (words::ALONE, words::OK) | (ROUNDS, words::OK) => {}
            (words::ALONE, _) if got != Told::new(words::OS, 24) => {
                return Err(differs(&calls, place, got, "Err(Os(EMFILE))"));
            }
            (words::ALONE, _) => {}
            (LOOK_OFTEN, words::COUNT) if got.detail > 0 => {
                let what = "`to_vec` gave the list as it was at no moment: a later change was in it, and an earlier one was not";
                return Err(Wrong::new(Fault::Race, what));
            }
            _ if is_gone || is_dropped(trial) && call.code == TAKE => {
                if got != gone {
                    return Err(differs(&calls, place, got, "Err(Disconnected)"));
                }
            }
            (_, words::TIMED_OUT) if is_limit => {}
            (_, words::OK | words::VALUE | words::NONE | words::COUNT | words::FLAG) => {}
            _ => return Err(differs(&calls, place, got, "no error")),
        }
    }
    if trial.scene == SERVER || is_dropped(trial) {
        return Ok(());
    }
    all_replaced_once(&calls, trace)?;
    in_some_order(&calls, trace)
}

/// Each value that somebody inserted was given back once, to whoever replaced it, but for the last one, which is still there.
fn all_replaced_once(calls: &[Call], trace: &Trace) -> Result<(), Wrong> {
    let of = |code| (0..calls.len()).filter(move |&place| calls[place].code == code);
    let (Some(sums), Some(left)) = (
        of(INSERT_OFTEN).map(|place| told(trace, place)).collect::<Option<Vec<Told>>>(),
        of(words::NUMBER).find_map(|place| told(trace, place)),
    ) else {
        return Ok(());
    };
    let sum = sums.iter().fold(0_u64, |sum, told| sum.wrapping_add(told.detail));
    if Told::new(words::COUNT, sum) == left {
        return Ok(());
    }
    let what =
        "`insert` did not give back each value that it replaced once: one is missing, or was given to two";
    Err(Wrong::new(Fault::Race, what))
}

/// The calls of proxies, as they were under way; those of the killed that were never told come last.
fn steps(calls: &[Call], trace: &Trace) -> (Vec<plain::Step>, Vec<plain::Step>) {
    let step = |place: usize, told, began, returned| {
        let Call { code, ref args, .. } = calls[place];
        plain::Step { code, args: args.clone(), told, began, returned }
    };
    let mut done = Vec::new();
    for (at, event) in trace.events.iter().enumerate() {
        let Seen::Arrived { who, task, .. } = event.seen else { continue };
        let Some((place, told)) = Told::from_task(task).filter(|(place, _)| *place < calls.len()) else {
            continue;
        };
        let of_it = |seen: &Seen| matches!(seen, Seen::Opened { who: of, .. } if of.pid == who.pid);
        let began = trace.events[..at].iter().rposition(|event| of_it(&event.seen)).unwrap_or_default();
        if calls[place].code >= PUSH {
            done.push(step(place, Some(told), began, at));
        }
    }
    let mut players: Vec<u64> = calls.iter().map(|call| call.player).collect();
    players.sort_unstable();
    players.dedup();
    let untold = players.iter().filter_map(|&player| {
        let is_it = |place: &usize| {
            let call = &calls[*place];
            call.player == player && call.tells && told(trace, *place).is_none()
        };
        (0..calls.len()).find(is_it)
    });
    let pending = untold.map(|place| step(place, None, 0, usize::MAX)).collect();
    (done, pending)
}

fn in_some_order(calls: &[Call], trace: &Trace) -> Result<(), Wrong> {
    let (done, pending) = steps(calls, trace);
    // Of the calls that were cut off each may have been done or not.
    let some_order = (0..1_u32 << pending.len().min(3)).any(|mask| {
        let cut_off = pending.iter().enumerate().filter(|(place, _)| mask >> place & 1 == 1);
        let all: Vec<plain::Step> =
            done.iter().cloned().chain(cut_off.map(|(_, step)| step.clone())).collect();
        explains(Plain::default(), &all)
    });
    if some_order {
        return Ok(());
    }
    let alone = done.windows(2).all(|pair| pair[0].returned <= pair[1].began);
    if alone && pending.is_empty() {
        let mut object = Plain::default();
        for (step, (place, got, _)) in
            done.iter().zip(tellings(trace).filter(|(place, ..)| calls[*place].code >= PUSH))
        {
            match object.right(step) {
                Some(right) if right != got => return Err(differs(calls, place, got, &say(right, calls))),
                _ => {}
            }
        }
    }
    let lines = tellings(trace).filter(|(place, ..)| calls[*place].code >= PUSH).map(|(place, told, who)| {
        let args: Vec<String> = calls[place].args.iter().map(ToString::to_string).collect();
        format!("{}: {}({}) gave {}", who.name(), name(calls[place].code), args.join(", "), say(told, calls))
    });
    let what = "no order in which the calls could have been made, one at a time, explains what they gave";
    Err(Wrong::new(Fault::Race, what).with_evidence(lines.collect()))
}

/// Every call has given what it should, and the scene has come to its end; a hang has this fault and these words.
fn verdict(trial: &Trial, trace: &Trace, hang: Fault, stuck: &str) -> Result<(), Wrong> {
    // A hang leaves calls open: only then an answer that is plainly wrong says more.
    let end = trace.good_end(hang, stuck);
    let right = match end {
        Err(_) if each_right(trial, trace).is_err_and(|wrong| wrong.fault == Fault::Race) => end,
        _ => each_right(trial, trace).and(end),
    };
    let all = right.and_then(|()| all_told(trial, trace, name));
    all.map_err(|wrong| Wrong { headline: format!("when {}, {}", trial.scene, wrong.headline), ..wrong })
}

const STUCK: &str = "a call is stuck";

// --- the list ------------------------------------------------------------------------------------------------

/// How often the others count: a server that takes the push first may do so again.
const TURNS: u64 = 8;

const LIST: TrialRules = TrialRules {
    check: "q5.manager_list",
    trials: |fresh| {
        let base = fresh.bits() % words::NUMBERS;
        let one = all(
            0,
            &[
                (LEN, &[]),
                (AT, &[0]),
                (PUSH, &[base, 10]),
                (PUSH, &[base + 1, 0]),
                (PUSH, &[base + 2, 5_000]),
                (AT, &[1]),
                (AT, &[3]),
                (SET, &[1, base + 3, 20]),
                (SET, &[3, base + 4, 20]),
                (LEN, &[]),
                (ALL, &[]),
                (AT, &[2]),
            ],
        );
        let pushes = |player: u64| {
            let number = base + 100 * player;
            held(
                player,
                player,
                all(player, &[(PUSH, &[number, 10]), (PUSH, &[number + 1, 30]), (PUSH, &[number + 2, 3])]),
            )
        };
        let three = [
            manager(&[1, 2, 3]),
            wait(&[1, 2, 3]),
            all(0, &[(LEN, &[]), (ALL, &[])]),
            pushes(1),
            pushes(2),
            pushes(3),
        ];
        let sets = |player: u64| {
            let number = base + 100 * player;
            let calls =
                all(player, &[(SET, &[0, number, 9]), (AT, &[0]), (SET, &[1, number + 1, 9]), (ALL, &[])]);
            held(player, player, calls)
        };
        let two = [
            manager(&[]),
            all(0, &[(PUSH, &[base, 9]), (PUSH, &[base, 9])]),
            start(&[1, 2]),
            wait(&[1, 2]),
            all(0, &[(ALL, &[])]),
            sets(1),
            sets(2),
        ];
        // So long that who takes it value by value meets many changes on the way.
        let changes = [
            manager(&[]),
            vec![tell(0, PUSH_MANY, &[base, 100, 30])],
            start(&[1, 2]),
            wait(&[1, 2]),
            held(1, 1, vec![tell(1, SET_OFTEN, &[20_000])]),
            held(2, 2, vec![tell(2, LOOK_OFTEN, &[30, 1_000])]),
        ];
        // The server is stopped meanwhile, and then finds all four calls: a push that was not waited for may come last. Those who count
        // have called before it did, and only the push is long.
        let counts = |player: u64, turn: u64| held(player, 10 * turn + player, all(player, &[(LEN, &[])]));
        let pushes = |turn: u64| held(3, 10 * turn + 3, all(3, &[(PUSH, &[base + turn, 150_000])]));
        let each_counts = |player: u64| (1..=TURNS).flat_map(move |turn| counts(player, turn));
        let counted = [
            manager(&[1, 2, 3]),
            all(1, &[(LEN, &[])]),
            all(2, &[(LEN, &[])]),
            each_counts(0).chain(each_counts(1)).chain(each_counts(2)).collect(),
            wait(&[1, 2, 3]),
            held(3, 4, all(3, &[(LEN, &[])])),
            (1..=TURNS).flat_map(pushes).collect(),
        ];
        let held_all: Vec<u64> = (1..=TURNS).flat_map(|turn| 10 * turn..10 * turn + 4).chain([4]).collect();
        let known = [flow_but(2, &held_all), Step::Gather(4), open(4), flow_but(1, &held_all)];
        let turn = |turn: u64| {
            let [caller, one, two, pushes] = [0, 1, 2, 3].map(|player| open(10 * turn + player));
            let stopped = [Step::Gather(4), Step::Stop(0), pushes, Step::Quiet];
            [&stopped[..], &[caller, one, two, Step::Quiet, Step::Continue, flow_but(4, &held_all)]].concat()
        };
        let turns = (1..=TURNS).flat_map(turn);
        vec![
            trial("a process uses a list alone", &[manager(&[]), one].concat(), &[]),
            trial("three processes push at the same time", &three.concat(), &[Step::Gather(3)]),
            trial("two processes set and look", &two.concat(), &[flow(2), Step::Gather(2)]),
            trial("a list is looked at while it changes", &changes.concat(), &[flow(1), Step::Gather(2)]),
            trial(
                "three processes count what another has just pushed",
                &counted.concat(),
                &known.into_iter().chain(turns).collect::<Vec<_>>(),
            ),
        ]
    },
    judge: |trial, trace| verdict(trial, trace, Fault::Hang, STUCK),
};

// --- the dictionary ---------------------------------------------------------------------------------------------

const DICT: TrialRules = TrialRules {
    check: "q5.manager_dict",
    trials: |fresh| {
        let base = fresh.bits() % words::NUMBERS;
        let one = all(
            0,
            &[
                (KEYS, &[]),
                (UNDER, &[1]),
                (INSERT, &[30, base, 10]),
                (INSERT, &[7, base + 1, 0]),
                (INSERT, &[12, base + 2, 20]),
                (INSERT, &[7, base + 3, 40]),
                (UNDER, &[7]),
                (KEYS, &[]),
                (REMOVE, &[30]),
                (REMOVE, &[30]),
                (UNDER, &[30]),
                (KEYS, &[]),
            ],
        );
        let inserts = |player: u64| {
            let number = base + 100 * player;
            held(
                player,
                player,
                all(player, &[(INSERT, &[1, number, 9]), (INSERT, &[1, number + 1, 9]), (UNDER, &[1])]),
            )
        };
        let three = [
            manager(&[1, 2, 3]),
            wait(&[1, 2, 3]),
            all(0, &[(UNDER, &[1])]),
            inserts(1),
            inserts(2),
            inserts(3),
        ];
        // So many that they meet also where processors are busy: of two calls each, one in six runs had none that met.
        let inserts_often =
            |player: u64| held(player, player, vec![tell(player, INSERT_OFTEN, &[300, 1_000_000 * player])]);
        let often = [
            manager(&[1, 2, 3]),
            wait(&[1, 2, 3]),
            vec![tell(0, words::NUMBER, &[])],
            inserts_often(1),
            inserts_often(2),
            inserts_often(3),
        ];
        let removes = |player: u64| held(player, player, all(player, &[(REMOVE, &[5]), (KEYS, &[])]));
        let take = [
            manager(&[]),
            all(0, &[(INSERT, &[5, base, 9])]),
            start(&[1, 2, 3]),
            wait(&[1, 2, 3]),
            removes(1),
            removes(2),
            removes(3),
        ];
        vec![
            trial("a process uses a dictionary alone", &[manager(&[]), one].concat(), &[]),
            trial("three processes insert under one key", &three.concat(), &[Step::Gather(3)]),
            trial("three processes remove one key", &take.concat(), &[flow(1), Step::Gather(3)]),
            trial("three processes insert often under one key", &often.concat(), &[Step::Gather(3)]),
        ]
    },
    judge: |trial, trace| verdict(trial, trace, Fault::Hang, STUCK),
};

// --- the queue ------------------------------------------------------------------------------------------------------

const QUEUE: TrialRules = TrialRules {
    check: "q5.manager_queue",
    trials: |fresh| {
        let base = fresh.bits() % words::NUMBERS;
        let puts = |player: u64| {
            let number = base + 100 * player;
            held(
                player,
                player,
                all(player, &[(PUT, &[number, 10]), (PUT, &[number + 1, 2_000]), (PUT, &[number + 2, 0])]),
            )
        };
        let takes = |player: u64| held(player, player, all(player, &[(TAKE, &[]), (TAKE, &[]), (TAKE, &[])]));
        let four = [
            manager(&[1, 2, 3, 4]),
            wait(&[1, 2, 3, 4]),
            all(0, &[(PUT, &[base, 5]), (TAKE_LIMIT, &[60_000])]),
            puts(1),
            puts(2),
            takes(3),
            takes(4),
        ];
        // One waits, and the others go on.
        let others = [
            manager(&[1]),
            all(0, &[(TAKE, &[])]),
            wait(&[1]),
            held(1, 1, all(1, &[(PUSH, &[base, 10]), (LEN, &[]), (AT, &[0]), (PUT, &[base + 1, 10])])),
        ];
        let late = |take: Call| {
            let calls = [manager(&[1]), vec![take], wait(&[1]), held(1, 1, all(1, &[(PUT, &[base, 40])]))];
            let script = [Step::Gather(1), Step::Quiet, Step::Idle, open(1)];
            trial("a value comes only after a while", &calls.concat(), &script)
        };
        let limit = |player: u64, ms: u64| tell(player, TAKE_LIMIT, &[ms]);
        // Who then begins again with the whole limit never gives up, and leaves too little for the other.
        let given_up = [
            manager(&[1]),
            vec![quiet(0, FAULTS, &[LATE])],
            vec![limit(0, 10), limit(0, 0), quiet(0, HOLD, &[3])],
            wait(&[1]),
            held(1, 2, all(1, &[(PUT, &[base, 9]), (PUT, &[base + 1, 9]), (TAKE, &[]), (TAKE, &[])])),
        ];
        vec![
            trial("two processes put and two get", &four.concat(), &[Step::Gather(4)]),
            trial(
                "one waits for a value and another goes on",
                &others.concat(),
                &[Step::Gather(1), Step::Quiet, open(1)],
            ),
            late(tell(0, TAKE, &[])),
            late(limit(0, FOR_EVER)),
            late(limit(0, common::WRAPS)),
            interrupted(manager(&[1]), PUT, TAKE_LIMIT, base),
            in_vain_often(manager(&[]), PUT, TAKE_LIMIT, base),
            trial(SILENCE, &given_up.concat(), &[flow_but(2, &[2, 3]), Step::Gather(2), open(2)]),
        ]
    },
    judge: |trial, trace| {
        trace.at_rest(3)?;
        if trial.scene == SILENCE {
            no_panic(trial, trace, name)?;
            gives_up(trial, trace)?;
        }
        verdict(trial, trace, Fault::Hang, "somebody waits for ever")
    },
};

// --- long and many ---------------------------------------------------------------------------------------------------

const LONG: TrialRules = TrialRules {
    check: "q5.manager_long",
    trials: |fresh| {
        let base = fresh.bits() % words::NUMBERS;
        let each = [
            manager(&[1]),
            wait(&[1]),
            all(0, &[(AT, &[0]), (UNDER, &[1]), (TAKE, &[]), (PUSH, &[base + 4, 400_000]), (ALL, &[])]),
            all(1, &[(PUSH, &[base, MIB]), (INSERT, &[1, base + 1, MIB]), (PUT, &[base + 2, MIB])]),
        ];
        let many = [
            manager(&[1]),
            wait(&[1]),
            all(0, &[(LEN, &[]), (ALL, &[])]),
            vec![tell(1, PUSH_MANY, &[base, 400, 20]), tell(1, LEN, &[])],
        ];
        vec![trial("values are long", &each.concat(), &[]), trial("values are many", &many.concat(), &[])]
    },
    judge: |trial, trace| verdict(trial, trace, Fault::PipeDeadlock, STUCK),
};
