//! Judging the checks of a process question: trial by trial, several at a time.
//!
//! Each trial is a respondent of its own. The first trial that shows something wrong decides its
//! check, first by its number and not by the clock; what the judge cannot tell is tried once more,
//! alone.

use crate::build::{Built, Outcome, Workshop};
use crate::catalogue::{Check, Question};
use crate::error::{GraderError, Result};
use crate::experiment::{Numbers, World};
use crate::grade::{Settings, is_endless, is_timeout};
use crate::judge::{self, Assessment};
use crate::lanes::{Lanes, Load};
use crate::replay::Code;
use crate::report::CheckReport;
use crate::run::{self, Cast, Enclosures};
use crate::sandbox::Limits;
use crate::trial::Trial;
use crate::verdict::{Finding, Verdict};
use std::cmp::Reverse;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use wire::Schedule;

/// Judges all checks.
///
/// # Errors
///
/// Only what is no fault of the answer.
pub(crate) fn judge_all(
    lanes: &Lanes,
    enclosures: &Enclosures<'_>,
    question: &Question,
    built: &Built,
    settings: Settings,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Vec<CheckReport>> {
    let Outcome::Program(program) = &built.real else {
        return Err(GraderError::bug("nothing to judge"));
    };
    let bench = Bench { enclosures, program, settings, hurry: AtomicBool::new(false) };
    let checks = &question.checks;
    let found = bench.try_all(lanes, checks, progress)?;
    let mut reports = Vec::new();
    let mut again_in_vain = false;
    for (check, mut assessment) in checks.iter().zip(found) {
        if is_endless(&assessment) && !again_in_vain {
            progress(&format!("{} came to no end; once more, alone", check.id));
            bench.hurry.store(false, Ordering::Relaxed);
            assessment = bench.try_check(check)?;
            again_in_vain = is_endless(&assessment);
        }
        reports.push(CheckReport::new(check, verdict(check, assessment, settings.seed), 0));
    }
    Ok(reports)
}

/// Plays one trial again. `None` when nothing is wrong any more.
///
/// # Errors
///
/// As [`judge_all`].
pub(crate) fn replay(
    workshop: &Workshop,
    check: &Check,
    program: &Path,
    code: &Code,
) -> Result<Option<Finding>> {
    let rules = check.trial_rules().ok_or_else(|| GraderError::bug("no rules for processes"))?;
    let trial = code.trial_of(rules)?;
    let enclosures = Enclosures::new(&workshop.sandbox)?;
    let (settings, hurry) = (Settings::new(code.seed), AtomicBool::new(false));
    let bench = Bench { enclosures: &enclosures, program, settings, hurry };
    let assessment = bench.try_trial(check, code.experiment, &trial)?;
    Ok(match verdict(check, assessment, code.seed) {
        Verdict::Fail(finding) => Some(finding),
        _ => None,
    })
}

struct Bench<'a> {
    enclosures: &'a Enclosures<'a>,
    program: &'a Path,
    settings: Settings,
    /// The answer has used up its processor time somewhere: give it less elsewhere.
    hurry: AtomicBool,
}

impl Bench<'_> {
    /// Tries all checks, several trials at the same time.
    fn try_all(
        &self,
        lanes: &Lanes,
        checks: &[Check],
        progress: &(dyn Fn(&str) + Sync),
    ) -> Result<Vec<Assessment>> {
        let trials = checks.iter().map(|check| self.trials_of(check)).collect::<Result<Vec<_>>>()?;
        let lengths: Vec<Vec<Length>> =
            trials.iter().map(|trials| trials.iter().map(Length::of).collect()).collect();
        let jobs = in_order(&lengths, self.times());
        // For each check the number of the first trial so far that decides it.
        let decided: Vec<AtomicUsize> = checks.iter().map(|_| AtomicUsize::new(usize::MAX)).collect();
        // Most of a trial's time is spent on watching that nothing moves.
        let tried = lanes.for_each(jobs.len(), Load::Quarter, |job| {
            let (place, number) = jobs[job];
            if decided[place].load(Ordering::Relaxed) < number {
                return Ok(Assessment::Sound); // nobody asks for it any more
            }
            progress(&format!("trial {} of {}: {}", job + 1, jobs.len(), checks[place].id));
            let which = number % trials[place].len();
            let found = self.try_trial(&checks[place], which, &trials[place][which])?;
            if !matches!(found, Assessment::Sound) {
                decided[place].fetch_min(number, Ordering::Relaxed);
            }
            Ok(found)
        })?;
        let mut found: Vec<Assessment> = checks.iter().map(|_| Assessment::Sound).collect();
        let mut tried: Vec<_> = jobs.into_iter().zip(tried).collect();
        tried.sort_by_key(|((_, number), _)| *number);
        for ((check, _), assessment) in tried {
            if matches!(found[check], Assessment::Sound) {
                found[check] = assessment;
            }
        }
        Ok(found)
    }

    /// Tries one check by itself.
    fn try_check(&self, check: &Check) -> Result<Assessment> {
        let trials = self.trials_of(check)?;
        for number in (0..trials.len()).cycle().take(trials.len() * self.times()) {
            match self.try_trial(check, number, &trials[number])? {
                Assessment::Sound => {}
                found => return Ok(found),
            }
        }
        Ok(Assessment::Sound)
    }

    fn trials_of(&self, check: &Check) -> Result<Vec<Trial>> {
        let rules = check.trial_rules().ok_or_else(|| GraderError::bug("no rules for processes"))?;
        Ok((rules.trials)(&mut Numbers::new(self.settings.seed.into())))
    }

    /// How often each trial is made: a deep look makes all of them several times over.
    fn times(&self) -> usize {
        usize::try_from(self.settings.depth).unwrap_or(1)
    }

    fn try_trial(&self, check: &Check, number: usize, trial: &Trial) -> Result<Assessment> {
        let rules = check.trial_rules().ok_or_else(|| GraderError::bug("no rules for processes"))?;
        let limits = Limits::PROCESSES;
        let limits = if self.hurry.load(Ordering::Relaxed) { limits.in_hurry() } else { limits };
        let cast = Cast { program: self.program, limits };
        let trace = run::conduct(self.enclosures, cast, trial)?;
        let assessment = judge::assess_trial(rules, number, trial, &trace);
        if is_endless(&assessment) || is_timeout(&assessment) {
            self.hurry.store(true, Ordering::Relaxed);
        }
        Ok(assessment)
    }
}

/// How long a trial takes, as far as it can be told beforehand: what is longer comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Length {
    /// Longer than its script tells, or without one, so that it works all the time.
    Long,
    /// Waits at the steps of its script, most of the time.
    Steps(Reverse<usize>),
}

impl Length {
    fn of(trial: &Trial) -> Self {
        if trial.is_long || trial.script.is_empty() {
            return Self::Long;
        }
        Self::Steps(Reverse(trial.script.len()))
    }
}

/// The places of checks and numbers of trials in the order in which they begin: each check's first, since an answer that fails there
/// is spared the rest; then what takes longest, so that nobody waits for it at the end. All that again, so many times.
fn in_order(lengths: &[Vec<Length>], times: usize) -> Vec<(usize, usize)> {
    let all = |(check, lengths): (usize, &Vec<Length>)| {
        (0..lengths.len() * times).map(|number| (check, number)).collect::<Vec<_>>()
    };
    let mut jobs: Vec<(usize, usize)> = lengths.iter().enumerate().flat_map(all).collect();
    jobs.sort_by_key(|&(check, number)| {
        let lengths = &lengths[check];
        let is_later = number != 0;
        is_later.then(|| (number / lengths.len(), lengths[number % lengths.len()]))
    });
    jobs
}

fn verdict(check: &Check, assessment: Assessment, seed: u32) -> Verdict {
    match assessment {
        Assessment::Sound => Verdict::Pass,
        Assessment::NotStarted => Verdict::NotStarted,
        Assessment::Doubtful(doubt) => Verdict::Inconclusive(doubt),
        Assessment::Wrong { wrong, experiment, .. } => {
            let code = Code {
                check: check.name().to_owned(),
                world: World::Real,
                experiment,
                seed,
                schedule: Schedule { index: 0, horizon: 0 },
            };
            Verdict::Fail(Finding::new(wrong, &code))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::Step;

    #[test]
    fn what_takes_long_begins_early_but_not_before_the_first_of_each_check() {
        let length = |steps: usize| {
            Length::of(&Trial { is_long: steps == 3, ..Trial::new("", vec![], &vec![Step::Quiet; steps]) })
        };
        let steps = [vec![2, 9, 0], vec![5], vec![], vec![1, 30, 3]];
        let lengths = steps.map(|steps| steps.into_iter().map(length).collect());
        let order = [(0, 0), (1, 0), (3, 0), (0, 2), (3, 2), (3, 1), (0, 1)];
        assert_eq!(in_order(&lengths, 1), order);
        let twice = in_order(&lengths, 2);
        assert_eq!(twice[..order.len()], order);
        assert_eq!(twice[order.len()..], [(0, 5), (3, 5), (3, 4), (0, 4), (1, 1), (0, 3), (3, 3)]);
    }
}
