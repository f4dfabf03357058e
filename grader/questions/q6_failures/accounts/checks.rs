//! The bank: what each check wants to see, and how it reads a run.

use super::words::accounts::{
    self as words, BALANCE, BREAKS, DONE, FEE_PANICKED, FEES, NO_SUCH_ACCOUNT, ON_PURPOSE, OVERFLOW, Order,
    SAME_ACCOUNT, SLOW, TOO_LITTLE, TOTAL, TRANSFER,
};
use crate::experiment::{Experiment, Rules, World, Wrong};
use crate::fault::Fault;
use crate::history::{Object, explains};
use crate::script::{Call, Script, Speech, sleep, tool_calls, without_panics};
use wire::Run;
use wire::script::Op;

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[MOVES, REFUSES, ONE_STEP, CROSSING, PANICS, UNHELD];

const SPEECH: Speech = Speech { call: words::call, result: words::result };

const TOTAL_NOW: Op = [TOTAL, 0, 0];
const FEES_NOW: Op = [FEES, 0, 0];

const fn pay(from: u64, to: u64, amount: u64, fee: u64) -> Op {
    Order { from, to, amount, fee }.op(TRANSFER)
}

const fn breaks(from: u64, to: u64, amount: u64) -> Op {
    Order { from, to, amount, fee: 0 }.op(BREAKS)
}

const fn slow(from: u64, to: u64, amount: u64) -> Op {
    Order { from, to, amount, fee: 1 }.op(SLOW)
}

const fn held(account: u64) -> Op {
    [BALANCE, account, 0]
}

/// A plain bank.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Ledger {
    balances: Vec<u64>,
    fees: u64,
}

impl Ledger {
    /// What becomes of a call.
    fn answer(&mut self, op: Op) -> Vec<u64> {
        match op[0] {
            BALANCE => usize::try_from(op[1])
                .ok()
                .and_then(|it| self.balances.get(it).copied())
                .into_iter()
                .collect(),
            TOTAL => {
                let total: u128 = self.balances.iter().chain([&self.fees]).map(|&it| u128::from(it)).sum();
                let [low, high] = [total, total >> 64].map(|half| half & u128::from(u64::MAX));
                [low, high].into_iter().filter_map(|half| u64::try_from(half).ok()).collect()
            }
            FEES => vec![self.fees],
            _ => self.transfer(op).unwrap_or_else(|end| end),
        }
    }

    fn transfer(&mut self, op: Op) -> Result<Vec<u64>, Vec<u64>> {
        let Order { from, to, amount, fee } = Order::of(op);
        let [from, to] = [from, to].map(|account| usize::try_from(account).unwrap_or(usize::MAX));
        let held = |account: usize| self.balances.get(account).copied().ok_or(vec![NO_SUCH_ACCOUNT]);
        let (payer, receiver) = (held(from)?, held(to)?);
        if from == to {
            return Err(vec![SAME_ACCOUNT]);
        }
        if op[0] == BREAKS {
            return Err(vec![FEE_PANICKED]);
        }
        let needed = amount.checked_add(fee).ok_or(vec![OVERFLOW])?;
        let left = payer.checked_sub(needed).ok_or(vec![TOO_LITTLE, payer, needed])?;
        let received = receiver.checked_add(amount).ok_or(vec![OVERFLOW])?;
        self.fees = self.fees.checked_add(fee).ok_or(vec![OVERFLOW])?;
        self.balances[from] = left;
        self.balances[to] = received;
        Ok(vec![DONE])
    }
}

/// What came back, without how often `fee` was asked.
fn end_of(call: &Call) -> &[u64] {
    if call.op[0] <= SLOW { call.result.get(2..).unwrap_or_default() } else { &call.result }
}

impl Object<Call> for Ledger {
    fn play(&mut self, call: &Call) -> bool {
        self.answer(call.op) == end_of(call)
    }
}

/// Nobody panicked but `fee`, whose panic came through, and `fee` was asked as it should be.
fn sound_calls(run: &Run) -> Result<Vec<Call>, Wrong> {
    SPEECH.no_panic(&without_panics(run, ON_PURPOSE), |_| false)?;
    let calls = tool_calls(run);
    for call in calls.iter().filter(|call| call.op[0] <= SLOW) {
        let (&[times, asked, ..], told) = (&call.result[..], (SPEECH.call)(call.op)) else { continue };
        let end = end_of(call);
        if call.op[0] == BREAKS && times > 0 && end != [FEE_PANICKED] {
            let end = words::ending(end);
            let what =
                format!("`fee` panicked, but `transfer` returned `{}`", end.trim_start_matches(" -> "));
            return Err(Wrong::new(Fault::SwallowedPanic, what));
        }
        let what = match times {
            0 if end == [DONE] => format!("`{told}` succeeded without asking `fee`"),
            2.. => format!("`{told}` asked `fee` {times} times"),
            1 if asked != call.op[2] => format!("`{told}` asked `fee` for {asked}, which is not the amount"),
            _ => continue,
        };
        return Err(Wrong::new(Fault::WrongAnswer, what));
    }
    Ok(calls)
}

/// Some one-at-a-time order explains what every call said.
fn linear(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    let calls = sound_calls(run)?;
    let mut ledger = Ledger { balances: experiment.words[0].clone(), fees: 0 };
    if experiment.words.len() > 3 {
        let fits = |calls: &[Call]| explains(ledger.clone(), calls);
        if fits(&calls) {
            return Ok(());
        }
        let what = SPEECH.unexplained(&calls, fits);
        return Err(Wrong::new(Fault::Race, what).with_evidence(SPEECH.table(&calls)));
    }
    for (place, call) in calls.iter().enumerate() {
        let wanted = ledger.answer(call.op);
        if wanted != end_of(call) {
            let padded = if call.op[0] <= SLOW { [&[0, 0], &wanted[..]].concat() } else { wanted };
            let told = (SPEECH.result)(call.op, &padded);
            let what =
                format!("`{}`, but it should be `{}`", SPEECH.told(call), told.trim_start_matches(" -> "));
            let first = place.saturating_sub(9);
            return Err(
                Wrong::new(Fault::WrongAnswer, what).with_evidence(SPEECH.table(&calls[first..=place]))
            );
        }
    }
    Ok(())
}

fn experiments(world: World, scripts: &[Script]) -> Vec<Experiment> {
    scripts.iter().map(|script| script.clone().in_order().experiment(world)).collect()
}

// --- a transfer moves what it says --------------------------------------------------------------------

const MOVES: Rules = Rules {
    check: "q6.accounts_moves",
    experiments: |world, fresh| {
        let [a, b] = [fresh.fresh(), fresh.fresh()];
        let looks = [held(0), held(1), held(2), FEES_NOW, TOTAL_NOW];
        let steps = [
            [pay(0, 1, a, 7), pay(1, 2, 3, 0), pay(2, 0, 0, 2)],
            [pay(0, 2, b, b), pay(2, 1, b, 1), pay(1, 0, a + b - 3, 0)],
        ];
        let ops = steps.map(|step| [&step[..], &looks].concat()).concat();
        let many = (0..5).map(|number| pay(number, number + 1, 1 + number, 1)).collect::<Vec<_>>();
        experiments(
            world,
            &[
                Script::new(&[a + 7 + 2 * b, 0, 0], &[]).before(&ops),
                Script::new(&[u64::MAX, 4, u64::MAX, 0], &[]).before(&[
                    TOTAL_NOW,
                    pay(2, 3, u64::MAX, 0),
                    TOTAL_NOW,
                    held(3),
                ]),
                Script::new(&[9; 6], &[]).before(&many).after(&[TOTAL_NOW, held(5), held(0), FEES_NOW]),
                Script::new(&[], &[]).before(&[TOTAL_NOW, FEES_NOW, held(0)]),
            ],
        )
    },
    judge: linear,
    minds_leftover_threads: false,
};

// --- a refused transfer says why, and changes nothing --------------------------------------------------

const REFUSES: Rules = Rules {
    check: "q6.accounts_refuses",
    experiments: |world, fresh| {
        let a = fresh.fresh();
        let looks = [held(0), held(1), held(2), FEES_NOW, TOTAL_NOW];
        let plain = [
            pay(0, 2, 1, 0),
            pay(2, 1, 1, 0),
            pay(0, 0, 1, 1),
            pay(1, 0, 1, 0),
            pay(0, 1, a, 1),
            pay(0, 1, a + 1, 0),
        ];
        let plain = plain.map(|op| [&[op][..], &looks].concat()).concat();
        // Where the sum of amount and fee does not fit, `TooLittle` could not say what was needed.
        let huge = [
            pay(0, 1, u64::MAX, 1),
            pay(0, 1, 1, u64::MAX),
            pay(1, 0, u64::MAX, 1),
            pay(1, 0, 5, 2),
            pay(2, 0, 1, u64::MAX),
        ];
        let huge = huge.map(|op| [&[op][..], &looks].concat()).concat();
        let fees = [pay(0, 1, 0, u64::MAX), pay(2, 1, 0, 1), held(0), held(1), held(2), FEES_NOW, TOTAL_NOW];
        experiments(
            world,
            &[
                Script::new(&[a, 0], &[]).before(&plain),
                Script::new(&[u64::MAX, 10, 7], &[]).before(&huge),
                Script::new(&[u64::MAX, 3, 9], &[]).before(&fees),
            ],
        )
    },
    judge: linear,
    minds_leftover_threads: false,
};

// --- nobody sees half a transfer -----------------------------------------------------------------------

const ONE_STEP: Rules = Rules {
    check: "q6.accounts_one_step",
    experiments: |world, _| {
        // Here all money flows upwards: locks that are taken in an unlucky order are another check's business.
        let scripts = [
            Script::new(
                &[100, 0],
                &[&[pay(0, 1, 30, 2), pay(0, 1, 40, 2)], &[TOTAL_NOW, FEES_NOW, TOTAL_NOW]],
            ),
            Script::new(
                &[50, 0, 0],
                &[&[pay(0, 1, 40, 0)], &[pay(0, 2, 40, 1)], &[held(0), held(1), held(2)]],
            ),
            Script::new(
                &[60, 0, 0],
                &[&[pay(0, 1, 20, 1)], &[pay(0, 2, 20, 1)], &[pay(1, 2, 20, 0), held(1)]],
            ),
            Script::new(&[60, 60, 0], &[&[pay(0, 2, 20, 1)], &[pay(1, 2, 20, 1)], &[TOTAL_NOW, held(2)]]),
            // They share nothing but what the bank takes.
            Script::new(&[60, 0, 60, 0], &[&[pay(0, 1, 20, 1)], &[pay(2, 3, 20, 2)]]),
            Script::new(
                &[60, 0],
                &[&[pay(0, 1, 20, 3)], &[held(1), FEES_NOW, held(0)], &[FEES_NOW, held(0), held(1)]],
            ),
            // Each fee fits, and both together do not.
            Script::new(&[u64::MAX, 0, u64::MAX, 0], &[&[pay(0, 1, 0, u64::MAX)], &[pay(2, 3, 0, u64::MAX)]]),
        ];
        experiments(
            world,
            &scripts.map(|script| script.after(&[held(0), held(1), held(2), FEES_NOW, TOTAL_NOW])),
        )
    },
    judge: linear,
    minds_leftover_threads: false,
};

// --- transfers that cross come to their end ------------------------------------------------------------

const CROSSING: Rules = Rules {
    check: "q6.accounts_crossing",
    experiments: |world, _| {
        let scripts = [
            Script::new(&[50, 50], &[&[pay(0, 1, 10, 1)], &[pay(1, 0, 20, 1)]]),
            Script::new(&[50, 50, 50], &[&[pay(0, 1, 10, 1)], &[pay(1, 2, 20, 1)], &[pay(2, 0, 20, 0)]]),
            Script::new(&[50, 50, 50], &[&[pay(1, 0, 10, 1)], &[TOTAL_NOW, FEES_NOW], &[pay(0, 2, 20, 1)]]),
            Script::new(
                &[50, 50, 50],
                &[&[pay(2, 1, 10, 1), pay(1, 0, 10, 1)], &[TOTAL_NOW, pay(1, 2, 20, 1)]],
            ),
            // Nobody may wait for what a refused transfer has kept.
            Script::new(
                &[50, 50],
                &[&[pay(0, 1, 90, 1), pay(0, 0, 1, 0)], &[pay(1, 0, 20, 1), pay(1, 0, 1, 0)]],
            ),
        ];
        experiments(world, &scripts.map(|script| script.after(&[held(0), held(1), FEES_NOW, TOTAL_NOW])))
    },
    judge: |_, run| {
        let calls = sound_calls(run)?;
        // Whether the numbers are right is judged elsewhere; but money that is there must move.
        let small = |call: &&Call| {
            call.op[0] == TRANSFER && call.op[2] <= 20 && Order::of(call.op).from != Order::of(call.op).to
        };
        match calls.iter().filter(small).find(|call| end_of(call) != [DONE]) {
            Some(call) => Err(Wrong::new(
                Fault::WrongAnswer,
                format!("`{}`, though the money is there", SPEECH.told(call)),
            )),
            None => Ok(()),
        }
    },
    minds_leftover_threads: false,
};

// --- a panic of the fee does no harm -------------------------------------------------------------------

const PANICS: Rules = Rules {
    check: "q6.accounts_panic",
    experiments: |world, fresh| {
        let a = fresh.fresh();
        let looks = [held(0), held(1), FEES_NOW, TOTAL_NOW];
        let alone = [
            &[pay(0, 1, 1, 1), breaks(0, 1, a)][..],
            &looks,
            &[breaks(1, 0, 1), pay(1, 0, 1, 0)],
            &looks,
            &[breaks(0, 1, 0), pay(0, 1, a, 2)],
            &looks,
        ];
        let together = [
            Script::new(&[90, 9], &[&[breaks(0, 1, 30), held(0)], &[pay(0, 1, 20, 1), TOTAL_NOW]]),
            Script::new(
                &[90, 9, 0],
                &[&[breaks(0, 1, 30), pay(0, 1, 3, 1)], &[breaks(0, 2, 8)], &[held(1), TOTAL_NOW, FEES_NOW]],
            ),
            Script::new(
                &[90, 99],
                &[&[breaks(0, 1, 30), pay(0, 1, 3, 1)], &[breaks(1, 0, 20), pay(1, 0, 8, 1)]],
            ),
            Script::new(
                &[90, 9],
                &[&[breaks(0, 1, 30)], &[held(0), held(1), TOTAL_NOW], &[pay(0, 1, 80, 0)]],
            ),
        ];
        let together =
            together.map(|script| script.after(&[pay(0, 1, 1, 1), held(0), held(1), FEES_NOW, TOTAL_NOW]));
        let alone = Script::new(&[a + 20, 3], &[]).before(&alone.concat());
        experiments(world, &[&[alone][..], &together].concat())
    },
    judge: linear,
    minds_leftover_threads: false,
};

// --- a slow fee holds up nobody else --------------------------------------------------------------------

/// A bank with many accounts, whose numbers say nothing about who shares what: 0 is slow, and for each number up to 64 some
/// multiple of it is paid from meanwhile, or to. 192 is slow too, and so far away that others differ from it by more than 64;
/// the last pays beside it.
fn far_apart() -> Script {
    let mut others = vec![sleep(1)];
    others.extend((33..64).step_by(2).map(|odd| pay(odd, odd + 1, 1, 1)));
    others.push(pay(193, 191, 1, 1));
    Script::new(&[50; 194], &[&[slow(0, 192, 10)], &others])
}

const UNHELD: Rules = Rules {
    check: "q6.accounts_unheld",
    experiments: |world, _| {
        let scripts = [
            Script::new(&[50; 4], &[&[slow(0, 1, 10)], &[sleep(1), pay(2, 3, 10, 1), pay(3, 2, 10, 1)]]),
            Script::new(
                &[50; 4],
                &[&[slow(3, 2, 10)], &[sleep(1), pay(1, 0, 10, 1)], &[sleep(2), pay(0, 1, 10, 1)]],
            ),
            Script::new(&[50; 4], &[&[slow(1, 2, 10)], &[sleep(1), pay(3, 0, 10, 1), pay(0, 3, 99, 1)]]),
            // The last two may wait for the first. When that has ended one of them is free to go on, whoever is told first.
            Script::new(
                &[50; 5],
                &[
                    &[slow(0, 1, 10)],
                    &[sleep(1), slow(2, 4, 10)],
                    &[sleep(2), pay(0, 2, 10, 1)],
                    &[sleep(3), pay(1, 3, 10, 1)],
                ],
            ),
            far_apart(),
        ];
        scripts.iter().filter_map(|script| script.clone().in_order().timed(world)).collect()
    },
    judge: |_, run| {
        let calls = sound_calls(run)?;
        let accounts = |call: &Call| [Order::of(call.op).from, Order::of(call.op).to];
        // Whoever shares an account with a slow one may wait for that one's end.
        let free_ns = |call: &Call| {
            let slow = calls.iter().filter(|slow| slow.op[0] == SLOW);
            let shared = slow.filter(|slow| accounts(slow).iter().any(|one| accounts(call).contains(one)));
            shared.map(|slow| slow.returned_ns).fold(call.began_ns, u64::max)
        };
        let held_up = calls.iter().find(|call| call.op[0] == TRANSFER && call.returned_ns > free_ns(call));
        match held_up {
            Some(call) => {
                let what = format!(
                    "`{}` had to wait {:?} while `fee` of a transfer between other accounts took its time",
                    (SPEECH.call)(call.op),
                    call.took()
                );
                Err(Wrong::new(Fault::LockHeld, what).with_evidence(SPEECH.table(&calls)))
            }
            None => Ok(()),
        }
    },
    minds_leftover_threads: false,
};
