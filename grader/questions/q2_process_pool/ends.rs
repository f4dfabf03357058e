//! Question 2: workers that die, pools that end, and what is left of them.

use super::results::{all_done, none_twice, results, returned, say, tickets_right};
use super::scenes::{backwards, calls, flow, held, plain, trial};
use super::words::{self, Call, Job, Then};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Census, Pick, Seen, Step, Trace, TrialRules, Who};

const HUNG: &str = "after a worker has died, the pool is stuck";

/// The tasks in which the judge has killed a worker: those that it held then.
fn killed_in(trace: &Trace) -> Vec<u64> {
    let mut held: Vec<(Who, u64)> = Vec::new();
    let mut killed = Vec::new();
    for event in &trace.events {
        match event.seen {
            Seen::Arrived { who, task, .. } => held.push((who, task)),
            Seen::Opened { who, task, .. } => held.retain(|other| *other != (who, task)),
            Seen::Killed(who) => {
                killed.extend(held.extract_if(.., |(other, _)| *other == who).map(|(_, task)| task))
            }
            _ => {}
        }
    }
    killed
}

pub(super) const CRASH: TrialRules = TrialRules {
    check: "q2.crash",
    trials: |fresh| {
        let mut trials = Vec::new();
        for then in [Then::Exit(0), Then::Exit(7), Then::Abort, Then::Signal(15)] {
            let mut jobs = plain(fresh, 0, 7);
            jobs[2].then = then;
            let calls = [Call::New(2), Call::Map(0, jobs), Call::Map(0, held(fresh, 20, 4)), Call::Join(0)];
            trials.push(trial(&calls, &[Step::Gather(2), flow(4, &[])]));
        }
        // The judge kills a worker in the middle of a task.
        trials.push(trial(
            &[Call::New(2), Call::Map(0, held(fresh, 0, 6)), Call::Map(0, held(fresh, 20, 4)), Call::Join(0)],
            &[
                Step::Gather(2),
                Step::Kill(Pick::Task(0)),
                flow(5, &[]),
                Step::Gather(2),
                Step::Quiet,
                flow(4, &[]),
            ],
        ));
        // The only worker.
        trials.push(trial(
            &[Call::New(1), Call::Map(0, held(fresh, 0, 3)), Call::Join(0)],
            &[Step::Gather(1), Step::Kill(Pick::Task(0)), flow(2, &[])],
        ));
        // One after the other, as often as it happens.
        let kills = (0..10).flat_map(|_| [Step::Gather(2), Step::Kill(Pick::Oldest)]);
        trials.push(trial(
            &[
                Call::New(2),
                Call::Map(0, held(fresh, 0, 12)),
                Call::Map(0, held(fresh, 20, 4)),
                Call::Join(0),
            ],
            &kills.chain([flow(2, &[]), Step::Gather(2), Step::Quiet, flow(4, &[])]).collect::<Vec<_>>(),
        ));
        // An idle one: nothing is lost.
        for place in [0, 1] {
            trials.push(trial(
                &[Call::New(2), Call::Checkpoint(1), Call::Map(0, held(fresh, 0, 4)), Call::Join(0)],
                &[Step::Checkpoint(1), Step::Quiet, Step::KillIdle(place), Step::GoOn, backwards(4, 2)],
            ));
        }
        // A task is in its pipe, but it dies before it has begun it: nothing is lost.
        trials.push(trial(
            &[Call::New(2), Call::Checkpoint(1), Call::Map(0, held(fresh, 0, 4)), Call::Join(0)],
            &[
                Step::Checkpoint(1),
                Step::Quiet,
                Step::Stop(0),
                Step::GoOn,
                Step::Gather(1),
                Step::Quiet,
                Step::KillIdle(0),
            ],
        ));
        // The next call replaces it, whatever the call.
        trials.push(trial(
            &[
                Call::New(2),
                Call::Checkpoint(1),
                Call::Map(0, Vec::new()),
                Call::WorkerIds(0),
                Call::Checkpoint(2),
                Call::Join(0),
            ],
            &[
                Step::Checkpoint(1),
                Step::Quiet,
                Step::KillIdle(0),
                Step::GoOn,
                Step::Checkpoint(2),
                Step::Quiet,
                Step::Census,
                Step::GoOn,
            ],
        ));
        // The second of a chunk: what was finished is not run again.
        trials.push(trial(
            &[Call::New(1), Call::MapChunked(0, 3, held(fresh, 0, 6)), Call::Join(0)],
            &[Step::Gather(1), Step::Open(Pick::Task(0)), Step::Gather(1), Step::Kill(Pick::Task(1))],
        ));
        // One of a chunk.
        let mut jobs = plain(fresh, 0, 12);
        jobs[4].then = Then::Signal(9);
        trials.push(trial(&[Call::New(2), Call::MapChunked(0, 3, jobs), Call::Join(0)], &[]));
        // A ticket, and the pool goes on.
        let dying = Job { then: Then::Exit(3), ..Job::held(0, fresh.fresh()) };
        trials.push(trial(
            &[
                Call::New(2),
                Call::ApplyAsync(0, dying),
                Call::ApplyAsync(0, Job::held(1, fresh.fresh())),
                Call::ApplyAsync(0, Job::held(2, fresh.fresh())),
                Call::Get(0, 0),
                Call::Get(0, 2),
                Call::Get(0, 1),
                Call::Join(0),
            ],
            &[],
        ));
        // Nobody can take its place.
        let dying = Job { then: Then::Exit(3), ..Job::held(0, fresh.fresh()) };
        trials.push(trial(
            &[
                Call::New(1),
                Call::RefuseForks(0),
                Call::ApplyAsync(0, dying),
                Call::ApplyAsync(0, Job::plain(1, fresh.fresh())),
                Call::Checkpoint(1),
                Call::Get(0, 0),
                Call::Get(0, 1),
            ],
            &[Step::Gather(1), Step::Checkpoint(1), Step::GoOn],
        ));
        trials
    },
    judge: |trial, trace| {
        let killed = killed_in(trace);
        trace.good_end(Fault::HungOnCrash, HUNG)?;
        if calls(trial).contains(&Call::RefuseForks(0)) {
            return not_replaced(trace);
        }
        for (number, call) in calls(trial).iter().enumerate() {
            for job in super::results::jobs_of(call) {
                let wanted = match killed.contains(&job.id) {
                    true => vec![words::WORKER_DIED, 9, 0],
                    false => super::expected(job, trace),
                };
                let got = results(trace, number);
                if wanted[0] == words::WORKER_DIED
                    && !got.iter().any(|(numbers, _)| *numbers == wanted.as_slice())
                {
                    let errors: Vec<String> = got
                        .iter()
                        .filter(|(numbers, _)| numbers.first() != Some(&words::DONE))
                        .map(|(numbers, text)| say(numbers, text))
                        .collect();
                    let what = format!("the worker died in task {}, and nobody is told so", job.id);
                    let line = format!(
                        "wanted {}; errors among the results: {}",
                        say(&wanted, ""),
                        errors.join(", ")
                    );
                    return Err(Wrong::new(Fault::LostTask, what).with_evidence(vec![line]));
                }
            }
        }
        let lost = |wrong: Wrong| Wrong { fault: Fault::LostTask, ..wrong };
        all_done(trial, trace, &killed).map_err(lost)?;
        tickets_right(trial, trace).map_err(lost)?;
        let joined = calls(trial).iter().position(|call| matches!(call, Call::Join(_)));
        if joined.and_then(|join| returned(trace, join)) != Some(0) {
            let what =
                "`join` fails, though every worker was waited for: a dead worker is the error of its task";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        none_twice(trace)?;
        if let Some(census) = trace.censuses().last() {
            replaced(trace, census)?;
        }
        let size = calls(trial).iter().find_map(|call| match call {
            Call::New(workers) => Some(*workers as usize),
            _ => None,
        });
        if size.is_some_and(|size| trace.most_held() > size) {
            let what = format!("after a worker has died, {} are at work at once", trace.most_held());
            return Err(Wrong::new(Fault::TooManyWorkers, what));
        }
        let gathers = trial.script.iter().filter(|step| matches!(step, Step::Gather(2))).count();
        if gathers > 0 && !trace.in_vain().is_empty() {
            let what = match killed.is_empty() {
                true => "two workers are to be at work at once, and only one is",
                false => "a worker has died, and none has taken its place",
            };
            return Err(Wrong::new(Fault::TooFewWorkers, what).with_evidence(trace.in_vain()));
        }
        Ok(())
    },
};

/// The task that waited for the only worker, which has died and cannot be replaced, is told so.
fn not_replaced(trace: &Trace) -> Result<(), Wrong> {
    let got = results(trace, 6);
    let told = got.first().is_some_and(|(numbers, _)| numbers.first() == Some(&words::POOL_FAILED));
    // Not every system can be made to refuse.
    if told || trace.entry(words::REFUSES).is_none() {
        return Ok(());
    }
    let got = got.first().map_or("no result".into(), |(numbers, text)| say(numbers, text));
    let what =
        format!("no worker could be started any more, and the task that waited got {got}, not PoolFailed");
    Err(Wrong::new(Fault::WrongAnswer, what))
}

/// After a call that followed a worker's death there are two workers again, and `worker_ids` says so.
fn replaced(trace: &Trace, census: &Census) -> Result<(), Wrong> {
    if census.children.len() < 2 {
        let what = "an idle worker has died, and the next call of the pool has not replaced it";
        return Err(Wrong::new(Fault::TooFewWorkers, what));
    }
    let ids = trace.entry(words::IDS).map_or(&[][..], |entry| &entry.args[1..]);
    let same = census.children.len() == ids.len()
        && census.children.iter().all(|who| ids.contains(&u64::from(who.own_pid)));
    if same {
        return Ok(());
    }
    let what = "after a worker was replaced, `worker_ids` does not say which children the caller has";
    Err(Wrong::new(Fault::WrongAnswer, what))
}

// --- close, join, terminate, drop ----------------------------------------------------------------

pub(super) const CLOSE: TrialRules = TrialRules {
    check: "q2.close",
    trials: |fresh| {
        let queue = |jobs: Vec<Job>| jobs.into_iter().map(|job| Call::ApplyAsync(0, job)).collect::<Vec<_>>();
        let closed = [
            &[Call::New(2)],
            queue(held(fresh, 0, 5)).as_slice(),
            &[
                Call::Close(0),
                Call::Apply(0, Job::plain(50, 1)),
                Call::Map(0, vec![Job::plain(51, 1), Job::plain(52, 1)]),
                Call::ApplyAsync(0, Job::plain(53, 1)),
                Call::Close(0),
                Call::Get(0, 1),
                Call::Join(0),
                Call::Checkpoint(1),
            ],
        ]
        .concat();
        // A worker that was killed may take a moment to die: who is counted is who stays.
        let mut trials =
            vec![trial(&closed, &[flow(5, &[]), Step::Checkpoint(1), Step::Quiet, Step::Census, Step::GoOn])];
        for end in [Call::Terminate(0), Call::Drop(0), Call::Unwind(0)] {
            // One of them does not hear `SIGTERM`.
            let mut jobs = held(fresh, 0, 4);
            jobs[1].then = Then::Deaf;
            let calls =
                [&[Call::New(2)], queue(jobs).as_slice(), &[Call::Checkpoint(1), end, Call::Checkpoint(2)]]
                    .concat();
            trials.push(trial(
                &calls,
                &[
                    Step::Checkpoint(1),
                    Step::Gather(2),
                    Step::GoOn,
                    Step::Checkpoint(2),
                    Step::Quiet,
                    Step::Census,
                    Step::GoOn,
                ],
            ));
        }
        // `close` does not wait, and `join` drops what nobody has asked for, errors among it.
        let unread = Job { then: Then::Panic, ..Job::plain(60, fresh.fresh()) };
        let calls = [
            &[Call::New(2)],
            queue(held(fresh, 0, 3)).as_slice(),
            &[Call::ApplyAsync(0, unread), Call::Close(0), Call::Checkpoint(3), Call::Join(0)],
        ]
        .concat();
        trials.push(trial(&calls, &[Step::Checkpoint(3), Step::Gather(2), Step::GoOn, Step::Quiet]));
        trials.push(trial(
            &[Call::New(2), Call::Join(0), Call::Checkpoint(1)],
            &[Step::Checkpoint(1), Step::Quiet, Step::Census, Step::GoOn],
        ));
        trials
    },
    judge: |trial, trace| {
        let calls = calls(trial);
        let ends = calls.iter().find_map(|call| match call {
            Call::Terminate(_) => Some("terminate"),
            Call::Drop(_) => Some("drop"),
            Call::Unwind(_) => Some("drop (in a panic)"),
            _ => None,
        });
        if let Some(name) = ends {
            let reached = trace.events.iter().any(|event| event.seen == Seen::Checkpoint(2));
            let waited = trace.waited_in_vain().is_some();
            if waited && !opened_before(trace, 2) {
                let what = format!("`{name}` waits for workers that are busy instead of killing them");
                return Err(Wrong::new(Fault::Blocks, what).with_evidence(trace.in_vain()));
            }
            trace.good_end(Fault::Hang, "the pool does not come to its end")?;
            return match trace.censuses().last() {
                Some(census) if reached && !census.children.is_empty() => {
                    let what =
                        format!("`{name}` has returned, and {} workers still run", census.children.len());
                    Err(Wrong::new(Fault::Orphan, what))
                }
                _ => Ok(()),
            };
        }
        if trial.script.first() == Some(&Step::Checkpoint(3)) && !trace.in_vain().is_empty() {
            let what = "`close` waits for tasks that are running";
            return Err(Wrong::new(Fault::Blocks, what).with_evidence(trace.in_vain()));
        }
        trace.good_end(Fault::Hang, "the pool does not come to its end")?;
        if let Some(census) = trace.censuses().last()
            && !census.children.is_empty()
        {
            let what = format!("`join` has returned, and {} workers still run", census.children.len());
            return Err(Wrong::new(Fault::Orphan, what));
        }
        if calls.len() == 3 {
            return Ok(());
        }
        for (number, call) in calls.iter().enumerate() {
            let refused = match call {
                Call::Apply(..) | Call::Map(..) => {
                    let got = results(trace, number);
                    !got.is_empty() && got.iter().all(|(numbers, _)| *numbers == [words::CLOSED])
                }
                Call::ApplyAsync(_, job) if job.id == 53 => returned(trace, number) == Some(2),
                Call::Join(_) => returned(trace, number) == Some(0),
                _ => true,
            };
            if !refused {
                let what = match call {
                    Call::Join(_) => "`join` failed",
                    _ => "after `close` a task is not refused as `Closed`",
                };
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
        }
        let queued = calls.iter().filter(|call| matches!(call, Call::ApplyAsync(_, job) if job.held)).count();
        let run = trace.opened().count();
        if run < queued {
            let what = format!("`join` has returned after {run} of the {queued} tasks that were queued");
            return Err(Wrong::new(Fault::LostTask, what));
        }
        tickets_right(trial, trace)
    },
};

/// Whether a gate was opened before this checkpoint.
fn opened_before(trace: &Trace, number: u64) -> bool {
    let reached = trace.events.iter().position(|event| event.seen == Seen::Checkpoint(number));
    let waited = trace.waited_in_vain();
    matches!((waited, reached), (Some(waited), Some(reached)) if reached < waited)
}

// --- nothing is left behind ----------------------------------------------------------------------

pub(super) const CLEAN: TrialRules = TrialRules {
    check: "q2.clean",
    trials: |fresh| {
        let mut calls = Vec::new();
        for number in 0..50 {
            calls.push(Call::New(2));
            calls.push(Call::Map(number, plain(fresh, 10 * number, 3)));
            calls.push(match number % 3 {
                0 => Call::Join(number),
                1 => Call::Terminate(number),
                _ => Call::Drop(number),
            });
            if number == 2 || number == 49 {
                calls.push(Call::Checkpoint(number));
            }
        }
        let looks =
            [2, 49].map(|number| [Step::Checkpoint(number), Step::Quiet, Step::Census, Step::GoOn]).concat();
        // With a worker that died, too.
        let mut jobs = plain(fresh, 0, 5);
        jobs[1].then = Then::Abort;
        let died = [
            Call::OwnChild(5),
            Call::New(2),
            Call::Map(0, jobs),
            Call::Map(0, plain(fresh, 10, 4)),
            Call::Join(0),
            Call::WaitForOwnChild,
            Call::New(0),
            Call::Checkpoint(1),
        ];
        vec![
            trial(&calls, &looks),
            trial(&died, &[Step::Checkpoint(1), Step::Quiet, Step::Census, Step::GoOn]),
            // The third of four workers cannot be started.
            trial(
                &[Call::RefuseForks(2), Call::New(4), Call::Checkpoint(1)],
                &[Step::Checkpoint(1), Step::Quiet, Step::Census, Step::GoOn],
            ),
        ]
    },
    judge: |trial, trace| {
        trace.good_end(Fault::Hang, "one pool after the other, and one of them is stuck")?;
        if trace.entry(words::OWN_CHILD).is_some_and(|entry| entry.args.get(1) != Some(&5)) {
            let what = "the pool has waited for a child that the caller had started itself";
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        if calls(trial).first() == Some(&Call::RefuseForks(2)) {
            if trace.entry(words::REFUSES).is_none() {
                return Ok(()); // this system cannot be made to
            }
            if returned(trace, 1) != Some(3) {
                let what = "a worker could not be started, and `new` does not fail with `PoolError::Fork`";
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
        }
        let all: Vec<_> = trace.censuses().collect();
        for census in &all {
            if !census.zombies.is_empty() {
                let what = format!("{} workers have ended and were not waited for", census.zombies.len());
                return Err(Wrong::new(Fault::Zombie, what));
            }
            if !census.children.is_empty() || !census.others.is_empty() {
                let count = census.children.len() + census.others.len();
                return Err(Wrong::new(Fault::Orphan, format!("{count} processes of ended pools still run")));
            }
        }
        if let [first, last] = all.as_slice()
            && last.descriptors > first.descriptors
        {
            let what = format!(
                "{} descriptors more are open after 50 pools than after 3",
                last.descriptors - first.descriptors
            );
            return Err(Wrong::new(Fault::FdLeak, what));
        }
        let left = &trace.left;
        if left.descriptors > 0 {
            return Err(Wrong::new(Fault::FdLeak, format!("{} descriptors are left open", left.descriptors)));
        }
        if left.shared_memory > 0 {
            return Err(Wrong::new(Fault::ShmLeak, "shared memory is left in `/dev/shm`"));
        }
        if left.threads > 0 {
            return Err(Wrong::new(Fault::LeakedThread, "a thread is left behind"));
        }
        Ok(())
    },
};

// --- workers end when the caller is killed -------------------------------------------------------

pub(super) const ORPHANS: TrialRules = TrialRules {
    check: "q2.orphans",
    trials: |fresh| {
        // Two pools, and in each a worker that was started after the other pool.
        let two = |fresh: &mut _, last: &[Call]| {
            let calls = [
                Call::New(2),
                Call::New(2),
                Call::Checkpoint(1),
                Call::Map(0, plain(fresh, 0, 6)),
                Call::Checkpoint(2),
                Call::Map(1, plain(fresh, 10, 6)),
                Call::Map(0, plain(fresh, 20, 6)),
                Call::Checkpoint(3),
            ];
            [calls.as_slice(), last].concat()
        };
        let replace = [
            Step::Checkpoint(1),
            Step::Quiet,
            Step::KillIdle(0),
            Step::GoOn,
            Step::Checkpoint(2),
            Step::Quiet,
            Step::KillIdle(1),
            Step::GoOn,
            Step::Checkpoint(3),
            Step::Quiet,
            Step::Census,
        ];
        let end = |step: Step| [replace.as_slice(), &[step]].concat();
        vec![
            trial(&[Call::New(3), Call::Map(0, held(fresh, 0, 3))], &[Step::Gather(3), Step::KillCaller]),
            trial(&two(fresh, &[]), &end(Step::KillCaller)),
            trial(&two(fresh, &[Call::Join(0), Call::Join(1)]), &end(Step::GoOn)),
            trial(&two(fresh, &[Call::Join(1), Call::Join(0)]), &end(Step::GoOn)),
        ]
    },
    judge: |_, trace| {
        let survivors = trace.events.iter().find_map(|event| match &event.seen {
            Seen::Survivors(all) => Some(all),
            _ => None,
        });
        if let Some(survivors) = survivors
            && !survivors.is_empty()
        {
            let what = format!("the caller was killed, and {} of its workers never end", survivors.len());
            let evidence = trace.censuses().last().map(shared_ends).unwrap_or_default();
            return Err(Wrong::new(Fault::Orphan, what).with_evidence(evidence));
        }
        if survivors.is_some() {
            return Ok(());
        }
        let what = "with two pools `join` waits for ever: somebody keeps the other end of a pipe open";
        trace.good_end(Fault::Hang, what)
    },
};

/// Pipes to which a worker can write that another worker reads: what keeps the end of file away.
fn shared_ends(census: &crate::trial::Census) -> Vec<String> {
    let mut lines = Vec::new();
    for pipe in &census.pipes {
        for reader in pipe.readers.iter().filter(|who| who.rank > 0) {
            for writer in pipe.writers.iter().filter(|who| who.rank > 0) {
                lines.push(format!(
                    "{} reads from a pipe that {} could still write to",
                    reader.name(),
                    if reader == writer { "it itself".into() } else { writer.name() }
                ));
            }
        }
    }
    lines.truncate(8);
    lines
}
