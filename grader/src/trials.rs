//! Judging the checks of a process question: trial by trial, several checks at a time.
//!
//! Each trial is a respondent of its own. The first trial that shows something wrong decides its
//! check; what the judge cannot tell is tried once more, alone.

use crate::build::{Built, Outcome, Workshop};
use crate::catalogue::{Check, Kind, Question};
use crate::error::{GraderError, Result};
use crate::experiment::{Numbers, World};
use crate::grade::{Settings, is_endless, is_timeout};
use crate::judge::{self, Assessment};
use crate::lanes;
use crate::replay::Code;
use crate::report::CheckReport;
use crate::run::{self, Cast};
use crate::sandbox::Limits;
use crate::trial::Trial;
use crate::verdict::{Finding, Verdict};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use wire::Schedule;

/// Judges all checks.
///
/// # Errors
///
/// Only what is no fault of the answer.
pub(crate) fn judge_all(
    workshop: &Workshop,
    question: &Question,
    built: &Built,
    settings: Settings,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Vec<CheckReport>> {
    let Outcome::Program(program) = &built.real else {
        return Err(GraderError::bug("nothing to judge"));
    };
    let bench = Bench { workshop, program, settings, hurry: AtomicBool::new(false) };
    let checks = &question.checks;
    let found = lanes::for_each(checks, settings.lanes, progress, |check| bench.try_check(check))?;
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
    let bench =
        Bench { workshop, program, settings: Settings::new(code.seed), hurry: AtomicBool::new(false) };
    let assessment = bench.try_trial(check, code.experiment, &trial)?;
    Ok(match verdict(check, assessment, code.seed) {
        Verdict::Fail(finding) => Some(finding),
        _ => None,
    })
}

struct Bench<'a> {
    workshop: &'a Workshop,
    program: &'a Path,
    settings: Settings,
    /// The answer has used up its processor time somewhere: give it less elsewhere.
    hurry: AtomicBool,
}

impl Bench<'_> {
    fn try_check(&self, check: &Check) -> Result<Assessment> {
        let rules = check.trial_rules().ok_or_else(|| GraderError::bug("no rules for processes"))?;
        let trials = (rules.trials)(&mut Numbers::new(self.settings.seed.into()));
        for _ in 0..self.settings.depth {
            for (number, trial) in trials.iter().enumerate() {
                match self.try_trial(check, number, trial)? {
                    Assessment::Sound => {}
                    found => return Ok(found),
                }
            }
        }
        Ok(Assessment::Sound)
    }

    fn try_trial(&self, check: &Check, number: usize, trial: &Trial) -> Result<Assessment> {
        let rules = check.trial_rules().ok_or_else(|| GraderError::bug("no rules for processes"))?;
        let limits = Limits::PROCESSES;
        let limits = if self.hurry.load(Ordering::Relaxed) { limits.in_hurry() } else { limits };
        let init = &self.workshop.kit(Kind::Processes)?.init;
        let cast = Cast { init, program: self.program, limits };
        let trace = run::conduct(&self.workshop.sandbox, cast, trial)?;
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
