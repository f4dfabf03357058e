//! The second opinion: correct programs of the explorer's bank under Shuttle's random scheduler. Whatever it does not
//! like is listed below with the reason, or one of the two engines is wrong. It says nothing of wrong programs: it knows
//! no weak memory, no spurious wake-ups and no time. Parts of the bank that need time, poison, one-time cells or the
//! rest of what Shuttle does not have are left out.

#![expect(clippy::print_stdout, reason = "the figures are there to be read")]

extern crate second_opinion as interleave_std;

#[path = "../../interleave/std/tests/bank/case.rs"]
mod case;
#[path = "../../interleave/std/tests/bank/channels.rs"]
mod channels;
#[path = "../../interleave/std/tests/bank/guards.rs"]
mod guards;
#[path = "../../interleave/std/tests/bank/lists.rs"]
mod lists;
#[path = "../../interleave/std/tests/bank/lockfree.rs"]
mod lockfree;
#[path = "../../interleave/std/tests/bank/lockorder.rs"]
mod lockorder;
#[path = "../../interleave/std/tests/bank/locks.rs"]
mod locks;
#[path = "../../interleave/std/tests/bank/orderings.rs"]
mod orderings;
#[path = "../../interleave/std/tests/bank/pools.rs"]
mod pools;
#[path = "../../interleave/std/tests/bank/queues.rs"]
mod queues;
#[path = "../../interleave/std/tests/bank/rendezvous.rs"]
mod rendezvous;
#[path = "../../interleave/std/tests/bank/seqlocks.rs"]
mod seqlocks;
#[path = "../../interleave/std/tests/bank/waiting.rs"]
mod waiting;
#[path = "../../interleave/std/tests/bank/workers.rs"]
mod workers;

use std::panic::{AssertUnwindSafe, catch_unwind};

use case::Case;
use interleave::Clock;

const SCHEDULES: usize = 1000;

/// Programs that are right and that Shuttle complains about, and why.
const GAPS: &[(&str, &str)] = &[(
    "reply_or_no_reply",
    "what is still in a channel goes with the receiver; in Shuttle it stays until the last sender has gone",
)];

fn disagrees(case: &Case) -> Option<String> {
    let scheduler = shuttle::scheduler::RandomScheduler::new_from_seed(1, SCHEDULES);
    let mut config = shuttle::Config::new();
    config.failure_persistence = shuttle::FailurePersistence::None;
    let runner = shuttle::Runner::new(scheduler, config);
    let result = catch_unwind(AssertUnwindSafe(|| runner.run(case.body)));
    result.err().map(|panic| match panic.downcast::<String>() {
        Ok(text) => text.lines().next().unwrap_or_default().to_owned(),
        Err(_) => "a panic".to_owned(),
    })
}

#[test]
fn both_engines_agree_on_correct_programs() {
    let all = [
        channels::CASES,
        guards::CASES,
        lists::CASES,
        lockfree::CASES,
        lockorder::CASES,
        locks::CASES,
        orderings::CASES,
        pools::CASES,
        queues::CASES,
        rendezvous::CASES,
        seqlocks::CASES,
        waiting::CASES,
        workers::CASES,
    ];
    let mut complaints = Vec::new();
    let mut count = 0;
    for case in
        all.into_iter().flatten().filter(|case| case.faults.is_empty() && case.clock == Clock::Adversarial)
    {
        count += 1;
        let gap = GAPS.iter().find(|(name, _)| *name == case.name);
        match (disagrees(case), gap) {
            (Some(text), None) => complaints.push(format!("{}: {text}", case.name)),
            (None, Some((name, why))) => complaints.push(format!("{name}: no gap any more ({why})")),
            _ => (),
        }
    }
    println!("{count} correct programs, {} known gaps, {SCHEDULES} schedules each", GAPS.len());
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
