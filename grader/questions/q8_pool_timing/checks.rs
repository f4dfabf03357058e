//! Question 8: what each check wants to see, and how it reads a trace. Read from top to bottom, this
//! is the marking guide. Durations stand in `phases.rs`, table and chart in `figures.rs`, threads in
//! `threads.rs`.
//!
//! No verdict depends on how fast anything is: numbers are in work at once when as many are held, and
//! a duration is compared with clocks of the judge that are read around it.

use super::words::{self, Call, IN_JOIN, Job, START, STOP, Then};
use crate::catalogue::{Guide, Source};
use crate::experiment::Wrong;
use crate::fault::Fault;
use crate::trial::{Pick, Seen, Step, Trace, Trial, TrialRules};
use results::{all_right, error, explained, good_end, in_children, nobody_left, say, timings};
use scenes::{calls, flow, held, plain, pool, trial};

#[path = "figures.rs"]
mod figures;
#[path = "phases.rs"]
mod phases;
#[path = "results.rs"]
mod results;
#[path = "scenes.rs"]
mod scenes;
#[path = "svg.rs"]
mod svg;
#[path = "threads.rs"]
mod threads;

/// What the catalogue needs of this question.
pub(crate) const SOURCE: &Source = &Source {
    exercise: include_str!("../../../exercises/q8_pool_timing/exercise.toml"),
    guides: &[Guide::Processes(&[
        IN_FLIGHT,
        RESULTS,
        SQUARE,
        phases::PHASES,
        POOLS,
        ERRORS,
        figures::TABLE,
        figures::CHART,
        threads::THREADS,
    ])],
    given: &[
        ("src/lib.rs", include_str!("stub/src/lib.rs")),
        ("src/api.rs", include_str!("stub/src/api.rs")),
    ],
    stub: &[("src/timing.rs", include_str!("stub/src/timing.rs"))],
};

// --- exactly as many numbers in work as there are workers ----------------------------------------

const IN_FLIGHT: TrialRules = TrialRules {
    check: "q8.in_flight",
    trials: |fresh| {
        let scene = |workers: u64, jobs: Vec<Job>| {
            let count = jobs.len();
            let together = count.min(usize::try_from(workers).unwrap_or(count));
            trial(
                &[Call::TimePool(workers, jobs)],
                &[Step::Gather(together), Step::Quiet, Step::Census, flow(count, together)],
            )
        };
        let more = [2, 4, 8, 3].map(|workers| scene(workers, held(fresh, 0, 2 * workers + 1)));
        let fewer = scene(4, held(fresh, 0, 2));
        more.into_iter().chain([fewer]).collect()
    },
    judge: |trial, trace| {
        in_children(trace)?;
        let Some(Call::TimePool(workers, jobs)) = calls(trial).into_iter().next() else { return Ok(()) };
        let workers = usize::try_from(workers).unwrap_or_default();
        let (most, wanted) = (trace.most_held(), workers.min(jobs.len()));
        if most > wanted {
            let what = format!("{most} numbers were in work at once in a pool of {workers} workers");
            return Err(Wrong::new(Fault::TooManyWorkers, what));
        }
        if most > 0 && most < wanted {
            let what = format!("only {most} of {wanted} numbers were in work at once");
            return Err(Wrong::new(Fault::TooFewWorkers, what).with_evidence(trace.in_vain()));
        }
        good_end(trial, trace)?;
        timings(trial, trace, 0)?;
        if most == 0 {
            return Err(Wrong::new(Fault::WrongAnswer, "the job was not applied to any number"));
        }
        if !trace.in_vain().is_empty() {
            let what = "numbers were waiting, and a worker had nothing to do";
            return Err(Wrong::new(Fault::StaticSplit, what).with_evidence(trace.in_vain()));
        }
        let children = trace.censuses().next().map_or(0, |census| census.children.len());
        if children != workers {
            let what = format!("the pool has {children} workers, {workers} were asked for");
            let fault = if children > workers { Fault::TooManyWorkers } else { Fault::TooFewWorkers };
            return Err(Wrong::new(fault, what));
        }
        Ok(())
    },
};

// --- results in the order of the inputs ----------------------------------------------------------

const RESULTS: TrialRules = TrialRules {
    check: "q8.results",
    trials: |fresh| {
        let backwards = [flow(9, 3)];
        let twice = [flow(6, 2), flow(6, 3)];
        vec![
            trial(&[Call::TimePool(3, held(fresh, 0, 9))], &backwards),
            trial(&[Call::Compare(vec![2, 3], held(fresh, 0, 6))], &twice),
            trial(&[Call::TimePool(2, Vec::new()), Call::TimePool(4, plain(fresh, 0, 40))], &[]),
        ]
    },
    judge: |trial, trace| {
        good_end(trial, trace)?;
        all_right(trial, trace)
    },
};

// --- `square` ------------------------------------------------------------------------------------

const SQUARE: TrialRules = TrialRules {
    check: "q8.square",
    trials: |fresh| {
        let large = u64::from(u32::MAX);
        let fit = [0, 1, fresh.fresh(), 1_000_000 * fresh.fresh() % large, large];
        let too_large = [large + 1, large + 1 + fresh.fresh(), u64::MAX];
        vec![trial(&fit.into_iter().chain(too_large).map(Call::Square).collect::<Vec<_>>(), &[])]
    },
    judge: |trial, trace| {
        for (number, call) in calls(trial).iter().enumerate() {
            let Call::Square(of) = call else { continue };
            let got = results::squared(trace, number);
            match (of.checked_mul(*of), got) {
                (wanted, got) if wanted == got => {}
                (Some(wanted), Some(got)) => {
                    let what = format!("`square({of})` is {got}, not {wanted}");
                    return Err(Wrong::new(Fault::WrongAnswer, what));
                }
                (None, Some(got)) => {
                    let what = format!("`square({of})` is {got}: it does not fit, and nobody is told");
                    return Err(Wrong::new(Fault::WrongAnswer, what));
                }
                (_, None) if trace.panicked_calls().any(|panicked| panicked == number) => {
                    let what = format!("`square({of})` panicked, though the square fits");
                    return Err(Wrong::new(Fault::Panic, what));
                }
                _ => {}
            }
        }
        match &trace.end {
            None => Ok(()),
            Some(_) => good_end(
                &Trial { words: Vec::new(), ..trial.clone() },
                &Trace { entries: Vec::new(), ..trace.clone() },
            ),
        }
    },
};

// --- a pool for each size, one after the other ---------------------------------------------------

const POOLS: TrialRules = TrialRules {
    check: "q8.pools",
    trials: |fresh| {
        let scene = |sizes: &[u64], jobs: Vec<Job>| {
            let count = jobs.len();
            let look: &[Step] = &[Step::Census];
            let script = sizes
                .iter()
                .flat_map(|&size| pool(usize::try_from(size).unwrap_or_default(), count, [look, &[], look]));
            let script: Vec<Step> = script.chain([Step::Checkpoint(1), Step::Census, Step::GoOn]).collect();
            trial(&[Call::Hold(IN_JOIN), Call::Compare(sizes.to_vec(), jobs), Call::Checkpoint(1)], &script)
        };
        vec![
            scene(&[2, 4, 3], held(fresh, 0, 5)),
            scene(&[3, 3], held(fresh, 0, 3)),
            scene(&[], held(fresh, 0, 3)),
            scene(&[2, 3], Vec::new()),
        ]
    },
    judge: |trial, trace| judge_pools(trial, trace).map_err(explained),
};

fn judge_pools(trial: &Trial, trace: &Trace) -> Result<(), Wrong> {
    good_end(trial, trace)?;
    let all = calls(trial);
    let Some(Call::Compare(sizes, jobs)) = all.get(1) else { return Ok(()) };
    let seen = pools_seen(trace)?;
    for (place, (pool, size)) in seen.iter().zip(sizes).enumerate() {
        let size = usize::try_from(*size).unwrap_or_default();
        if let Some(children) = pool.children.iter().find(|&&children| children != size) {
            let what = format!("pool {place} has {children} workers, and size {place} is {size}");
            let fault = if *children > size { Fault::TooManyWorkers } else { Fault::TooFewWorkers };
            return Err(Wrong::new(fault, what));
        }
        if pool.numbers != jobs.len() {
            let what = format!("pool {place} was given {} of the {} numbers", pool.numbers, jobs.len());
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
    }
    if seen.len() != sizes.len() {
        let what = format!("{} pools were made for {} sizes", seen.len(), sizes.len());
        return Err(Wrong::new(Fault::WrongAnswer, what));
    }
    nobody_left(trace)?;
    match timings(trial, trace, 1)?.len() {
        count if count == sizes.len() => Ok(()),
        count => {
            let what = format!("`compare` gave {count} timings for {} sizes", sizes.len());
            Err(Wrong::new(Fault::WrongAnswer, what))
        }
    }
}

/// What was seen of a pool: how many children the caller had, and how many jobs began.
#[derive(Debug, Default)]
struct PoolSeen {
    children: Vec<usize>,
    numbers: usize,
}

/// The pools, one after the other; `Err` if one was there when the next was made.
fn pools_seen(trace: &Trace) -> Result<Vec<PoolSeen>, Wrong> {
    let (mut pools, mut is_there) = (Vec::<PoolSeen>::new(), false);
    for event in &trace.events {
        match &event.seen {
            Seen::Arrived { task: START, .. } => {
                if is_there {
                    let what = format!(
                        "pool {} was made while pool {} was still there",
                        pools.len(),
                        pools.len() - 1
                    );
                    return Err(Wrong::new(Fault::Orphan, what));
                }
                is_there = true;
                pools.push(PoolSeen::default());
            }
            Seen::Opened { task: STOP, .. } => is_there = false,
            Seen::Arrived { task, who, .. } if *task != STOP => match pools.last_mut() {
                Some(pool) if is_there && who.rank > 0 => pool.numbers += 1,
                _ => {
                    let what = format!("the job for number {task} runs outside of any pool");
                    return Err(Wrong::new(Fault::Sequential, what));
                }
            },
            Seen::Census(census) if is_there => {
                let children = census.children.len();
                pools.iter_mut().next_back().into_iter().for_each(|pool| pool.children.push(children));
            }
            _ => {}
        }
    }
    if is_there {
        return Err(Wrong::new(Fault::Orphan, "the last pool was never ended"));
    }
    Ok(pools)
}

// --- errors --------------------------------------------------------------------------------------

const ERRORS: TrialRules = TrialRules {
    check: "q8.errors",
    trials: |fresh| {
        let look = [Step::Checkpoint(1), Step::Census, Step::GoOn];
        let scene = |before: &[Call], call: Call, script: &[Step]| {
            trial(&[before, &[call, Call::Checkpoint(1)]].concat(), &[script, &look].concat())
        };
        let mut failing = |ways: &[(usize, Then)], count: u64| {
            let mut jobs = plain(fresh, 0, count);
            ways.iter().for_each(|&(place, then)| jobs[place].then = then);
            jobs
        };
        let mut late = failing(&[(1, Then::Panic), (3, Then::Panic)], 5);
        late[1].held = true; // so that the later one fails first
        let one_pool = pool(0, 0, [&[], &[], &[]]);
        vec![
            scene(&[Call::Hold(IN_JOIN)], Call::TimePool(0, failing(&[], 2)), &[]),
            scene(&[Call::Hold(IN_JOIN)], Call::TimePool(0, Vec::new()), &[]),
            scene(&[], Call::TimePool(2, late), &[Step::Gather(1), Step::Quiet, Step::Open(Pick::Task(1))]),
            scene(&[], Call::TimePool(2, failing(&[(1, Then::Exit), (2, Then::Panic)], 4)), &[]),
            scene(&[], Call::TimePool(3, failing(&[(2, Then::Killed), (4, Then::Exit)], 6)), &[]),
            scene(&[Call::Hold(IN_JOIN)], Call::Compare(vec![2, 0, 3], failing(&[], 3)), &one_pool),
            scene(&[Call::Hold(IN_JOIN)], Call::Compare(vec![2, 3], failing(&[(0, Then::Panic)], 2)), &one_pool),
            scene(&[Call::Hold(IN_JOIN)], Call::Compare(vec![2, 0], failing(&[(1, Then::Exit)], 3)), &one_pool),
            scene(&[Call::Fail(START)], Call::TimePool(2, failing(&[], 2)), &[]),
            scene(&[Call::Fail(STOP)], Call::TimePool(2, failing(&[], 2)), &[]),
            scene(&[Call::Fail(STOP)], Call::TimePool(2, failing(&[(1, Then::Panic)], 2)), &[]),
        ]
    },
    judge: |trial, trace| {
        good_end(trial, trace)?;
        let all = calls(trial);
        let Some(number) = all.iter().position(|call| matches!(call, Call::TimePool(..) | Call::Compare(..)))
        else {
            return Ok(());
        };
        let (call, failing) = (
            &all[number],
            all.iter().find_map(|call| match call {
                Call::Fail(phase) => Some(*phase),
                _ => None,
            }),
        );
        let (wanted, text) = wanted_error(call, failing);
        match error(trace, number) {
            Some((numbers, got)) if numbers == wanted.as_slice() && got == text => {}
            other => {
                let got = other.map_or("timings".into(), |(numbers, text)| say(numbers, text));
                let what =
                    format!("{}: the answer is {got}, not {}", why(call, failing), say(&wanted, &text));
                return Err(Wrong::new(Fault::WrongAnswer, what));
            }
        }
        let made = trace.arrivals().filter(|(_, task)| *task == START).count();
        let most = usize::from(matches!(call, Call::Compare(..)));
        if made > most {
            let what = format!("{}, and yet a pool was made after that was clear", why(call, failing));
            return Err(Wrong::new(Fault::WrongAnswer, what));
        }
        nobody_left(trace)
    },
};

/// The error that a call must return, in numbers and text.
fn wanted_error(call: &Call, failing: Option<u64>) -> (Vec<u64>, String) {
    let (none, jobs) = match call {
        Call::TimePool(workers, jobs) => (*workers == 0, jobs),
        // The first size that fails counts, and where a number fails every size does.
        Call::Compare(sizes, jobs) => {
            let fails = jobs.iter().any(|job| job.then != Then::Return);
            (sizes.first() == Some(&0) || (sizes.contains(&0) && !fails), jobs)
        }
        _ => return (Vec::new(), String::new()),
    };
    let first = jobs.iter().find(|job| job.then != Then::Return);
    match (first, failing) {
        _ if none => (vec![words::NO_WORKERS], String::new()),
        (_, Some(START)) => (vec![words::POOL, 5, nix::libc::EAGAIN as u64], String::new()),
        (None, _) => (vec![words::POOL, 5, nix::libc::ECHILD as u64], String::new()),
        (Some(job), _) => {
            let of = |error: &[u64]| [&[words::TASK, job.id], error].concat();
            match job.then {
                Then::Exit => (of(&[words::WORKER_DIED, 0, 8]), String::new()),
                Then::Killed => (of(&[words::WORKER_DIED, 9, 0]), String::new()),
                _ => (of(&[words::TASK_PANICKED]), words::panic_text(job.id)),
            }
        }
    }
}

/// What has gone wrong, in words.
fn why(call: &Call, failing: Option<u64>) -> &'static str {
    match (call, failing) {
        (_, Some(START)) => "no pool can be made",
        (Call::TimePool(_, jobs), Some(_)) if jobs.iter().all(|job| job.then == Then::Return) => {
            "the pool cannot be joined"
        }
        (_, Some(_)) => "a number fails, and the pool cannot be joined",
        (Call::TimePool(0, _), _) => "no workers were asked for",
        (Call::Compare(sizes, jobs), _) if sizes.contains(&0) => {
            match jobs.iter().all(|job| job.then == Then::Return) {
                true => "one of the sizes is 0",
                false => "a number fails in the pool of the first size, and a later size is 0",
            }
        }
        (_, None) => "a number has no result",
    }
}
