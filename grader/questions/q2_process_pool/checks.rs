//! Question 2: what each check wants to see, and how it reads a trace. Read from top to bottom, this
//! is the marking guide; the order is that of `exercise.toml`. Frames stand in `frames.rs`, tickets in
//! `tickets.rs`, the ends of pools and workers in `ends.rs`.

use super::words::{self, Call, Job, Then};
use crate::catalogue::{Guide, Source};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Census, Pick, Seen, Step, Trace, Trial, TrialRules, Who};
use results::{all_done, expected, none_twice, results, returned, say, tickets_right};
use scenes::{backwards, calls, flow, held, large, plain, trial};
use std::collections::BTreeSet;

#[path = "ends.rs"]
mod ends;
#[path = "frames.rs"]
mod frames;
#[path = "results.rs"]
mod results;
#[path = "scenes.rs"]
mod scenes;
#[path = "tickets.rs"]
mod tickets;

/// What the catalogue needs of this question.
pub(crate) const SOURCE: &Source = &Source {
    exercise: include_str!("../../../exercises/q2_process_pool/exercise.toml"),
    guides: &[Guide::Processes(&[
        frames::FRAMES,
        frames::INTERRUPTED,
        WORKERS,
        REUSED,
        DYNAMIC,
        ORDER,
        tickets::ASYNC,
        tickets::TIMEOUT,
        COUNTS,
        PANICS,
        ends::CRASH,
        LARGE,
        ends::CLOSE,
        ends::CLEAN,
        ends::ORPHANS,
        IDLE,
    ])],
    given: &[
        ("src/lib.rs", include_str!("stub/src/lib.rs")),
        ("src/api.rs", include_str!("stub/src/api.rs")),
    ],
    stub: &[
        ("src/frame.rs", include_str!("stub/src/frame.rs")),
        ("src/worker.rs", include_str!("stub/src/worker.rs")),
        ("src/pool.rs", include_str!("stub/src/pool.rs")),
    ],
};

const STUCK: &str = "the pool is stuck: every process waits, and none can wake another";

/// Tasks run in children of the caller, never in the caller itself.
fn in_children(trace: &Trace) -> Result<(), Wrong> {
    for (who, task) in trace.arrivals() {
        if who.rank == 0 {
            let what = format!("the caller runs task {task} itself instead of a worker");
            return Err(Wrong::new(Fault::Sequential, what));
        }
        if !who.is_child {
            let what = format!("task {task} runs in a process that is no child of the caller");
            return Err(Wrong::new(Fault::Orphan, what));
        }
    }
    Ok(())
}

// --- exactly as many workers as asked for, never one more ---------------------------------------

const WORKERS: TrialRules = TrialRules {
    check: "q2.workers",
    trials: |fresh| {
        let scene = |make: Call, workers: usize, jobs: Vec<Job>| {
            let count = jobs.len();
            trial(
                &[make, Call::Checkpoint(1), Call::WorkerIds(0), Call::Map(0, jobs), Call::Join(0)],
                &[
                    Step::Checkpoint(1),
                    Step::Quiet,
                    Step::Census,
                    Step::GoOn,
                    Step::Gather(workers),
                    Step::Quiet,
                    Step::Census,
                    flow(count, &[]),
                ],
            )
        };
        let mut trials: Vec<Trial> = [2, 3, 5]
            .into_iter()
            .map(|workers: u64| scene(Call::New(workers), workers as usize, held(fresh, 0, 2 * workers + 1)))
            .collect();
        let usual = usual_workers();
        trials.push(scene(Call::NewDefault, usual, held(fresh, 0, 2 * usual as u64 + 1)));
        trials
    },
    judge: |trial, trace| {
        let asked = match calls(trial).first() {
            Some(Call::New(workers)) => *workers as usize,
            _ => usual_workers(),
        };
        in_children(trace)?;
        let [first, during] = trace.censuses().collect::<Vec<_>>()[..] else {
            trace.good_end(Fault::Hang, STUCK)?;
            return Err(Wrong::new(Fault::WrongAnswer, "the pool did not run the tasks"));
        };
        let most = trace.most_held();
        if most > asked {
            let what = format!("{most} tasks were at work at once in a pool of {asked} workers");
            return Err(Wrong::new(Fault::TooManyWorkers, what));
        }
        if most < asked {
            let what = format!("only {most} of {asked} workers were at work at once");
            return Err(Wrong::new(Fault::TooFewWorkers, what).with_evidence(trace.in_vain()));
        }
        for census in [first, during] {
            if census.children.len() > asked {
                let what = format!("{} children for a pool of {asked} workers", census.children.len());
                return Err(Wrong::new(Fault::TooManyWorkers, what));
            }
        }
        trace.good_end(Fault::Hang, STUCK)?;
        let ids = trace.entry(words::IDS).map_or(&[][..], |entry| &entry.args[1..]);
        let ids: BTreeSet<u64> = ids.iter().copied().collect();
        let children: BTreeSet<u64> = during.children.iter().map(|who| who.own_pid.into()).collect();
        if first.children.len() == asked && ids != children {
            let what = "`worker_ids` does not say which children the caller has";
            return Err(Wrong::new(Fault::WrongAnswer, what).with_evidence(vec![format!(
                "the kernel shows {} children; {} of the {} ids are among them",
                children.len(),
                ids.intersection(&children).count(),
                ids.len()
            )]));
        }
        Ok(())
    },
};

/// As many as this machine's usual pool has. Judge and respondent may use the same processors.
fn usual_workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

// --- workers are started once, and reused --------------------------------------------------------

const REUSED: TrialRules = TrialRules {
    check: "q2.reused",
    trials: |fresh| {
        vec![trial(
            &[
                Call::New(2),
                Call::Checkpoint(1),
                Call::Map(0, held(fresh, 0, 12)),
                Call::Map(0, held(fresh, 20, 4)),
                Call::Apply(0, Job::held(30, fresh.fresh())),
                Call::Join(0),
            ],
            &[Step::Checkpoint(1), Step::Quiet, Step::Census, Step::GoOn, backwards(12, 2)],
        )]
    },
    judge: |_, trace| {
        in_children(trace)?;
        let started: BTreeSet<Who> = trace.censuses().flat_map(|census| census.children.clone()).collect();
        let used: BTreeSet<Who> = trace.arrivals().map(|(who, _)| who).collect();
        if started.is_empty() {
            let what = "`new` has returned, and no worker has been started";
            return Err(Wrong::new(Fault::NotReused, what));
        }
        if used.len() > 2 {
            let what = format!("{} processes ran the tasks of a pool of 2 workers", used.len());
            return Err(Wrong::new(Fault::NotReused, what));
        }
        if !used.is_subset(&started) {
            let what = "tasks were run by processes that did not exist when `new` had returned";
            return Err(Wrong::new(Fault::NotReused, what));
        }
        trace.good_end(Fault::Hang, STUCK)
    },
};

// --- dynamic dispatch ----------------------------------------------------------------------------

const DYNAMIC: TrialRules = TrialRules {
    check: "q2.dynamic",
    trials: |fresh| {
        // One task is held as if for ever: everything else must get done meanwhile.
        let mut trials: Vec<Trial> = [0, 4]
            .into_iter()
            .map(|slow| {
                trial(
                    &[Call::New(3), Call::Map(0, held(fresh, 0, 13)), Call::Join(0)],
                    &[flow(12, &[slow]), Step::Quiet, Step::Open(Pick::Task(slow))],
                )
            })
            .collect();
        let queued = held(fresh, 0, 7).into_iter().map(|job| Call::ApplyAsync(0, job));
        let gets = [6, 5, 4, 3, 2, 1, 0].map(|ticket| Call::Get(0, ticket));
        let calls: Vec<Call> = std::iter::once(Call::New(2)).chain(queued).chain(gets).collect();
        trials.push(trial(&calls, &[flow(6, &[0]), Step::Quiet, Step::Open(Pick::Task(0))]));
        // A task that was queued before does not hold up a map either.
        let beside = [
            Call::New(2),
            Call::ApplyAsync(0, Job::held(0, fresh.fresh())),
            Call::Map(0, held(fresh, 1, 4)),
            Call::Checkpoint(1),
            Call::Get(0, 0),
            Call::Join(0),
        ];
        let script = [flow(4, &[0]), Step::Checkpoint(1), Step::Open(Pick::Task(0)), Step::GoOn];
        trials.push(trial(&beside, &script));
        trials
    },
    judge: |trial, trace| {
        in_children(trace)?;
        let slow = trial.script.iter().find_map(|step| match step {
            Step::Open(Pick::Task(task)) => Some(*task),
            _ => None,
        });
        let all = trace.arrivals().map(|(_, task)| task).collect::<BTreeSet<_>>().len();
        let before = trace.opened().take_while(|(task, _)| Some(*task) != slow).count();
        let wanted = match trial.script.first() {
            Some(Step::Flow { count, .. }) => *count,
            _ => 0,
        };
        if before < wanted && all > 0 {
            let slow = slow.unwrap_or_default();
            let what = format!(
                "while one worker was held in task {slow}, only {before} of the {wanted} other tasks got done"
            );
            return Err(Wrong::new(Fault::StaticSplit, what).with_evidence(trace.in_vain()));
        }
        if trial.script.contains(&Step::Checkpoint(1)) && !trace.in_vain().is_empty() {
            let what = "`map` waits for a task that `apply_async` had queued before";
            return Err(Wrong::new(Fault::Blocks, what).with_evidence(trace.in_vain()));
        }
        trace.good_end(Fault::Hang, STUCK)
    },
};

// --- results in the order of the inputs ----------------------------------------------------------

const ORDER: TrialRules = TrialRules {
    check: "q2.order",
    trials: |fresh| {
        let chunk = |jobs| Call::MapChunked(0, 2, jobs);
        vec![
            trial(&[Call::New(3), Call::Map(0, held(fresh, 0, 9)), Call::Join(0)], &[backwards(9, 3)]),
            trial(&[Call::New(2), chunk(held(fresh, 0, 8)), Call::Join(0)], &[flow(2, &[0])]),
            // Two chunks of two for two workers: the first of each begin.
            trial(&[Call::New(2), chunk(held(fresh, 0, 4)), Call::Join(0)], &[Step::Gather(2), Step::Quiet]),
            // Long enough for whatever happens only now and then.
            trial(&[Call::New(1), Call::Map(0, held(fresh, 0, 60)), Call::Join(0)], &[flow(60, &[])]),
            trial(&[Call::New(3), Call::Map(0, plain(fresh, 0, 40)), Call::Join(0)], &[]),
        ]
    },
    judge: |trial, trace| {
        trace.good_end(Fault::Hang, STUCK)?;
        all_done(trial, trace, &[])?;
        none_twice(trace)?;
        if trial.script.first() == Some(&Step::Gather(2)) {
            let before = trace.events.iter().take_while(|event| !matches!(event.seen, Seen::Opened { .. }));
            let first: BTreeSet<u64> = before
                .filter_map(|event| match event.seen {
                    Seen::Arrived { task, .. } => Some(task),
                    _ => None,
                })
                .collect();
            // Fewer than two at once are the business of other checks.
            if first.len() == 2 && first != BTreeSet::from([0, 2]) {
                let what = format!(
                    "with chunks of 2, the tasks {first:?} were begun first, side by side: a chunk goes to one worker"
                );
                return Err(Wrong::new(Fault::StaticSplit, what));
            }
        }
        for (number, call) in calls(trial).iter().enumerate() {
            for (place, (job, (numbers, text))) in
                results::jobs_of(call).iter().zip(results(trace, number)).enumerate()
            {
                let wanted = expected(job, trace);
                if numbers != wanted.as_slice() {
                    let got = say(numbers, text);
                    let what = format!("result {place} is {got}; input {place} was task {}", job.id);
                    return Err(Wrong::new(Fault::WrongOrder, what));
                }
            }
        }
        Ok(())
    },
};

// --- no workers, no inputs, fewer inputs than workers --------------------------------------------

const COUNTS: TrialRules = TrialRules {
    check: "q2.counts",
    trials: |fresh| {
        vec![
            trial(&[Call::New(0)], &[]),
            trial(
                &[
                    Call::New(4),
                    Call::Map(0, Vec::new()),
                    Call::MapChunked(0, 3, Vec::new()),
                    Call::Map(0, held(fresh, 0, 2)),
                    Call::MapChunked(0, 100, plain(fresh, 10, 3)),
                    Call::Map(0, plain(fresh, 20, 1)),
                    Call::Join(0),
                ],
                &[flow(2, &[])],
            ),
            trial(&[Call::New(3), Call::Join(0)], &[]),
        ]
    },
    judge: |trial, trace| {
        trace.good_end(Fault::Hang, STUCK)?;
        if calls(trial) == [Call::New(0)] {
            return match returned(trace, 0) {
                Some(1) => Ok(()),
                _ => Err(Wrong::new(Fault::WrongAnswer, "a pool of 0 workers is not `NoWorkers`")),
            };
        }
        let empty = [(1, "map"), (2, "map_chunked")];
        for (number, name) in empty.into_iter().filter(|_| trial.words.len() > 3) {
            if returned(trace, number) != Some(0) || !results(trace, number).is_empty() {
                let what = format!("`{name}` of no inputs is not an empty list");
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
        }
        all_done(trial, trace, &[])
    },
};

// --- a panic is the error of its own task --------------------------------------------------------

const PANICS: TrialRules = TrialRules {
    check: "q2.panics",
    trials: |fresh| {
        let mut jobs = plain(fresh, 0, 8);
        (jobs[2].then, jobs[4].then, jobs[5].then) = (Then::Panic, Then::PanicLiteral, Then::PanicWithNumber);
        let chunked = jobs.iter().map(|job| Job { id: job.id + 20, ..*job }).collect();
        let alone = Job { then: Then::Panic, ..Job::plain(40, fresh.fresh()) };
        let calls = [
            Call::New(2),
            Call::Checkpoint(1),
            Call::Map(0, jobs),
            Call::MapChunked(0, 3, chunked),
            Call::Apply(0, alone),
            Call::Map(0, plain(fresh, 50, 4)),
            Call::Checkpoint(2),
            Call::Join(0),
        ];
        let script = [
            Step::Checkpoint(1),
            Step::Quiet,
            Step::Census,
            Step::GoOn,
            Step::Checkpoint(2),
            Step::Quiet,
            Step::Census,
            Step::GoOn,
        ];
        vec![trial(&calls, &script)]
    },
    judge: |trial, trace| {
        trace.good_end(Fault::HungOnCrash, "after a task has panicked, the pool is stuck")?;
        for (number, call) in calls(trial).iter().enumerate() {
            let got = results(trace, number);
            for job in results::jobs_of(call).iter().filter(|job| job.then != Then::Return) {
                let wanted = match job.then {
                    Then::Panic => words::panic_text(job.id),
                    Then::PanicLiteral => words::LITERAL.into(),
                    _ => "panic without a message".into(),
                };
                let is_it = |(numbers, text): &(&[u64], &str)| {
                    numbers.first() == Some(&words::TASK_PANICKED) && *text == wanted
                };
                if got.iter().any(is_it) {
                    continue;
                }
                let others: Vec<String> = got
                    .iter()
                    .filter(|(numbers, _)| numbers.first() != Some(&words::DONE))
                    .map(|(numbers, text)| say(numbers, text))
                    .collect();
                let what = format!("task {} panicked with {wanted:?}, and nobody is told so", job.id);
                return Err(Wrong::new(Fault::SwallowedPanic, what)
                    .with_evidence(vec![format!("errors among the results: {}", others.join(", "))]));
            }
        }
        all_done(trial, trace, &[])?;
        let same: Vec<&Census> = trace.censuses().collect();
        match same.as_slice() {
            [before, after] if before.children != after.children => {
                let what = "a panic has cost the pool a worker, which should have lived on";
                Err(Wrong::new(Fault::NotReused, what))
            }
            _ => Ok(()),
        }
    },
};

// --- large inputs and results --------------------------------------------------------------------

const LARGE: TrialRules = TrialRules {
    check: "q2.large",
    trials: |fresh| {
        let chunked = |jobs| Call::MapChunked(0, 2, jobs);
        let mut queued: Vec<Call> =
            large(fresh, 0, 8, 100_000).into_iter().map(|job| Call::ApplyAsync(0, job)).collect();
        queued.insert(0, Call::New(2));
        queued.extend((0..8).map(|ticket| Call::Get(0, ticket)));
        vec![
            trial(&[Call::New(2), chunked(large(fresh, 0, 16, 100_000)), Call::Join(0)], &[]),
            trial(&[Call::New(1), chunked(large(fresh, 0, 8, 100_000)), Call::Join(0)], &[]),
            trial(&queued, &[]),
            trial(&[Call::New(2), Call::Map(0, large(fresh, 0, 4, 1 << 20)), Call::Join(0)], &[]),
        ]
    },
    judge: |trial, trace| {
        trace.good_end(Fault::PipeDeadlock, "with large inputs and results the pool is stuck")?;
        all_done(trial, trace, &[])?;
        tickets_right(trial, trace)
    },
};

// --- nobody works who has nothing to do ----------------------------------------------------------

const IDLE: TrialRules = TrialRules {
    check: "q2.idle",
    trials: |fresh| {
        vec![
            // The workers have nothing to do, the caller is elsewhere.
            trial(
                &[Call::New(3), Call::Map(0, plain(fresh, 0, 6)), Call::Checkpoint(1), Call::Join(0)],
                &[Step::Checkpoint(1), Step::Quiet, Step::Idle, Step::GoOn],
            ),
            // The workers are held in their tasks, the caller waits for them.
            trial(
                &[Call::New(2), Call::Map(0, held(fresh, 0, 2)), Call::Join(0)],
                &[Step::Gather(2), Step::Quiet, Step::Idle],
            ),
            trial(
                &[
                    Call::New(2),
                    Call::ApplyAsync(0, Job::held(0, fresh.fresh())),
                    Call::GetTimeout(0, 0, 60_000),
                    Call::Join(0),
                ],
                &[Step::Gather(1), Step::Quiet, Step::Idle],
            ),
        ]
    },
    judge: |_, trace| {
        trace.at_rest(3)?;
        trace.good_end(Fault::Hang, STUCK)
    },
};
