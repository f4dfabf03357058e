//! Shared grids: what each check wants to see, and how it reads a trace.

use super::words::grid as words;
use crate::actors::{DOOR, GO_ON, at, checkpoint, gather, kill_at, own_memory, script, wait_for};
use crate::actors::{answers, gate, good_end, name, nothing_after_a_kill, open, returned, trial};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::leftovers::{LOOK, nothing_left};
use crate::trial::{Pick, Seen, Step, Trace, Trial, TrialRules, Who};
use std::collections::{BTreeMap, BTreeSet};
use wire::actors::{self as common, Op};

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[TrialRules] = &[CELLS, SUMS, AT_ONCE, NO_COPY, DEATHS, CLEAN];

const STUCK: &str = "`sum` is stuck: every process waits, and none can wake another";

const fn get(row: u64, column: u64) -> Op {
    [words::GET, words::cell(row, column), 0]
}

fn set(row: u64, column: u64, value: f64) -> Op {
    [words::SET, words::cell(row, column), value.to_bits()]
}

const fn sum(processes: u64, threads: u64) -> Op {
    [words::SUM, processes, threads]
}

const fn held(processes: u64, threads: u64) -> Op {
    [words::SUM_HELD, processes, threads]
}

const fn fill(modulo: u64) -> Op {
    [words::FILL, modulo, 0]
}

const CALLED: Op = [common::READ, words::CALLED, 0];

fn ended(trial: &Trial, trace: &Trace, hang: Fault, what: &str) -> Result<(), Wrong> {
    good_end(trial, trace, words::say, hang, what)
}

/// Lets everybody go, as they come.
fn let_go(count: usize) -> Step {
    Step::Flow { count, except: Vec::new(), together: 1 }
}

/// What was filled in, doubled and added up.
fn doubled(trial: &Trial) -> u64 {
    let cells: u64 = trial.words[0].iter().product();
    let modulo = common::ops(&trial.words, 0).iter().find(|op| op[0] == words::FILL).map_or(1, |op| op[1]);
    // The numbers 2, 4, 6 … `2 * modulo`, over and over.
    let up_to = |numbers: u64| numbers * (numbers + 1);
    cells / modulo * up_to(modulo) + up_to(cells % modulo)
}

/// A sum came out right: what was filled in, and what the gates have added.
fn right_sum(trial: &Trial, trace: &Trace, code: u64) -> Result<(), Wrong> {
    let addends: u64 =
        if code == words::SUM_HELD { trace.opened().map(|(_, addend)| addend).sum() } else { 0 };
    let right = (doubled(trial) + addends) as f64;
    for call in returned(trial, trace).iter().filter(|call| call.op[0] == code) {
        if call.with != [words::OK, right.to_bits()] {
            let (call, got) = (words::say(call.op), words::end(call.with));
            return Err(Wrong::new(
                Fault::WrongAnswer,
                format!("`{call}` is {got}; it should be Ok({right})"),
            ));
        }
    }
    Ok(())
}

// --- cells ------------------------------------------------------------------------------------------------------

const CELLS: TrialRules = TrialRules {
    check: "q5.grid_cells",
    trials: |fresh| {
        let number = |fresh: &mut crate::experiment::Numbers| f64::from_bits(fresh.bits() >> 2);
        let (one, two) = (number(fresh), number(fresh));
        let outside = |rows: u64, columns: u64, cell: u64| {
            let calls = [
                fill(1),
                [words::OUTSIDE, cell, 0],
                get(0, 0),
                get(rows - 1, 0),
                get(rows - 1, columns - 1),
                get(rows / 2, columns / 2),
                get(1 % rows, 0),
            ];
            trial(&[rows, columns], &calls, &[], &[])
        };
        vec![
            // Put by the caller, seen by a child, and the other way round.
            trial(
                &[3, 5],
                &[set(1, 4, one), checkpoint(1), wait_for(1), get(2, 0), get(1, 4), get(0, 4), get(1, 3)],
                &[&[gate(DOOR), get(1, 4), get(2, 0), set(2, 0, two)]],
                &script![at(1), gather(1), open(DOOR), GO_ON],
            ),
            outside(3, 5, words::cell(0, 5)),
            outside(3, 5, words::cell(3, 0)),
            outside(5, 3, words::cell(1, 4)),
            outside(1, 1, words::cell(0, 1)),
            outside(4, 4, words::cell(0xffff_ffff, 1)),
            trial(&[0, 4], &[], &[], &[]),
            trial(&[4, 0], &[], &[], &[]),
            // Their number is 2 in 64 bits, or that of their bytes 0.
            trial(&[3, 0x5555_5555_5555_5556], &[], &[], &[]),
            trial(&[1 << 61, 1], &[], &[], &[]),
        ]
    },
    judge: |trial, trace| {
        let cells: u128 = trial.words[0].iter().map(|&side| u128::from(side)).product();
        if cells == 0 || cells > 1 << 60 {
            trace.good_end(Fault::Hang, STUCK)?;
            let what = if cells == 0 { "no cells" } else { "more cells than there is memory for" };
            return match trace.entry(common::NO_TOOL) {
                Some(_) => Ok(()),
                None => {
                    Err(Wrong::new(Fault::WrongAnswer, format!("a grid of {what} was made, and is no error")))
                }
            };
        }
        ended(trial, trace, Fault::Hang, STUCK)?;
        if let Some([panicked, _]) = answers(trial, trace, 0, words::OUTSIDE).first() {
            if *panicked < 2 {
                let what =
                    "a row or a column that is not there is no panic, or only for one of `get` and `set`";
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
            return match answers(trial, trace, 0, words::GET).iter().all(|got| got[0] == 1.0_f64.to_bits()) {
                true => Ok(()),
                false => {
                    Err(Wrong::new(Fault::WrongAnswer, "a call beyond the grid has changed a cell of it"))
                }
            };
        }
        let [one, two] = [(0, 0), (1, 3)].map(|(actor, place)| common::ops(&trial.words, actor)[place][2]);
        for (actor, right) in [(1, vec![one, 0]), (0, vec![two, one, 0, 0])] {
            let got: Vec<u64> = answers(trial, trace, actor, words::GET).iter().map(|got| got[0]).collect();
            if let Some(at) = (0..right.len()).find(|&at| got.get(at) != Some(&right[at])) {
                let show = |bits: Option<&u64>| {
                    bits.map_or("nothing".into(), |bits| format!("{:e}", f64::from_bits(*bits)))
                };
                let (who, got, right) = (name(actor as u64), show(got.get(at)), show(right.get(at)));
                return Err(Wrong::new(
                    Fault::WrongAnswer,
                    format!("{who} sees {got} in a cell; it should be {right}"),
                ));
            }
        }
        Ok(())
    },
};

// --- sums -------------------------------------------------------------------------------------------------------

const SUMS: TrialRules = TrialRules {
    check: "q5.grid_sums",
    trials: |_| {
        let of = |rows: u64, columns: u64, processes: u64, threads: u64| {
            trial(&[rows, columns], &[fill(1000), sum(processes, threads), CALLED], &[], &[])
        };
        vec![
            of(8, 16, 2, 2),
            of(1, 1, 1, 1),
            of(1, 1, 3, 2),
            of(2, 3, 5, 3),
            of(7, 13, 4, 3),
            of(1, 101, 3, 2),
            of(101, 1, 3, 2),
            of(97, 89, 7, 1),
            // Another child of the caller has ended before, and nobody has waited for it.
            trial(
                &[8, 16],
                &[fill(1000), checkpoint(1), sum(2, 2), CALLED, wait_for(1)],
                &[&[gate(DOOR + 1), [common::LEAVE, 3, 0]]],
                &script![at(1), gather(1), open(DOOR + 1), [Step::Quiet], GO_ON],
            ),
            // What is no number in the end is a sum all the same.
            trial(
                &[5, 7],
                &[sum(2, 2), fill(9), sum(3, 1), sum(1, 3), set(3, 2, f64::NAN), sum(2, 2)],
                &[],
                &[],
            ),
        ]
    },
    judge: |trial, trace| {
        ended(trial, trace, Fault::Hang, STUCK)?;
        let sums = answers(trial, trace, 0, words::SUM);
        if sums.len() > 1 {
            let zero = [words::OK, 0.0_f64.to_bits()];
            let full = [words::OK, (doubled(trial) as f64).to_bits()];
            if !sums.starts_with(&[zero, full, full]) {
                let got: Vec<String> = sums.into_iter().take(3).map(words::end).collect();
                let what = format!(
                    "of one grid, empty and then filled, the sums are {}; they should be {}, {} and {}",
                    got.join(", "),
                    words::end(zero),
                    words::end(full),
                    words::end(full)
                );
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
            let last = sums[sums.len() - 1];
            return match last[0] == words::OK && f64::from_bits(last[1]).is_nan() {
                true => Ok(()),
                false => {
                    let got = words::end(last);
                    let what = format!("with a NaN in a cell the sum is {got}; it should be Ok(NaN)");
                    Err(Wrong::new(Fault::WrongAnswer, what))
                }
            };
        }
        right_sum(trial, trace, words::SUM)?;
        let cells: u64 = trial.words[0].iter().product();
        match answers(trial, trace, 0, common::READ).first() {
            Some([called, _]) if *called != cells => {
                let what = format!("for {cells} cells `of` was called {called} times");
                Err(Wrong::new(Fault::WrongAnswer, what))
            }
            _ => Ok(()),
        }
    },
};

// --- processes and threads at once -----------------------------------------------------------------------------------

const AT_ONCE: TrialRules = TrialRules {
    check: "q5.grid_at_once",
    trials: |_| {
        let in_grid = |size: [u64; 2], processes: u64, threads: u64| {
            let all = (processes * threads) as usize;
            let script = [gather(all).to_vec(), vec![let_go(all + 8)]].concat();
            trial(&size, &[fill(7), held(processes, threads)], &[], &script)
        };
        let of = |processes: u64, threads: u64| in_grid([48, 48], processes, threads);
        // Of 9 cells in parts of a quarter, rounded up, there are three.
        let few_cells =
            [in_grid([1, 5], 4, 1), in_grid([2, 2], 1, 4), in_grid([2, 3], 2, 3), in_grid([3, 3], 1, 4)];
        [&[of(2, 2), of(3, 1), of(1, 3), of(4, 3), of(1, 1)], &few_cells[..]].concat()
    },
    judge: |trial, trace| {
        let [_, processes, threads] = common::ops(&trial.words, 0)[1];
        let arrived: Vec<(Who, u64)> = trace
            .events
            .iter()
            .filter_map(|event| match event.seen {
                Seen::Arrived { who, thread, .. } => Some((who, thread)),
                _ => None,
            })
            .collect();
        if arrived.iter().any(|(who, _)| who.rank == 0) {
            return Err(Wrong::new(Fault::Sequential, "cells are summed by the caller itself"));
        }
        if arrived.iter().any(|(who, _)| !who.is_child) {
            return Err(Wrong::new(
                Fault::Orphan,
                "cells are summed by a process that is no child of the caller",
            ));
        }
        let mut threads_of: BTreeMap<u32, BTreeSet<u64>> = BTreeMap::new();
        for (who, thread) in &arrived {
            threads_of.entry(who.pid).or_default().insert(*thread);
        }
        let most = trace.most_held() as u64;
        let in_words = |count: u64| format!("of {processes} processes with {threads} threads each, {count}");
        let (workers, evidence) = (threads_of.len() as u64, trace.in_vain());
        if workers > processes || threads_of.values().any(|threads_| threads_.len() as u64 > threads) {
            let what =
                format!("{} threads in {workers} processes were at work", in_words(arrived.len() as u64));
            return Err(Wrong::new(Fault::TooManyWorkers, what));
        }
        if most < processes * threads {
            ended(trial, trace, Fault::Hang, STUCK)?;
            let fault = if most <= 1 { Fault::Sequential } else { Fault::TooFewWorkers };
            let what =
                format!("{} threads, in {workers} processes, were at work at the same time", in_words(most));
            return Err(Wrong::new(fault, what).with_evidence(evidence));
        }
        ended(trial, trace, Fault::Hang, STUCK)?;
        right_sum(trial, trace, words::SUM_HELD)
    },
};

// --- no copy --------------------------------------------------------------------------------------------------------------

/// So many rows and columns are 24.5 MiB: each of two processes adds up 12.
const SIDE: u64 = 1792;
/// What a process may have to itself: room for threads and their stacks, a fraction of what a copy of the grid would take.
const OWN_KIB: u64 = 8 * 1024;

const NO_COPY: TrialRules = TrialRules {
    check: "q5.grid_no_copy",
    trials: |_| {
        let script = script![gather(4), [Step::Memory, let_go(12)], at(1), [Step::Memory], GO_ON];
        vec![trial(&[SIDE, SIDE], &[fill(100), held(2, 2), checkpoint(1)], &[], &script)]
    },
    judge: |trial, trace| {
        ended(trial, trace, Fault::Hang, STUCK)?;
        own_memory(trace, OWN_KIB)?;
        right_sum(trial, trace, words::SUM_HELD)
    },
};

// --- a worker dies -----------------------------------------------------------------------------------------------------------

const DEATHS: TrialRules = TrialRules {
    check: "q5.grid_deaths",
    trials: |_| {
        let marked = |code: u64, row: u64| {
            let mark = set(row, 3, words::MARK);
            let calls =
                [fill(5), mark, [code, 3, 2], set(row, 3, (row * 8 + 3) as f64 % 5.0 + 1.0), sum(2, 2)];
            trial(&[9, 8], &calls, &[], &[])
        };
        let killed = |pick: Pick| {
            let script = script![gather(6), [Step::Kill(pick), Step::Quiet, let_go(12)]];
            trial(&[24, 8], &[fill(5), held(3, 2), sum(2, 2)], &[], &script)
        };
        // One dies while another is held: what is told is how that one ended, not how others were ended. Which of the two has the cell
        // is up to the answer, so each goes first once: as they came, and by the numbers that most would begin with.
        let first_goes = |pick: Pick| {
            let mark = set(8, 7, words::MARK);
            let script = script![gather(2), [Step::Open(pick), Step::Quiet, let_go(8)]];
            trial(&[9, 8], &[fill(5), mark, [words::SUM_HELD_LEAVE, 2, 1]], &[], &script)
        };
        let codes = [words::SUM_KILL, words::SUM_LEAVE, words::SUM_LEAVE_WELL, words::SUM_PANIC];
        let mut trials: Vec<Trial> =
            codes.into_iter().flat_map(|code| [marked(code, 0), marked(code, 8)]).collect();
        // What the processes of an earlier sum have noted is no work of this one.
        let again = [fill(5), sum(3, 2), set(8, 3, words::MARK), [words::SUM_LEAVE_WELL, 3, 2]];
        trials.push(trial(&[9, 8], &again, &[], &[]));
        trials.extend([killed(Pick::Oldest), killed(Pick::Newest)]);
        trials.extend([Pick::Oldest, Pick::Newest, Pick::Task(1), Pick::Task(2)].map(first_goes));
        trials
    },
    judge: |trial, trace| {
        ended(trial, trace, Fault::HungOnCrash, "a process has died, and `sum` is stuck")?;
        let first = returned(trial, trace)
            .into_iter()
            .find(|call| call.op[0] > words::SUM && call.op[0] <= words::SUM_HELD_LEAVE);
        if let Some(first) = first {
            let right = match first.op[0] {
                words::SUM_LEAVE | words::SUM_HELD_LEAVE => [words::LEFT, 3],
                words::SUM_LEAVE_WELL => [words::LEFT, 0],
                words::SUM_PANIC => [words::LEFT, 101],
                _ => [words::KILLED, 9],
            };
            if first.with != right {
                let (got, right) = (words::end(first.with), words::end(right));
                let what = format!(
                    "a process died before its part was done, and `sum` is {got}; it should be {right}"
                );
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
        }
        right_sum(trial, trace, words::SUM)
    },
};

// --- nothing left ----------------------------------------------------------------------------------------------------------------

const CLEAN: TrialRules = TrialRules {
    check: "q5.grid_clean",
    trials: |_| {
        let look = |number: u64| [&[Step::Checkpoint(number)], LOOK.as_slice()].concat();
        let mark = set(0, 3, words::MARK);
        let died = |code: u64| vec![fill(5), mark, sum(2, 2), checkpoint(1), [code, 3, 2], checkpoint(2)];
        let mut many = vec![fill(5), sum(2, 2), checkpoint(1)];
        many.extend((0..6).map(|_| sum(3, 2)));
        many.push(checkpoint(2));
        let both = script![look(1), look(2)];
        let mut trials = vec![trial(&[9, 8], &many, &[], &both)];
        for code in [words::SUM_KILL, words::SUM_PANIC] {
            trials.push(trial(&[9, 8], &died(code), &[], &both));
        }
        trials.extend([
            trial(
                &[24, 8],
                &[fill(5), held(3, 1), checkpoint(1), sum(2, 1), checkpoint(2)],
                &[],
                &script![gather(3), kill_at(1), [Step::Kill(Pick::Oldest), let_go(8)], look(1), look(2)],
            ),
            // All are killed.
            trial(&[9, 8], &[fill(5), sum(2, 2), checkpoint(1)], &[], &script![at(1), [Step::KillCaller]]),
            // One can be started, and then no more.
            trial(
                &[9, 8],
                &[fill(5), sum(2, 2), checkpoint(1), [words::SUM_REFUSED, 3, 2], sum(2, 2), checkpoint(2)],
                &[],
                &both,
            ),
        ]);
        trials
    },
    judge: |trial, trace| {
        ended(trial, trace, Fault::Hang, STUCK)?;
        if trace.events.iter().any(|event| matches!(event.seen, Seen::Survivors(_))) {
            return nothing_after_a_kill(trace);
        }
        let refused = returned(trial, trace).into_iter().find(|call| call.op[0] == words::SUM_REFUSED);
        if let Some(call) = refused.filter(|call| ![words::FORK, words::UNREFUSED].contains(&call.with[0])) {
            let what = format!("a process could not be started, and `sum` is {}", words::end(call.with));
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        nothing_left(trace, |place| place > 0)
    },
};
