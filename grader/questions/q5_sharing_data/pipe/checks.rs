//! Connections: what each check wants to see, and how it reads what the two ends told.

use super::super::words::pipe::{
    self as words, DROP, DROP_OTHER, PAIR, RECV, RECV_LIMIT, RECV_MANY, SEND, SEND_MANY,
};
use super::super::words::players::{self as common, CHECKPOINT, Call, FAULTS, HOLD, LATE, LEAVE, Told};
use super::players::{
    all_told, calls, flow, flow_but, no_panic, open, quiet, say_link, start, tell, told, trial, wait,
};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::leftovers::{LOOK, nothing_left};
use crate::trial::{Pick, Seen, Step, Trace, Trial, TrialRules};

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[TrialRules] = &[MESSAGES, LONG, END, BROKEN, TIMEOUT, CLEAN];

const MIB: u64 = 1 << 20;
/// As in `drivers-faults`.
const SHORT: u64 = 1;
const INTERRUPTED: u64 = 2;

/// One parcel after the other.
fn send_all(player: u64, parcels: &[(u64, u64)]) -> Vec<Call> {
    parcels.iter().map(|&(number, bytes)| quiet(player, SEND, &[number, bytes])).collect()
}

fn recv_each(player: u64, count: usize) -> Vec<Call> {
    vec![tell(player, RECV, &[]); count]
}

/// A connection of parcels, one child at its other end, and the caller's own calls.
fn with_child(callers: &[Call], childs: &[Call]) -> Vec<Call> {
    let before = vec![quiet(0, PAIR, &[0])];
    let begin = [start(&[1]), vec![quiet(0, DROP_OTHER, &[])]].concat();
    [before, begin, callers.to_vec(), wait(&[1]), childs.to_vec()].concat()
}

fn name(code: u64) -> &'static str {
    match code {
        PAIR => "`pair`",
        SEND | SEND_MANY => "`send`",
        RECV | RECV_MANY => "`recv`",
        RECV_LIMIT => "`recv_timeout`",
        _ => "use of a connection",
    }
}

// --- what should have been told --------------------------------------------------------------------------

/// A parcel as it was sent: number and length.
type Parcel = (u64, u64);

fn digest(before: u64, units: bool, (number, bytes): Parcel) -> u64 {
    match units {
        true => common::digest(before, 0, ""),
        false => common::digest(before, number, &common::body(number, bytes)),
    }
}

/// The parcels of one side that were to be sent, in order.
fn sent(calls: &[Call], by_caller: bool) -> Vec<Parcel> {
    let of_side = calls.iter().filter(|call| (call.player == 0) == by_caller);
    let parcels = of_side.flat_map(|call| match (call.code, call.args.as_slice()) {
        (SEND, &[number, bytes]) if number != words::UNSENDABLE => vec![(number, bytes)],
        (SEND_MANY, &[first, count, bytes]) => (first..first + count).map(|number| (number, bytes)).collect(),
        _ => Vec::new(),
    });
    parcels.collect()
}

/// What is not said by the order of the calls alone, by the name of the scene.
const SILENCE: &str = "nothing comes within the limit";
const HALF: &str = "half a message is there when the limit comes";
const PIECES: &str = "a long message comes in pieces";
const TORN: &str = "the other side is killed in the middle of a message";
const GONE: &str = "nobody is at the other end any more";
const GOES: &str = "the other side goes away while `send` waits";
const LIES: &str = "a long message is there already";
const SIGNALS: &str = "a signal comes just when the time is up";
const NO_FILES: &str = "descriptors run out";

/// Every call has given what it should, and the scene has come to its end; a hang has this fault and these words. What is wrong
/// happened when it was as the name of the scene says.
fn verdict(trial: &Trial, trace: &Trace, hang: Fault, stuck: &str) -> Result<(), Wrong> {
    // A wrong answer says more than the hang that it may lead to.
    let right = each_right(trial, trace).and_then(|()| trace.good_end(hang, stuck));
    let all = right.and_then(|()| all_told(trial, trace, name));
    all.map_err(|wrong| Wrong { headline: format!("when {}, {}", trial.scene, wrong.headline), ..wrong })
}

/// Every call that is told has given what it should.
fn each_right(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    no_panic(trial, trace, name)?;
    let calls = calls(trial);
    let units = calls.first().is_some_and(|call| call.args == [1]);
    let sides = [sent(&calls, false), sent(&calls, true)];
    let mut taken = [0, 0];
    for (place, call) in calls.iter().enumerate().filter(|(_, call)| call.tells) {
        let Some(got) = told(trace, place) else { continue };
        let side = usize::from(call.player != 0);
        let coming = &sides[side];
        let mut take = |count: usize| {
            let parcels = coming.get(taken[side]..taken[side] + count);
            taken[side] += count;
            parcels.map(|parcels| {
                let digest = parcels.iter().fold(0, |before, &parcel| digest(before, units, parcel));
                let unreadable = parcels.iter().any(|parcel| parcel.0 == words::UNREADABLE);
                if unreadable { Told::new(words::UNDECODABLE, 0) } else { Told::new(words::GOT, digest) }
            })
        };
        let is_plain = |kind| Told::new(kind, 0);
        let gone = is_plain(words::DISCONNECTED);
        let right = match (call.code, trial.scene) {
            (SEND, _) if call.args[0] == words::UNSENDABLE => is_plain(words::UNDECODABLE),
            (SEND, GOES) if is_early(trace, place) => is_plain(words::OK),
            (SEND, GONE | GOES) => gone,
            (PAIR, NO_FILES) => Told::new(words::OS, 24),
            (RECV_LIMIT, SILENCE | SIGNALS) if call.args[0] != words::FOR_EVER => is_plain(words::TIMED_OUT),
            // Whoever sends in another way may have sent all of it, or nothing yet.
            (RECV_LIMIT, HALF | PIECES) if got.kind == words::TIMED_OUT => got,
            // Whoever holds less than this message has not sent it yet.
            (RECV_LIMIT, LIES) if got.kind == words::TIMED_OUT && !is_sent_early(&calls, trace) => got,
            (RECV, TORN) if !has_sent(&calls, trace) => {
                let after_it = taken[side] > 0 && got == gone;
                taken[side] += 1;
                if after_it { got } else { is_plain(words::TRUNCATED) }
            }
            (RECV | RECV_LIMIT, _) => take(1).unwrap_or(gone),
            (RECV_MANY, _) => take(call.args[0] as usize).unwrap_or(gone),
            _ => is_plain(words::OK),
        };
        if got != right {
            return Err(differs(call, got, right, coming, units));
        }
    }
    Ok(())
}

/// Whether a player was told that its message is on its way before the judge opened the gate of 1, or killed somebody.
fn is_early(trace: &Trace, place: usize) -> bool {
    let first = trace.events.iter().find_map(|event| match event.seen {
        Seen::Arrived { task, .. } => (Told::from_task(task)?.0 == place).then_some(true),
        Seen::Killed(_) | Seen::Opened { task: 1, .. } => Some(false),
        _ => None,
    });
    first.unwrap_or_default()
}

/// The same of the child's message.
fn is_sent_early(calls: &[Call], trace: &Trace) -> bool {
    calls.iter().position(|call| call.code == SEND).is_some_and(|place| is_early(trace, place))
}

/// Whether the child came to the end of its `send` before it was killed.
fn has_sent(calls: &[Call], trace: &Trace) -> bool {
    let sends = (0..calls.len()).filter(|&place| calls[place].player != 0 && calls[place].code == SEND);
    sends.filter(|&place| calls[place].tells).all(|place| told(trace, place).is_some())
}

fn differs(call: &Call, got: Told, right: Told, coming: &[Parcel], units: bool) -> Wrong {
    if got.kind == words::OVERSTAYED {
        let (limit, ms) = (call.args[0], got.detail);
        let what = format!(
            "`recv_timeout` with a limit of {limit} ms waited for {ms} ms: with each piece its time begins again"
        );
        return Wrong::new(Fault::Timeout, what);
    }
    let say_other = |told: Told| -> String {
        match told.kind {
            words::GOT if call.code == RECV_MANY => {
                "these messages in the order in which they were sent".into()
            }
            words::GOT => {
                let is_it = |parcel: &Parcel| Told::new(words::GOT, digest(0, units, *parcel)) == told;
                coming.iter().position(is_it).map_or("a message that nobody sent".into(), |place| {
                    format!("message {} of {} bytes", place + 1, coming[place].1)
                })
            }
            _ => "nothing, since there is no connection".into(),
        }
    };
    let say = |told: Told| say_link(told).unwrap_or_else(|| say_other(told));
    let fault = match (right.kind, got.kind) {
        (words::GOT, words::GOT) if say(got).starts_with("message") => Fault::WrongOrder,
        (words::GOT, words::TRUNCATED | words::UNDECODABLE) => Fault::ShortRead,
        (words::GOT, words::DISCONNECTED | words::TIMED_OUT) => Fault::LostTask,
        _ => Fault::WrongAnswer,
    };
    let got = if call.code == RECV_MANY && got.kind == words::GOT { "others".to_owned() } else { say(got) };
    let by = if call.player == 0 { "the caller's" } else { "a child's" };
    Wrong::new(fault, format!("{by} {} gave {got}; it should give {}", name(call.code), say(right)))
}

// --- whole, in order, once ------------------------------------------------------------------------------------

const MESSAGES: TrialRules = TrialRules {
    check: "q5.pipe_messages",
    trials: |fresh| {
        let base = fresh.bits() % words::NUMBERS;
        let sizes = [3, 0, 100, 1, 4_088, 4_096, 9_000];
        let parcels: Vec<Parcel> = (base..).zip(sizes).collect();
        let mut turns = (Vec::new(), Vec::new());
        for number in base..base + 12 {
            turns.0.extend([quiet(0, SEND, &[number, 20]), tell(0, RECV, &[])]);
            turns.1.extend([tell(1, RECV, &[]), quiet(1, SEND, &[number + 50, 30])]);
        }
        let units = |callers: Vec<Call>, childs: Vec<Call>| {
            let mut calls = with_child(&callers, &childs);
            calls[0] = quiet(0, PAIR, &[1]);
            calls
        };
        let three = quiet(1, SEND_MANY, &[0, 3, 0]);
        vec![
            // From the child, and then to it.
            trial(
                "messages go to and fro",
                &with_child(
                    &[recv_each(0, 7), send_all(0, &parcels)].concat(),
                    &[send_all(1, &parcels), recv_each(1, 7)].concat(),
                ),
                &[],
            ),
            // Many are on their way in both directions before one is received.
            trial(
                "many messages are on their way at once",
                &with_child(
                    &[vec![quiet(0, SEND_MANY, &[base, 60, 16]), quiet(0, HOLD, &[1])], recv_each(0, 40)]
                        .concat(),
                    &[
                        vec![quiet(1, SEND_MANY, &[base + 100, 40, 24]), quiet(1, HOLD, &[2])],
                        vec![tell(1, RECV_MANY, &[60])],
                    ]
                    .concat(),
                ),
                &[Step::Gather(2)],
            ),
            trial("the two take turns", &with_child(&turns.0, &turns.1), &[]),
            // A message that takes no byte is one, too.
            trial("messages take no byte", &units(recv_each(0, 3), vec![three]), &[]),
            trial(
                "messages take no byte",
                &units(vec![quiet(0, SEND_MANY, &[0, 5, 0])], recv_each(1, 5)),
                &[],
            ),
        ]
    },
    judge: |trial, trace| verdict(trial, trace, Fault::Hang, "`send` or `recv` waits for ever"),
};

// --- long messages -------------------------------------------------------------------------------------------------

const LONG: TrialRules = TrialRules {
    check: "q5.pipe_long",
    trials: |fresh| {
        let base = fresh.bits() % words::NUMBERS;
        let long: Vec<Parcel> = vec![(base, MIB), (base + 1, 10), (base + 2, 300_000)];
        let both = with_child(
            &[recv_each(0, 3), send_all(0, &long)].concat(),
            &[send_all(1, &long), recv_each(1, 3)].concat(),
        );
        let disturbed = |scene: &'static str, faults: u64| {
            let sizes = [4_091, 4_092, 4_093, 65_531, 65_532, 65_533, 70_000, 0, 5];
            let parcels: Vec<Parcel> = (base..).zip(sizes).collect();
            let mut calls = with_child(
                &[recv_each(0, 9), send_all(0, &parcels)].concat(),
                &[send_all(1, &parcels), recv_each(1, 9)].concat(),
            );
            calls.insert(1, quiet(0, FAULTS, &[faults]));
            trial(scene, &calls, &[])
        };
        vec![
            trial("a message is longer than a pipe holds", &both, &[]),
            // One direction is full, and the other is none the worse for it.
            trial(
                "one direction is full",
                &with_child(
                    &[quiet(0, SEND, &[base, MIB]), tell(0, RECV, &[])],
                    &[
                        quiet(1, HOLD, &[1]),
                        tell(1, SEND, &[base + 1, 50]),
                        quiet(1, HOLD, &[2]),
                        tell(1, RECV, &[]),
                    ],
                ),
                &[Step::Gather(1), Step::Quiet, flow(2), Step::Gather(1)],
            ),
            disturbed("a pipe takes and gives only a part at a time", SHORT),
            disturbed("signals interrupt calls", INTERRUPTED),
            disturbed("signals interrupt calls and pipes take only parts", SHORT | INTERRUPTED),
        ]
    },
    judge: |trial, trace| {
        let disturbed = calls(trial).iter().any(|call| call.code == FAULTS);
        let hang = if disturbed { Fault::Hang } else { Fault::PipeDeadlock };
        verdict(trial, trace, hang, "`send` or `recv` is stuck")
    },
};

// --- the end -----------------------------------------------------------------------------------------------------------

const END: TrialRules = TrialRules {
    check: "q5.pipe_end",
    trials: |fresh| {
        let base = fresh.bits() % words::NUMBERS;
        let two = send_all(1, &[(base, 10), (base + 1, 2_000)]);
        let gone = |how: Vec<Call>| {
            trial(
                "the other side has ended",
                &with_child(&recv_each(0, 4), &[two.clone(), how].concat()),
                &[],
            )
        };
        // The other side ends without having read; what it has sent itself still comes.
        let unread = [
            vec![quiet(0, SEND, &[base, 100]), quiet(0, HOLD, &[1])],
            recv_each(0, 3),
            vec![quiet(1, SEND, &[base + 1, 7]), quiet(1, HOLD, &[2])],
        ];
        let held = |others: &[Call]| [others, &[quiet(1, HOLD, &[1])]].concat();
        let killed = [Step::Gather(1), Step::Quiet, Step::Kill(Pick::Task(1))];
        let waits_to_send = with_child(&[tell(0, SEND, &[base, MIB])], &[quiet(1, HOLD, &[1])]);
        // Two children at one end: it is there as long as one of them is.
        let mut shared = vec![quiet(0, PAIR, &[0])];
        shared.extend(start(&[1, 2]));
        shared.push(quiet(0, DROP_OTHER, &[]));
        shared.extend(recv_each(0, 3));
        shared.extend(wait(&[1, 2]));
        shared.extend([quiet(1, SEND, &[base, 5]), quiet(1, HOLD, &[1])]);
        shared.extend([quiet(2, HOLD, &[2]), quiet(2, SEND, &[base + 1, 5])]);
        vec![
            gone(vec![]),
            gone(vec![quiet(1, DROP, &[])]),
            gone(vec![quiet(1, LEAVE, &[])]),
            // The child sees the end of the caller.
            trial(
                "the other side has dropped its end",
                &with_child(&[quiet(0, SEND, &[base, 9]), quiet(0, DROP, &[])], &recv_each(1, 3)),
                &[],
            ),
            trial("the other side is killed", &with_child(&recv_each(0, 3), &held(&two)), &killed),
            trial(GONE, &after_the_end(base), &[]),
            trial(
                "the other side ends and has not read what was sent",
                &with_child(&unread[..2].concat(), &unread[2]),
                &[Step::Gather(2), open(2), Step::Quiet],
            ),
            trial(GOES, &waits_to_send, &killed),
            trial(
                "one of two children at the other end is killed",
                &shared,
                &[
                    Step::Gather(2),
                    Step::Quiet,
                    Step::Kill(Pick::Task(1)),
                    flow_but(1, &[1, 2]),
                    Step::Quiet,
                    open(2),
                ],
            ),
        ]
    },
    judge: |trial, trace| {
        let killed = trace.events.iter().any(|event| matches!(event.seen, Seen::Killed(_)));
        let hang = if killed { Fault::HungOnCrash } else { Fault::Hang };
        verdict(trial, trace, hang, "whoever waits is not told that nobody is there any more")
    },
};

/// Sends when the child has ended.
fn after_the_end(base: u64) -> Vec<Call> {
    let mut calls = with_child(&[], &[quiet(1, DROP, &[])]);
    calls.extend([tell(0, SEND, &[base, 5]), tell(0, SEND, &[base + 1, MIB])]);
    calls
}

// --- messages that are broken ----------------------------------------------------------------------------------------------

const BROKEN: TrialRules = TrialRules {
    check: "q5.pipe_broken",
    trials: |fresh| {
        let base = fresh.bits() % words::NUMBERS;
        let torn = |bytes: u64| {
            trial(
                TORN,
                &with_child(
                    &[vec![quiet(0, HOLD, &[1])], recv_each(0, 2)].concat(),
                    &[tell(1, SEND, &[base, bytes])],
                ),
                // Whoever can send all of it at once is held where it tells so.
                &[Step::Gather(1), Step::Quiet, Step::KillIdle(0), Step::Quiet],
            )
        };
        let unreadable = [
            (base, 10),
            (words::UNREADABLE, 50),
            (base + 1, 20),
            (words::UNREADABLE, 70_000),
            (base + 2, 30),
        ];
        let unsendable = |player| {
            vec![
                quiet(player, SEND, &[base, 10]),
                tell(player, SEND, &[words::UNSENDABLE, 50]),
                quiet(player, SEND, &[base + 1, 20]),
            ]
        };
        vec![
            torn(MIB),
            torn(4 * MIB),
            trial(
                "a message cannot be decoded",
                &with_child(&recv_each(0, 5), &send_all(1, &unreadable)),
                &[],
            ),
            trial("a message cannot be encoded", &with_child(&recv_each(0, 2), &unsendable(1)), &[]),
            trial("a message cannot be encoded", &with_child(&unsendable(0), &recv_each(1, 2)), &[]),
        ]
    },
    judge: |trial, trace| verdict(trial, trace, Fault::Hang, "`recv` waits for ever"),
};

// --- the limit -----------------------------------------------------------------------------------------------------------------

const TIMEOUT: TrialRules = TrialRules {
    check: "q5.pipe_timeout",
    trials: |fresh| {
        let base = fresh.bits() % words::NUMBERS;
        let within = |ms: u64| tell(0, RECV_LIMIT, &[ms]);
        let late = |ms: u64| {
            trial(
                "a message comes only after a while",
                &with_child(&[within(ms), within(ms)], &[quiet(1, HOLD, &[1]), quiet(1, SEND, &[base, 40])]),
                &[Step::Gather(1), Step::Quiet, open(1)],
            )
        };
        let half = |bytes: u64| {
            trial(
                HALF,
                &with_child(
                    &[
                        quiet(0, HOLD, &[1]),
                        within(15),
                        within(0),
                        quiet(0, HOLD, &[2]),
                        tell(0, RECV, &[]),
                        tell(0, RECV, &[]),
                    ],
                    &[tell(1, SEND, &[base, bytes]), quiet(1, SEND, &[base + 1, 9])],
                ),
                &[Step::Gather(1), Step::Quiet, Step::Stop(0), flow(3), Step::Gather(1), Step::Continue],
            )
        };
        let mut interrupted = with_child(
            &[within(20), within(0), within(6), quiet(0, HOLD, &[2]), within(words::FOR_EVER)],
            &[quiet(1, HOLD, &[1]), quiet(1, SEND, &[base, 10])],
        );
        interrupted.insert(1, quiet(0, FAULTS, &[LATE]));
        let interrupted = trial(SIGNALS, &interrupted, &[flow_but(4, &[1]), Step::Quiet, open(1)]);
        vec![
            // Nothing comes, and the child is there all the time.
            trial(
                SILENCE,
                &with_child(
                    &[within(20), within(0), within(1), quiet(0, HOLD, &[2]), within(words::FOR_EVER)],
                    &[quiet(1, HOLD, &[1]), quiet(1, SEND, &[base, 10])],
                ),
                &[flow_but(4, &[1]), Step::Quiet, open(1)],
            ),
            half(MIB),
            half(3 * MIB),
            late(words::FOR_EVER),
            late(common::WRAPS),
            // What is there comes without a wait, and the end is no reason to wait either.
            trial(
                "messages are there already",
                &with_child(
                    &[quiet(0, HOLD, &[1]), within(0), within(0), within(0), within(60_000)],
                    &[quiet(1, SEND, &[base, 10]), quiet(1, SEND, &[base + 1, 3_000])],
                ),
                &[Step::Gather(1), Step::Quiet, open(1)],
            ),
            // One direction of whatever there is holds that much.
            trial(
                LIES,
                &with_child(
                    &[quiet(0, HOLD, &[1]), within(0), tell(0, RECV, &[])],
                    &[tell(1, SEND, &[base, 50_000])],
                ),
                &[Step::Gather(2), Step::Quiet, open(1)],
            ),
            // Each wait is interrupted when it is over, so whoever begins again with the whole limit never gives up.
            interrupted,
            // All of it is there, and comes in pieces: whoever has taken it within the limit has a right answer, too.
            trial(
                PIECES,
                &with_child(
                    &[quiet(0, HOLD, &[1]), quiet(0, FAULTS, &[common::PIECEMEAL]), within(40)],
                    &[quiet(1, SEND, &[base, 50_000])],
                ),
                &[Step::Gather(1), Step::Quiet, open(1)],
            ),
        ]
    },
    judge: |trial, trace| verdict(trial, trace, Fault::Hang, "`recv_timeout` waits without a limit"),
};

// --- nothing is left -------------------------------------------------------------------------------------------------------------

const CLEAN: TrialRules = TrialRules {
    check: "q5.pipe_clean",
    trials: |fresh| {
        let base = fresh.bits() % words::NUMBERS;
        let over = |number: u64| quiet(0, CHECKPOINT, &[number]);
        let look = |number: u64| [&[Step::Checkpoint(number)], LOOK.as_slice()].concat();
        let turn = || {
            let child = [quiet(1, SEND, &[base, 30_000]), tell(1, RECV, &[])];
            // The caller is held until the child waits: who of the two reads first is no matter of luck.
            with_child(&[quiet(0, HOLD, &[1]), tell(0, RECV, &[]), quiet(0, SEND, &[base + 1, 10])], &child)
        };
        let mut used = turn();
        used.splice(used.len() - 2..used.len() - 2, [quiet(0, DROP, &[]), over(1)]);
        let begun = vec![Step::Gather(1), Step::Quiet, open(1)];
        let rounds = |count: u64| tell(0, words::ROUNDS, &[count]);
        let short = |more: u64| {
            vec![
                rounds(2),
                over(1),
                quiet(0, common::FEW_FILES, &[more]),
                tell(0, PAIR, &[0]),
                quiet(0, common::FILES, &[]),
                over(2),
            ]
        };
        let looks = [vec![flow(1)], look(1), vec![flow(1)], look(2)].concat();
        let idle = |scene: &'static str, caller: Call, child: Call| {
            trial(
                scene,
                &with_child(&[caller], &[quiet(1, HOLD, &[1]), child]),
                &[Step::Gather(1), Step::Quiet, Step::Idle],
            )
        };
        vec![
            trial("a connection is dropped", &used, &[begun, vec![flow(2)], look(1)].concat()),
            trial("connections are made and dropped", &[rounds(2), over(1), rounds(40), over(2)], &looks),
            trial(NO_FILES, &short(0), &looks),
            trial(NO_FILES, &short(1), &looks),
            idle("nothing comes for a while", tell(0, RECV, &[]), quiet(1, SEND, &[base, 10])),
            idle("nothing comes for a while", tell(0, RECV_LIMIT, &[50_000]), quiet(1, SEND, &[base, 10])),
            idle("nobody reads for a while", tell(0, SEND, &[base, MIB]), tell(1, RECV, &[])),
        ]
    },
    judge: |trial, trace| {
        trace.at_rest(3)?;
        // Whoever needs one descriptor less than there are has a right answer.
        let place = calls(trial).iter().position(|call| call.code == PAIR).unwrap_or_default();
        if trial.scene != NO_FILES || told(trace, place) != Some(Told::new(words::OK, 0)) {
            verdict(trial, trace, Fault::Hang, "it does not come to an end")?;
        }
        nothing_left(trace, |place| place != 0)
    },
};
