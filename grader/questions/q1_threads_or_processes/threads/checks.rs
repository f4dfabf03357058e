//! Jobs in threads: what each check wants to see, and how it reads a run. Who runs which job, and when, the jobs
//! themselves put on record.

use super::words::threads::{self as words, Job, RUN};
use crate::experiment::{Experiment, Rules, World, Wrong};
use crate::fault::Fault;
use crate::script::{Call, Script, Speech, calls, no_thread_left, nobody_slept_but};
use std::collections::BTreeSet;
use wire::script::Op;
use wire::{Entry, Run};

/// In the order of `exercise.toml`.
pub(crate) const RULES: &[Rules] = &[AT_ONCE, ORDER, PANICS, ONCE, ENDS, IDLE];

const SPEECH: Speech = Speech { call: words::call, result: words::result };
const WRITTEN: Op = [words::WRITTEN, 0, 0];

/// One call of `in_threads` with these jobs, and a look at what they have written.
fn script(jobs: &[Job]) -> Script {
    let numbers: Vec<u64> = jobs.iter().map(|job| job.word()).collect();
    Script::of_caller(&[[RUN, 0, jobs.len() as u64], WRITTEN]).made_from(&numbers).repeated(10)
}

fn both(world: World, lists: &[&[Job]]) -> Vec<Experiment> {
    lists.iter().map(|jobs| script(jobs).experiment(world)).collect()
}

fn timed(world: World, lists: &[&[Job]]) -> Vec<Experiment> {
    lists.iter().filter_map(|jobs| script(jobs).timed(world)).collect()
}

fn jobs(experiment: &Experiment) -> Vec<Job> {
    experiment.words[0].iter().map(|&word| Job::from_word(word)).collect()
}

const fn panics(job: Job) -> bool {
    matches!(job, Job::Panic | Job::PanicPlain | Job::PanicNumber)
}

/// The call has come back, as far as that is what a check is about; a panic that is not meant is one of the answer's own.
fn came_back(experiment: &Experiment, run: &Run) -> Result<Vec<Call>, Wrong> {
    let all = jobs(experiment);
    match all.iter().any(|&job| panics(job)) {
        true => SPEECH.no_broken_call(run, |op| op[0] == RUN)?,
        false => SPEECH.no_panic(run, |_| false)?,
    }
    Ok(calls(run))
}

/// The outcomes of the call: place, kind and number. Nothing if it has panicked.
fn outcomes(run: &Run) -> Option<Vec<[u64; 2]>> {
    let call = calls(run).into_iter().find(|call| call.op[0] == RUN)?;
    Some(call.result.as_chunks::<2>().0.to_vec())
}

fn right(jobs: &[Job]) -> Vec<[u64; 2]> {
    let right = |(place, &job): (u64, &Job)| {
        if panics(job) { [words::PANICKED, 0] } else { [words::DONE, words::value(place)] }
    };
    (0..).zip(jobs).map(right).collect()
}

/// The outcomes are those of the jobs, each in its place.
fn all_right(experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    let wanted = right(&jobs(experiment));
    let Some(got) = outcomes(run) else { return Ok(()) };
    if got == wanted {
        return Ok(());
    }
    let mut sorted = [got.clone(), wanted.clone()];
    sorted.iter_mut().for_each(|items| items.sort_unstable());
    let (fault, what) = if got.len() != wanted.len() {
        (Fault::LostTask, format!("of {} jobs, outcomes came back: {}", wanted.len(), got.len()))
    } else if sorted[0] == sorted[1] {
        (Fault::WrongOrder, "the outcomes are right, but not in the order of the jobs".to_owned())
    } else {
        let place = (0..wanted.len()).find(|&place| got[place] != wanted[place]).unwrap_or_default();
        let (got, wanted) = (words::told(&got[place]), words::told(&wanted[place]));
        let fault = if wanted.starts_with('P') { Fault::SwallowedPanic } else { Fault::WrongAnswer };
        (fault, format!("the outcome of job {place} is {got}; it should be {wanted}"))
    };
    Err(Wrong::new(fault, what).with_evidence(SPEECH.table(&calls(run))))
}

/// The thread of every beginning, and the job's place.
fn begins(run: &Run) -> Vec<(u64, u64)> {
    let begins = run.entries.iter().filter(|entry| entry.word == words::BEGINS);
    begins.filter_map(|entry| Some((entry.thread, *entry.args.first()?))).collect()
}

/// The most jobs that were at work at once.
fn most_at_once(run: &Run) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    for entry in &run.entries {
        match entry.word {
            words::BEGINS => now += 1,
            words::ENDS => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

// --- all at once, each in a thread of its own ----------------------------------------------------------

const AT_ONCE: Rules = Rules {
    check: "q1.threads_at_once",
    experiments: |world, _| {
        let gather = |count: u64| vec![Job::Gather(count); count as usize];
        let mut wanted = timed(
            world,
            &[
                &gather(2),
                &gather(3),
                // More than the model says that there are processors.
                &gather(6),
                &[Job::Gather(2), Job::Plain, Job::Gather(2)],
                &[Job::Plain],
            ],
        );
        if world == World::Real {
            // Whoever starts fewer hangs, and the judge sees why.
            let meet = |count: u64| vec![Job::GatherForEver(count); count as usize];
            wanted = [2, 9, 64].map(|count| both(world, &[&meet(count)])).concat();
            for experiment in &mut wanted {
                experiment.runs = 3;
            }
        }
        wanted
    },
    judge: |experiment, run| {
        came_back(experiment, run)?;
        let caller = run.entries.iter().find(|entry| entry.word == words::CALLED).map(|entry| entry.thread);
        let (begins, count) = (begins(run), jobs(experiment).len());
        if let Some((_, place)) = begins.iter().find(|(thread, _)| Some(*thread) == caller) {
            let what = format!("job {place} runs in the caller's own thread");
            return Err(Wrong::new(Fault::Sequential, what));
        }
        if run.entries.iter().any(|entry| entry.word == words::IN_VAIN) {
            let most = most_at_once(run);
            let fault = if most <= 1 { Fault::Sequential } else { Fault::TooFewWorkers };
            let what = format!(
                "{count} jobs wait for each other, and at no time were more than {most} of them at work"
            );
            return Err(Wrong::new(fault, what));
        }
        let threads: BTreeSet<u64> = begins.iter().map(|(thread, _)| *thread).collect();
        if threads.len() < begins.len() {
            let what =
                format!("{} threads run {} jobs: each should have its own", threads.len(), begins.len());
            return Err(Wrong::new(Fault::TooFewWorkers, what));
        }
        Ok(())
    },
    minds_leftover_threads: false,
};

// --- in the order of the jobs -----------------------------------------------------------------------------

const ORDER: Rules = Rules {
    check: "q1.threads_order",
    experiments: |world, _| {
        let mut wanted = both(
            world,
            &[&[], &[Job::Plain], &[Job::Plain, Job::Plain], &[Job::Plain, Job::Write, Job::Plain]],
        );
        // The last is done first.
        let backwards = [Job::HoldUntil(2), Job::HoldUntil(1), Job::Plain];
        let turned = [Job::HoldUntil(1), Job::HoldUntil(2), Job::Plain];
        wanted.extend(timed(world, &[&backwards, &turned, &backwards[1..]]));
        wanted
    },
    judge: |experiment, run| {
        came_back(experiment, run)?;
        all_right(experiment, run)
    },
    minds_leftover_threads: false,
};

// --- a panic is an outcome ------------------------------------------------------------------------------------

const PANICS: Rules = Rules {
    check: "q1.threads_panics",
    experiments: |world, _| {
        let mut wanted = both(
            world,
            &[
                &[Job::Panic],
                &[Job::PanicPlain, Job::Plain],
                &[Job::Plain, Job::PanicNumber, Job::Plain],
                &[Job::Panic, Job::PanicPlain, Job::PanicNumber],
            ],
        );
        // The first has panicked before the others are done.
        let early = [Job::Panic, Job::HoldUntil(1), Job::HoldUntil(2)];
        wanted.extend(timed(world, &[&early, &[Job::HoldUntil(1), Job::PanicPlain]]));
        wanted
    },
    judge: |experiment, run| {
        let all = jobs(experiment);
        if run.entries.iter().any(|entry| entry.word == wire::script::BROKE) {
            let what = "a job panicked, and `in_threads` panicked with it instead of returning an outcome";
            return Err(Wrong::new(Fault::Panic, what));
        }
        came_back(experiment, run)?;
        // In which order they stand is another check's business.
        let Some(mut got) = outcomes(run) else { return Ok(()) };
        let mut wanted = right(&all);
        got.sort_unstable();
        wanted.sort_unstable();
        if got != wanted {
            all_right(experiment, run)?;
        }
        let text = |(place, &job): (u64, &Job)| match job {
            Job::Panic => Some(words::text(place)),
            Job::PanicPlain => Some(words::PLAIN_TEXT.to_owned()),
            Job::PanicNumber => Some("panic without a message".to_owned()),
            _ => None,
        };
        let mut wanted: Vec<String> = (0..).zip(&all).filter_map(text).collect();
        let told = run.entries.iter().filter(|entry| entry.word == words::MESSAGE);
        let mut got: Vec<&Entry> = told.collect();
        wanted.sort_unstable();
        got.sort_unstable_by(|a, b| a.text.cmp(&b.text));
        match wanted.iter().zip(&got).find(|(wanted, got)| **wanted != got.text) {
            Some((wanted, got)) => {
                let what = format!("a job panicked with {wanted:?}; its outcome says {:?}", got.text);
                Err(Wrong::new(Fault::WrongAnswer, what))
            }
            None => Ok(()),
        }
    },
    minds_leftover_threads: false,
};

// --- once ---------------------------------------------------------------------------------------------------------

const ONCE: Rules = Rules {
    check: "q1.threads_once",
    experiments: |world, _| {
        both(
            world,
            &[
                &[Job::Write],
                &[Job::Write, Job::Plain, Job::Write],
                &[Job::Panic, Job::Write],
                &[Job::Write, Job::PanicNumber],
            ],
        )
    },
    judge: |experiment, run| {
        came_back(experiment, run)?;
        let (all, begins) = (jobs(experiment), begins(run));
        for place in 0..all.len() as u64 {
            let (fault, times) = match begins.iter().filter(|(_, begun)| *begun == place).count() {
                1 => continue,
                0 => (Fault::LostTask, "never".to_owned()),
                times => (Fault::WrongAnswer, format!("{times} times")),
            };
            return Err(Wrong::new(fault, format!("job {place} was called {times}; it should be once")));
        }
        let Some(look) = calls(run).into_iter().find(|call| call.op[0] == words::WRITTEN) else {
            return Ok(());
        };
        for ((place, job), written) in (0..).zip(all).zip(look.result) {
            if job == Job::Write && written != words::value(place) {
                let what = format!("what job {place} has written is not there for the caller");
                return Err(Wrong::new(Fault::StaleRead, what));
            }
        }
        Ok(())
    },
    minds_leftover_threads: false,
};

// --- no thread is left ------------------------------------------------------------------------------------------------

const ENDS: Rules = Rules {
    check: "q1.threads_ends",
    experiments: |world, _| {
        let lists: [&[Job]; 4] =
            [&[], &[Job::Plain], &[Job::Plain, Job::Plain], &[Job::PanicNumber, Job::Plain, Job::Panic]];
        let mut wanted = both(world, &lists);
        wanted.extend(timed(world, &[&[Job::HoldUntil(1), Job::Plain], &[Job::HoldUntil(1), Job::Panic]]));
        wanted
    },
    judge: |experiment, run| {
        came_back(experiment, run)?;
        let call = calls(run).into_iter().find(|call| call.op[0] == RUN);
        let after = call.map_or(&[][..], |call| &run.entries[call.returned..]);
        let late = after.iter().find(|entry| matches!(entry.word, words::BEGINS | words::ENDS));
        if let Some(place) = late.and_then(|entry| entry.args.first()) {
            let what = format!("`in_threads` has returned, and job {place} is still at work");
            return Err(Wrong::new(Fault::LeakedThread, what));
        }
        no_thread_left(run)
    },
    minds_leftover_threads: true,
};

// --- whoever waits does nothing else ----------------------------------------------------------------------------------------

const IDLE: Rules = Rules {
    check: "q1.threads_idle",
    experiments: |world, _| {
        let long = [Job::Sleep(3600), Job::Plain];
        timed(
            world,
            &[&long, &[Job::Plain, Job::Sleep(3600)], &[Job::Sleep(7200), Job::Panic, Job::Sleep(3600)]],
        )
    },
    judge: |experiment, run| {
        came_back(experiment, run)?;
        let (all, begins) = (jobs(experiment), begins(run));
        let sleeps = |place: u64| matches!(all.get(place as usize), Some(Job::Sleep(_)));
        let own = begins.iter().filter(|(_, place)| sleeps(*place)).count();
        nobody_slept_but(experiment, run, own as u64)
    },
    minds_leftover_threads: false,
};
