//! Question 2: tickets: `apply_async`, which never waits, and `get_timeout`, which may give one back.

use super::STUCK;
use super::results::tickets_right;
use super::scenes::{backwards, calls, flow, held, plain, trial};
use super::words::{self, Call, Job, Then};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Pick, Seen, Step, TrialRules};

// --- `apply_async` never waits -------------------------------------------------------------------

pub(super) const ASYNC: TrialRules = TrialRules {
    check: "q2.async",
    trials: |fresh| {
        let queue = |jobs: Vec<Job>| jobs.into_iter().map(|job| Call::ApplyAsync(0, job));
        let scene = |jobs: Vec<Job>, last: &[Call]| {
            let calls = std::iter::once(Call::New(2)).chain(queue(jobs));
            let calls: Vec<Call> = calls.chain(last.iter().cloned()).collect();
            calls
        };
        let gets = [3, 4, 0, 2, 1].map(|ticket| Call::Get(0, ticket));
        let asked = [&[Call::Checkpoint(1)], gets.as_slice(), &[Call::Join(0)]].concat();
        let closed = [&[Call::Checkpoint(1), Call::Close(0)], gets.as_slice(), &[Call::Join(0)]].concat();
        let refusing = Job { refuses: true, ..Job::plain(7, fresh.fresh()) };
        let unsayable = Job { then: Then::Unsayable, ..Job::plain(8, fresh.fresh()) };
        let more = [
            Call::ApplyAsync(0, refusing),
            Call::ApplyAsync(0, unsayable),
            Call::Get(0, 2),
            Call::Get(0, 0),
            Call::Get(0, 3),
            Call::Get(0, 1),
            Call::Join(0),
        ];
        let two = [Call::New(1), Call::New(1), Call::ApplyAsync(0, Job::plain(0, fresh.fresh()))];
        let strange = [Call::Get(1, 0), Call::Drop(0), Call::Drop(1)];
        // The other pool has given out none, or its own first.
        let own = Call::ApplyAsync(1, Job::plain(1, fresh.fresh()));
        let stranger = [two.as_slice(), &strange].concat();
        let first_of_both = [two.as_slice(), &[own], &strange].concat();
        vec![
            trial(&scene(held(fresh, 0, 5), &asked), &[Step::Checkpoint(1), Step::GoOn, flow(5, &[])]),
            // However many are waiting.
            trial(
                &scene(
                    [held(fresh, 0, 2), plain(fresh, 2, 300)].concat(),
                    &[Call::Checkpoint(1), Call::Join(0)],
                ),
                &[Step::Checkpoint(1), Step::GoOn, flow(2, &[])],
            ),
            trial(&scene(held(fresh, 0, 5), &closed), &[Step::Checkpoint(1), Step::GoOn, backwards(5, 2)]),
            // A free worker begins at once, without any further call.
            trial(
                &scene(
                    held(fresh, 0, 2),
                    &[Call::Checkpoint(1), Call::Get(0, 1), Call::Get(0, 0), Call::Join(0)],
                ),
                &[Step::Checkpoint(1), Step::Gather(2), Step::GoOn],
            ),
            trial(&scene(plain(fresh, 0, 2), &more), &[]),
            trial(&stranger, &[]),
            trial(&first_of_both, &[]),
        ]
    },
    judge: |trial, trace| {
        let calls = calls(trial);
        if calls.starts_with(&[Call::New(1), Call::New(1)]) {
            // The ticket of another pool.
            return match trace.panicked_calls().next() {
                Some(_) => Ok(()),
                None => {
                    trace.good_end(Fault::Hang, "`get` waits for a ticket of another pool")?;
                    let what = "`get` took a ticket that another pool had given out, and did not panic";
                    Err(Wrong::new(Fault::WrongAnswer, what))
                }
            };
        }
        let gathers = trial.script.contains(&Step::Gather(2));
        if trial.script.first() == Some(&Step::Checkpoint(1)) {
            let waited = trace.waited_in_vain();
            let reached = trace.events.iter().position(|event| event.seen == Seen::Checkpoint(1));
            if waited.is_some_and(|waited| reached.is_none_or(|reached| waited < reached)) {
                let what = "`apply_async` waits while the workers are busy";
                return Err(Wrong::new(Fault::Blocks, what).with_evidence(trace.in_vain()));
            }
            if gathers && waited.is_some() {
                let what = "two workers were free, but a task that was given to `apply_async` did not begin";
                return Err(Wrong::new(Fault::Blocks, what).with_evidence(trace.in_vain()));
            }
        }
        trace.good_end(Fault::Hang, STUCK)?;
        tickets_right(trial, trace)
    },
};

// --- `get_timeout` gives the ticket back ---------------------------------------------------------

pub(super) const TIMEOUT: TrialRules = TrialRules {
    check: "q2.timeout",
    trials: |fresh| {
        let queue: Vec<Call> = held(fresh, 0, 2).into_iter().map(|job| Call::ApplyAsync(0, job)).collect();
        let scene = |limit_ms: u64| {
            let rest = [
                Call::GetTimeout(0, 0, limit_ms),
                Call::Checkpoint(1),
                Call::GetTimeout(0, 0, u64::MAX),
                Call::GetTimeout(0, 1, 60_000),
                Call::Join(0),
            ];
            let calls = [&[Call::New(1)], queue.as_slice(), &rest].concat();
            trial(&calls, &[Step::Gather(1), Step::Checkpoint(1), Step::GoOn])
        };
        // Something else happens while it waits: another task gets done.
        let mut beside = scene(400);
        beside.words[0] = Call::New(2).to_words();
        beside.script =
            vec![Step::Gather(2), Step::Quiet, Step::Open(Pick::Task(1)), Step::Checkpoint(1), Step::GoOn];
        vec![scene(40), scene(0), beside]
    },
    judge: |trial, trace| {
        let limit_ms = calls(trial).iter().find_map(|call| match call {
            Call::GetTimeout(_, _, limit_ms) => Some(*limit_ms),
            _ => None,
        });
        let reached = trace.events.iter().position(|event| event.seen == Seen::Checkpoint(1));
        let waited = trace.waited_in_vain();
        if waited.is_some_and(|waited| reached.is_none_or(|reached| waited < reached)) {
            let what = "`get_timeout` goes on waiting, for ever, though its time is over";
            return Err(Wrong::new(Fault::Blocks, what).with_evidence(trace.in_vain()));
        }
        let back = trace.entry(words::TICKET_BACK);
        if let Some([_, passed_ns]) = back.map(|entry| entry.args.as_slice())
            && *passed_ns < limit_ms.unwrap_or_default() * 1_000_000
        {
            let what = "`get_timeout` gave the ticket back before the time was over";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        trace.good_end(Fault::Hang, "after `get_timeout` the result never comes")?;
        if back.is_none() {
            let what = "`get_timeout` did not give the ticket back, though the task was held";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        tickets_right(trial, trace)
    },
};
