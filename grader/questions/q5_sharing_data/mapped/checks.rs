//! Counters in a file: what each check wants to see, and how it reads a trace.

use super::words::mapped as words;
use crate::actors::{DOOR, GO_ON, at, checkpoint, gather, kill, kill_at, own_memory, script, wait_for};
use crate::actors::{Returned, answers, gate, good_end, name, open, returned, trial};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::leftovers::nothing_at_the_end;
use crate::trial::{Pick, Step, Trace, Trial, TrialRules};
use wire::actors::{self as common, Op};

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[TrialRules] = &[ADDS, SURVIVES, SEEN, SHAPE, BOUNDS, CLEAN];

const STUCK: &str = "every process waits, and none can wake another";

const fn open_file(count: u64) -> Op {
    [words::OPEN, count, 0]
}

const fn add(index: u64, amount: u64) -> Op {
    [words::ADD, index, amount]
}

const fn get(index: u64) -> Op {
    [words::GET, index, 0]
}

const fn take(index: u64) -> Op {
    [words::TAKE, index, 0]
}

const CLOSE: Op = [words::CLOSE, 0, 0];
const LOOK: Op = [words::LOOK, 0, 0];

fn ended(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    good_end(trial, trace, words::say, Fault::Hang, STUCK)
}

/// Every file that was opened was opened well, unless the caller is asked to fail.
fn opened(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    let calls = returned(trial, trace);
    match calls.iter().find(|call| call.op[0] == words::OPEN && call.with[0] != words::OPENED) {
        None => Ok(()),
        Some(call) => {
            let (who, end) = (name(call.actor as u64), words::end(call.with));
            Err(Wrong::new(
                Fault::WrongAnswer,
                format!("{who} calls `open`, and gets {end}; it should be Ok"),
            ))
        }
    }
}

fn first(trial: &Trial, trace: &Trace, actor: usize, code: u64) -> Option<u64> {
    answers(trial, trace, actor, code).first().map(|got| got[0])
}

/// Opens the gates of these tasks at once.
fn together(tasks: u64) -> Vec<Step> {
    let all = (1..=tasks).map(|task| Step::Open(Pick::Task(DOOR + task)));
    [Step::Gather(tasks as usize)].into_iter().chain(all).collect()
}

/// Lets the first of three open the file and holds it where it makes room, twice; each time another one opens the file.
fn half_made() -> Vec<Step> {
    let held = [(words::BEFORE_ROOM, 3, DOOR + 2), (words::AFTER_ROOM, 2, DOOR + 3)];
    let another = |(task, held, door)| {
        [Step::Gather(held), Step::Open(Pick::Task(door)), Step::Quiet, Step::Open(Pick::Task(task))]
    };
    let begin = [Step::Gather(3), Step::Open(Pick::Task(DOOR + 1))];
    begin.into_iter().chain(held.into_iter().flat_map(another)).collect()
}

/// Holds the first of three where it is about to make the file; the others open it meanwhile, one after the other.
fn not_yet_made() -> Vec<Step> {
    let open = |task: u64| [Step::Open(Pick::Task(task)), Step::Quiet];
    let others = [open(DOOR + 2), open(DOOR + 3), open(words::BEFORE_CREATION)].concat();
    let begin = [Step::Gather(3), Step::Open(Pick::Task(DOOR + 1)), Step::Gather(3)];
    begin.into_iter().chain(others).collect()
}

// --- nothing is lost -------------------------------------------------------------------------------------------

/// How often two must have been at the counter at the same time.
const MEETINGS: u64 = 2_000;
/// Somebody else says when it is enough.
const NO_END: u64 = u64::MAX;

const ADDS: TrialRules = TrialRules {
    check: "q5.mapped_adds",
    trials: |_| {
        let adds = |door: u64, end: u64| [open_file(3), gate(DOOR + door), [words::ADD_OFTEN, 1, end]];
        let takes = [open_file(3), gate(DOOR + 2), [words::TAKE_OFTEN, 1, MEETINGS]];
        let beside = |adds: u64, takes: u64| {
            let both = [[adds, 1, 3 * MEETINGS], [takes, 1, 0]];
            let [one, other] = [1, 2].map(|door| [open_file(3), gate(DOOR + door), both[door as usize - 1]]);
            trial(&[], &[wait_for(1), wait_for(2)], &[&one, &other], &together(2))
        };
        let makes = |door: u64| [gate(DOOR + door), open_file(2), add(0, 1)];
        let all = [wait_for(1), wait_for(2), wait_for(3), open_file(3)];
        let found = [common::READ, words::FOUND, 0];
        vec![
            trial(
                &[],
                &[&all[..], &[get(1), found]].concat(),
                &[&adds(1, MEETINGS), &adds(2, MEETINGS), &adds(3, MEETINGS)],
                &together(3),
            ),
            trial(
                &[],
                &[&all[..], &[get(1)]].concat(),
                &[&adds(1, NO_END), &takes, &adds(3, NO_END)],
                &together(3),
            ),
            // Too large, while another takes: the two must often be on both processors, so that it begins before the rest.
            beside(words::FILL_OFTEN, words::EMPTY_OFTEN).long(),
            // Three make the file at the same time.
            trial(
                &[],
                &[&all[..3], &[open_file(2), get(0)]].concat(),
                &[&makes(1), &makes(2), &makes(3)],
                &together(3),
            ),
            // The same, and whoever is first is held twice meanwhile, with a file that is half made.
            trial(
                &[],
                &[&all[..3], &[open_file(2), get(0)]].concat(),
                &[&[&[[words::HOLD, 0, 0]][..], &makes(1)].concat(), &makes(2), &makes(3)],
                &half_made(),
            ),
            // Too large.
            trial(
                &[],
                &[
                    open_file(1),
                    add(0, u64::MAX - 1),
                    add(0, 5),
                    add(0, 0),
                    add(0, u64::MAX),
                    get(0),
                    take(0),
                    get(0),
                ],
                &[],
                &[],
            ),
            // Too large again and again, while another takes.
            beside(words::OVERFLOW_OFTEN, words::DRAIN_OFTEN),
            // One has looked whether there is a file, and others make it before that one does.
            trial(
                &[],
                &[&all[..3], &[open_file(2), get(0)]].concat(),
                &[&[&[[words::HOLD_CREATION, 0, 0]][..], &makes(1)].concat(), &makes(2), &makes(3)],
                &not_yet_made(),
            ),
        ]
    },
    judge: |trial, trace| {
        ended(trial, trace)?;
        opened(trial, trace)?;
        let calls = returned(trial, trace);
        if let Some(filled) = calls.iter().find(|call| call.op[0] == words::FILL_OFTEN) {
            return match filled.with[0] {
                0 => Ok(()),
                times => {
                    let what = format!(
                        "`add` to a full counter that somebody takes at the same moment: {times} times it gave 0 and left the largest number, not what was added"
                    );
                    Err(Wrong::new(Fault::Race, what))
                }
            };
        }
        if let Some(drained) = calls.iter().find(|call| call.op[0] == words::DRAIN_OFTEN) {
            return match drained.with[0] {
                0 => Ok(()),
                times => {
                    let what = format!(
                        "`take` from a counter that becomes too large at the same moment: {times} times it gave neither what was added nor the largest number"
                    );
                    Err(Wrong::new(Fault::Race, what))
                }
            };
        }
        let sum = |code: u64| -> u64 {
            calls.iter().filter(|call| call.op[0] == code).map(|call| call.with[0]).sum()
        };
        let added = sum(words::ADD_OFTEN);
        let left = first(trial, trace, 0, words::GET).unwrap_or_default();
        if added > 0 {
            let taken = sum(words::TAKE_OFTEN);
            if taken + left != added {
                let what = match taken {
                    0 => format!("{added} were added one by one, and the counter is {left}"),
                    _ => format!("{added} were added one by one, {taken} were taken, and {left} are left"),
                };
                return Err(Wrong::new(Fault::Race, what));
            }
            if calls.iter().any(|call| call.op[0] == words::TAKE_OFTEN && call.with[1] > 0) {
                let what = "`take` gave 0 right after an addition, and nobody else takes";
                return Err(Wrong::new(Fault::Race, what));
            }
            // 0, 1, 2 and so on, each found once.
            let right = added * (added - 1) / 2;
            if first(trial, trace, 0, common::READ).is_some_and(|found| found != right) {
                let what = "what `add` returned is not, each time, what the counter was before";
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
            return Ok(());
        }
        if trial.words.len() > 2 {
            return match left {
                3 => Ok(()),
                _ => {
                    let has = |code: u64| calls.iter().any(|call| call.op[0] == code);
                    let opened = if has(words::HOLD) {
                        "two processes opened the file while a third was making it"
                    } else if has(words::HOLD_CREATION) {
                        "two processes made the file while a third was about to do that"
                    } else {
                        "three processes made the file at once"
                    };
                    let what = format!("{opened}, each of them added 1, and the counter is {left}");
                    Err(Wrong::new(Fault::Race, what))
                }
            };
        }
        let got: Vec<u64> = calls.iter().filter(|call| is_number(call)).map(|call| call.with[0]).collect();
        let (most, right) = (u64::MAX, [0, u64::MAX - 1, u64::MAX, u64::MAX, u64::MAX, u64::MAX, 0]);
        match got.iter().zip(&right).find(|(got, right)| got != right) {
            None => Ok(()),
            Some((got, right)) => {
                let what =
                    format!("near the largest number, {most}, a call gave {got}, and should give {right}");
                Err(Wrong::new(Fault::WrongAnswer, what))
            }
        }
    },
};

fn is_number(call: &Returned) -> bool {
    [words::ADD, words::GET, words::TAKE].contains(&call.op[0])
}

// --- it stays ---------------------------------------------------------------------------------------------------------

const SURVIVES: TrialRules = TrialRules {
    check: "q5.mapped_survives",
    trials: |fresh| {
        let amount = 1 + fresh.fresh() % 1_000_000;
        // They open the file one after the other: opening at once is another check's.
        let told = |door: u64| {
            [gate(DOOR + 3 + door), open_file(2), gate(DOOR + door), [words::ADD_TOLD, 100_000_000, 1]]
        };
        let doors = script![open(DOOR + 4), open(DOOR + 5), open(DOOR + 6)];
        let done = [common::READ, words::DONE, 0];
        let counts = |child: u64, least: u64| {
            [checkpoint(child), [words::WATCH, least, child], kill(child), open_file(2), get(1), done, CLOSE]
        };
        let goes =
            |child: u64, held: usize| [Step::Gather(held), Step::Open(Pick::Task(DOOR + child)), Step::GoOn];
        vec![
            // Killed while it counts, three times.
            trial(
                &[],
                &[&[open_file(2), CLOSE][..], &counts(1, 1_000), &counts(2, 9_000), &counts(3, 20_000)]
                    .concat(),
                &[&told(1), &told(2), &told(3)],
                &script![at(1), gather(3), doors, goes(1, 3), at(2), goes(2, 2), at(3), goes(3, 1)],
            ),
            // Killed right after one addition; one leaves; one closes.
            trial(
                &[],
                &[checkpoint(1), open_file(1), get(0)],
                &[&[open_file(1), add(0, amount), gate(1)]],
                &script![at(1), gather(1), kill_at(1), GO_ON],
            ),
            trial(
                &[],
                &[wait_for(1), open_file(1), get(0)],
                &[&[open_file(1), add(0, amount), [common::LEAVE, 1, 0]]],
                &[],
            ),
            trial(&[], &[open_file(1), add(0, amount), CLOSE, open_file(1), get(0), CLOSE], &[], &[]),
            // Removed while it is open: what is made then is another file.
            trial(
                &[],
                &[open_file(1), add(0, 1), [words::REMOVE, 0, 0], open_file(1), get(0), add(0, 1), get(0)],
                &[],
                &[],
            ),
        ]
    },
    judge: |trial, trace| {
        ended(trial, trace)?;
        opened(trial, trace)?;
        let calls = returned(trial, trace);
        if calls.iter().any(|call| call.op[0] == words::REMOVE) {
            let got = answers(trial, trace, 0, words::GET).iter().map(|got| got[0]).collect::<Vec<_>>();
            let what = "a file was removed while it was open; the one that `open` makes then has what was in the old one";
            return if got == [0, 1] { Ok(()) } else { Err(Wrong::new(Fault::WrongAnswer, what)) };
        }
        let amount: u64 = calls.iter().filter(|call| call.op[0] == words::ADD).map(|call| call.op[2]).sum();
        let done = answers(trial, trace, 0, common::READ);
        for (place, &[got, _]) in answers(trial, trace, 0, words::GET).iter().enumerate() {
            // Who is killed between the addition and the note of it has added one more: each may have.
            let (least, most) = match done.get(place) {
                Some(&[done, _]) => (done, done + 1 + place as u64),
                None => (amount, amount),
            };
            if !(least..=most).contains(&got) {
                let what =
                    format!("additions of {least} had returned, and whoever opens the file then finds {got}");
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
        }
        Ok(())
    },
};

// --- seen at once ---------------------------------------------------------------------------------------------------------

/// The caller opens the file, then a child does, in its way; they add, look, and take by turns.
fn by_turns(opens: &[Op], one: u64, two: u64) -> Trial {
    let calls = [gate(1), get(3), add(3, two), gate(2), get(3)];
    let begin = script![at(1), gather(1), open(DOOR), gather(1), GO_ON];
    let turns = script![at(2), open(1), gather(1), GO_ON, at(3), open(2), GO_ON];
    trial(
        &[],
        &[open_file(4), checkpoint(1), add(3, one), checkpoint(2), get(3), take(3), checkpoint(3)],
        &[&[&[gate(DOOR)], opens, &calls].concat()],
        &[begin, turns].concat(),
    )
}

const SEEN: TrialRules = TrialRules {
    check: "q5.mapped_seen",
    trials: |fresh| {
        let (one, two) = (1 + fresh.fresh() % 1000, 1 + fresh.fresh() % 1000);
        vec![
            // Each has opened the file for itself.
            by_turns(&[open_file(4)], one, two),
            // One of them twice.
            by_turns(&[open_file(4), CLOSE, open_file(4)], one, two),
        ]
    },
    judge: |trial, trace| {
        ended(trial, trace)?;
        opened(trial, trace)?;
        let added = |actor: usize| {
            let calls = returned(trial, trace).into_iter();
            calls
                .filter(|call| call.actor == actor && call.op[0] == words::ADD)
                .map(|call| call.op[2])
                .sum::<u64>()
        };
        let (one, two) = (added(0), added(1));
        for (actor, code, right) in [
            (1, words::GET, &[one, 0][..]),
            (1, words::ADD, &[one]),
            (0, words::GET, &[one + two]),
            (0, words::TAKE, &[one + two]),
        ] {
            let got: Vec<u64> = answers(trial, trace, actor, code).iter().map(|got| got[0]).collect();
            if got != right {
                let who = name(actor as u64);
                let call = words::say([code, 3, 0]);
                let what = format!(
                    "{who} calls `{call}` and gets {got:?}; with what others have done it is {right:?}"
                );
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
        }
        Ok(())
    },
};

// --- only its own files ---------------------------------------------------------------------------------------------------

const SHAPE: TrialRules = TrialRules {
    check: "q5.mapped_shape",
    trials: |_| {
        let foreign = |bytes: u64, count: u64| {
            trial(&[], &[[words::FOREIGN, bytes, 0], LOOK, open_file(count), LOOK], &[], &[])
        };
        let other = |made: u64, asked: u64| {
            let calls = [
                open_file(made),
                add(0, 7),
                CLOSE,
                LOOK,
                open_file(asked),
                LOOK,
                open_file(made),
                get(0),
                CLOSE,
            ];
            trial(&[], &calls, &[], &[])
        };
        vec![
            foreign(26, 1),
            foreign(64 + 8 * 4, 4),
            foreign(8 * 4, 4),
            foreign(5_000, 2),
            other(4, 3),
            other(4, 5),
            other(1, 1000),
            trial(&[], &[[words::OPEN_NOWHERE, 2, 0]], &[], &[]),
            trial(&[], &[open_file(0)], &[], &[]),
        ]
    },
    judge: |trial, trace| {
        ended(trial, trace)?;
        let ends: Vec<[u64; 2]> =
            [answers(trial, trace, 0, words::OPEN), answers(trial, trace, 0, words::OPEN_NOWHERE)].concat();
        let of_one = common::ops(&trial.words, 0);
        let (end, right, file) = match of_one[0][0] {
            words::FOREIGN => (ends.first(), words::IS_FOREIGN, "a file of somebody else"),
            words::OPEN_NOWHERE => (ends.first(), words::OS, "a folder that is not there"),
            _ if of_one.len() == 1 => (ends.first(), words::OS, "a file of no counters"),
            _ => (ends.get(1), words::HAS_OTHER_SHAPE, "a file with another number of counters"),
        };
        if let Some(&end) = end
            && end[0] != right
        {
            let (end, right) = (words::end(end), words::end([right, 2]));
            let right = right.trim_end_matches("(error 2))");
            let what = format!("{file} is opened, and that gives {end}; it should be {right}");
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        if let [before, after] = answers(trial, trace, 0, words::LOOK)[..]
            && before != after
        {
            let what = format!(
                "{file} was opened in vain, and has changed: {} bytes, before {}",
                after[1], before[1]
            );
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        match first(trial, trace, 0, words::GET) {
            Some(got) if got != 7 => {
                let what = format!(
                    "somebody asked for another number of counters, and a counter is {got} now, not 7"
                );
                Err(Wrong::new(Fault::WrongAnswer, what))
            }
            _ => Ok(()),
        }
    },
};

// --- the ends of the row -------------------------------------------------------------------------------------------------------

const BOUNDS: TrialRules = TrialRules {
    check: "q5.mapped_bounds",
    trials: |_| {
        let outside = |count: u64, index: u64| {
            let calls = [
                open_file(count),
                [words::LEN, 0, 0],
                [words::ADD_ALL, 0, 0],
                [words::OUTSIDE, index, 0],
                get(0),
                get(count - 1),
                CLOSE,
            ];
            trial(&[], &calls, &[], &[])
        };
        vec![outside(3, 3), outside(1, 1), outside(512, 512), outside(4, u64::MAX), outside(3, 1 << 60)]
    },
    judge: |trial, trace| {
        ended(trial, trace)?;
        opened(trial, trace)?;
        let count = common::ops(&trial.words, 0)[0][1];
        if first(trial, trace, 0, words::LEN).is_some_and(|got| got != count) {
            return Err(Wrong::new(
                Fault::WrongAnswer,
                format!("`len` of {count} counters is something else"),
            ));
        }
        if first(trial, trace, 0, words::OUTSIDE).is_some_and(|panicked| panicked < 3) {
            let what =
                format!("with {count} counters an index beyond them is no panic, or not in every call");
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        match answers(trial, trace, 0, words::GET).iter().any(|got| got[0] != 1) {
            false => Ok(()),
            true => Err(Wrong::new(Fault::WrongAnswer, "a call beyond the counters has changed one of them")),
        }
    },
};

// --- nothing of its own, and nothing left -------------------------------------------------------------------------------------

/// So many counters are 2 MB; with 64 bytes each they still fit into the largest file.
const LARGE: u64 = 250_000;
/// The most memory that a process may have to itself meanwhile: less than a copy of the file would take.
const OWN_KIB: u64 = 1_500;

const CLEAN: TrialRules = TrialRules {
    check: "q5.mapped_clean",
    trials: |_| {
        // One in each page of the memory.
        let uses = [open_file(LARGE), [words::ADD_ALL, 512, 0], gate(1), CLOSE];
        let often: Vec<Op> = (0..40).flat_map(|_| [open_file(9), add(1, 1), CLOSE]).collect();
        vec![
            trial(
                &[],
                &[open_file(LARGE), CLOSE, wait_for(1)],
                &[&uses],
                &script![gather(1), [Step::Memory], open(1)],
            ),
            trial(&[], &often, &[], &[]),
            trial(&[], &[open_file(3), CLOSE, open_file(4), open_file(3), CLOSE], &[], &[]),
        ]
    },
    judge: |trial, trace| {
        ended(trial, trace)?;
        own_memory(trace, OWN_KIB)?;
        nothing_at_the_end(trace)
    },
};
