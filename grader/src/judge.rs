//! From runs to a verdict on one check.
//!
//! Applies a check's rules to what was brought home from each world and weighs the two worlds.
//! Starts nothing.

use crate::experiment::{Experiment, Rules, Wrong};
use crate::fault::Fault;
use crate::run::{Ending, Played};
use crate::trial::{Trace, Trial, TrialRules};
use crate::verdict::{Doubt, DoubtKind};
use std::collections::HashMap;
use wire::{EngineFailure, Entry, Run, Schedule};

/// What one world says about a check.
#[derive(Debug)]
pub enum Assessment {
    /// Nothing is wrong.
    Sound,
    /// The answer is not written yet.
    NotStarted,
    /// Something is wrong.
    Wrong {
        /// What.
        wrong: Wrong,
        /// In which experiment.
        experiment: usize,
        /// In which of its runs, if it was a run.
        schedule: Option<Schedule>,
        /// Whether the answer would come to the same end everywhere.
        hopeless: bool,
    },
    /// It cannot say.
    Doubtful(Doubt),
}

/// Reads all runs of a check in one world.
pub fn assess(rules: &Rules, experiments: &[Experiment], played: &Played) -> Assessment {
    if played.runs.iter().flatten().any(is_not_started) {
        return Assessment::NotStarted;
    }
    for (number, (experiment, runs)) in experiments.iter().zip(&played.runs).enumerate() {
        let runs: Vec<&Run> = runs.iter().filter(|run| !is_tainted(run)).collect();
        // Of all wrong runs the one with the fewest switches tells the shortest story.
        let wrong = judge_runs(rules, experiment, &runs);
        let kind = kind_of_race(&runs, &wrong);
        let least = wrong.into_iter().min_by_key(|(run, _)| (run.switches, run.steps, run.schedule.index));
        if let Some((run, mut wrong)) = least {
            if wrong.fault == Fault::Race {
                wrong.fault = kind;
            }
            let schedule = Some(run.schedule);
            return Assessment::Wrong { wrong, experiment: number, schedule, hopeless: false };
        }
    }
    if let Some((number, ending)) = &played.bad_end {
        return bad_end(*number, ending);
    }
    if played.runs.iter().flatten().any(is_tainted) {
        return Assessment::Doubtful(Doubt {
            kind: DoubtKind::Machine,
            headline: "the machine refused a thread, so some schedules prove nothing".into(),
            evidence: Vec::new(),
        });
    }
    if rules.minds_leftover_threads && !played.leftover_threads.is_empty() {
        let wrong = Wrong::new(Fault::LeakedThread, "threads are left behind after everything was dropped")
            .with_evidence(played.leftover_threads.clone());
        let experiment = experiments.len().saturating_sub(1);
        return Assessment::Wrong { wrong, experiment, schedule: None, hopeless: false };
    }
    Assessment::Sound
}

/// What a race really is: what goes wrong in every schedule is none, and what goes wrong only when
/// a load reads a value that had been replaced is a stale read.
fn kind_of_race(runs: &[&Run], wrong: &[(&Run, Wrong)]) -> Fault {
    const ENOUGH: usize = 100; // only the model world makes so many runs
    if wrong.len() == runs.len() && runs.len() >= ENOUGH {
        Fault::WrongAnswer
    } else if wrong.iter().all(|(run, _)| run.old_read) {
        Fault::StaleRead
    } else {
        Fault::Race
    }
}

fn is_tainted(run: &Run) -> bool {
    run.failure.as_ref().is_some_and(|failure| failure.fault == EngineFailure::TAINTED)
}

fn bad_end(experiment: usize, ending: &Ending) -> Assessment {
    match ending.fault() {
        Ok((fault, headline)) => Assessment::Wrong {
            wrong: Wrong::new(fault, headline).with_evidence(ending.evidence()),
            experiment,
            schedule: None,
            hopeless: ending.is_hopeless(),
        },
        Err(kind) => Assessment::Doubtful(Doubt {
            kind,
            headline: match kind {
                DoubtKind::EngineGap => {
                    "a thread panicked while another one waited inside a panic hook, which the explorer cannot play".into()
                }
                DoubtKind::Machine => "the grader could not finish this check here".into(),
                _ => "the program did not come to an end, and nothing proves why".into(),
            },
            evidence: ending.evidence(),
        }),
    }
}

/// Reads what was seen in one trial of a process question.
pub fn assess_trial(rules: &TrialRules, number: usize, trial: &Trial, trace: &Trace) -> Assessment {
    if trace.entries.iter().any(is_todo) {
        return Assessment::NotStarted;
    }
    // What nobody can tell, or what is no fault of the answer, is said before anything else.
    if let Some(ending) = &trace.end
        && ending.fault().is_err()
    {
        let mut assessment = bad_end(number, ending);
        if let Assessment::Doubtful(doubt) = &mut assessment {
            // Somebody has to decide on these points, and must know what had happened by then.
            doubt.evidence.extend(trace.story());
        }
        return assessment;
    }
    let Err(mut wrong) = (rules.judge)(trial, trace) else {
        return match &trace.end {
            // The rules have found a reason why this end is right.
            None => Assessment::Sound,
            Some(ending) => bad_end(number, ending),
        };
    };
    wrong.evidence.extend(trace.story());
    Assessment::Wrong { wrong, experiment: number, schedule: None, hopeless: false }
}

/// Those of the runs with which something is wrong. Many schedules leave the same on record, which is read once.
fn judge_runs<'a>(rules: &Rules, experiment: &Experiment, runs: &[&'a Run]) -> Vec<(&'a Run, Wrong)> {
    let mut read: HashMap<u64, Vec<(&Run, Option<Wrong>)>> = HashMap::new();
    let mut wrong = Vec::new();
    for &run in runs {
        let alike = read.entry(run.fingerprint()).or_default();
        let known = alike.iter().find(|(other, _)| run.tells_as(other)).map(|(_, said)| said.clone());
        let said = known.unwrap_or_else(|| {
            let said = judge_run(rules, experiment, run).err();
            alike.push((run, said.clone()));
            said
        });
        wrong.extend(said.map(|said| (run, said)));
    }
    wrong
}

/// Reads one run.
///
/// # Errors
///
/// What is wrong with it.
pub fn judge_run(rules: &Rules, experiment: &Experiment, run: &Run) -> Result<(), Wrong> {
    let Some(failure) = &run.failure else { return (rules.judge)(experiment, run) };
    let fault = Fault::from_word(&failure.fault).unwrap_or(Fault::Panic);
    match fault {
        // The scene itself came to its end; what was left behind, or does not end, is another check's business.
        _ if !rules.minds_leftover_threads && (fault == Fault::LeakedThread || is_done(run)) => {
            return (rules.judge)(experiment, run);
        }
        // The rules know better than the engine what panicked, and when.
        Fault::Panic => (rules.judge)(experiment, run)?,
        _ => {}
    }
    Err(Wrong::new(fault, failure.headline.clone()).with_evidence(failure.waits.clone()))
}

/// Whether all calls of a script have returned.
fn is_done(run: &Run) -> bool {
    run.entries.iter().any(|entry| entry.word == wire::script::DONE)
}

/// The message of `todo!()`, which std documents to begin so.
fn is_not_started(run: &Run) -> bool {
    run.entries.iter().any(is_todo)
}

fn is_todo(entry: &Entry) -> bool {
    entry.word == Entry::PANIC && entry.text.starts_with("not yet implemented")
}
