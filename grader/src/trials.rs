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
    /// Tries all checks, several trials at the same time. They begin with the first one of each check:
    /// an answer that fails there is spared the rest.
    fn try_all(
        &self,
        lanes: &Lanes,
        checks: &[Check],
        progress: &(dyn Fn(&str) + Sync),
    ) -> Result<Vec<Assessment>> {
        let trials = checks.iter().map(|check| self.trials_of(check)).collect::<Result<Vec<_>>>()?;
        let mut jobs: Vec<(usize, usize)> = Vec::new();
        for (check, trials) in trials.iter().enumerate() {
            jobs.extend((0..trials.len() * self.times()).map(|number| (check, number)));
        }
        jobs.sort_by_key(|(_, number)| *number);
        // For each check the number of the first trial so far that decides it.
        let decided: Vec<AtomicUsize> = checks.iter().map(|_| AtomicUsize::new(usize::MAX)).collect();
        // Most of a trial's time is spent on watching that nothing moves.
        let tried = lanes.for_each(jobs.len(), Load::Third, |job| {
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
        for ((check, _), assessment) in jobs.into_iter().zip(tried) {
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
