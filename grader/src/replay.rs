//! Replay codes: a short word that stands for one schedule of one experiment.

use crate::catalogue::{Check, Question};
use crate::error::{GraderError, Result};
use crate::experiment::{Experiment, Numbers, Rules, World};
use crate::trial::{Trial, TrialRules};
use std::fmt;
use wire::Schedule;

/// Which schedule of which experiment of which check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The check, without its question.
    pub check: String,
    /// The world.
    pub world: World,
    /// Which of the check's experiments in that world.
    pub experiment: usize,
    /// The seed of the challenge.
    pub seed: u32,
    /// The schedule.
    pub schedule: Schedule,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Schedule { index, horizon } = self.schedule;
        let world = self.world.letter();
        write!(f, "{}-{world}{}-{:08x}-{index}-{horizon}", self.check, self.experiment, self.seed)
    }
}

impl Code {
    /// Reads a code.
    ///
    /// # Errors
    ///
    /// A usage error that says where codes come from.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| {
            GraderError::usage(format!(
                "`{text}` is no replay code; copy it from the line `see it again:` of a report"
            ))
        })
    }

    fn read(text: &str) -> Option<Self> {
        let [horizon, index, seed, place, check] =
            text.trim().rsplitn(5, '-').collect::<Vec<_>>().try_into().ok()?;
        let (world, experiment) = place.split_at_checked(1)?;
        Some(Self {
            check: check.to_owned(),
            world: World::from_letter(world)?,
            experiment: experiment.parse().ok()?,
            seed: u32::from_str_radix(seed, 16).ok()?,
            schedule: Schedule { index: index.parse().ok()?, horizon: horizon.parse().ok()? },
        })
    }

    /// The check that the code speaks of.
    ///
    /// # Errors
    ///
    /// A usage error if the question has no such check.
    pub fn check<'q>(&self, question: &'q Question) -> Result<&'q Check> {
        let check = question.checks.iter().find(|check| check.name() == self.check);
        check.ok_or_else(|| GraderError::usage(format!("`{self}` is no replay code of {}", question.short)))
    }

    /// The experiment that the code speaks of.
    ///
    /// # Errors
    ///
    /// A usage error if the check has no such experiment.
    pub(crate) fn experiment_of(&self, rules: &Rules) -> Result<Experiment> {
        self.pick((rules.experiments)(self.world, &mut Numbers::new(self.seed.into())))
    }

    /// The trial that the code speaks of.
    ///
    /// # Errors
    ///
    /// A usage error if the check has no such trial.
    pub(crate) fn trial_of(&self, rules: &TrialRules) -> Result<Trial> {
        self.pick((rules.trials)(&mut Numbers::new(self.seed.into())))
    }

    fn pick<T>(&self, mut all: Vec<T>) -> Result<T> {
        if self.experiment < all.len() {
            return Ok(all.swap_remove(self.experiment));
        }
        Err(GraderError::usage(format!("`{self}` is no replay code of this check")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_comes_back_as_it_went() {
        let code = Code {
            check: "no_lost_update".into(),
            world: World::Model,
            experiment: 2,
            seed: 0x00ab_cdef,
            schedule: Schedule { index: 18, horizon: 40 },
        };
        assert_eq!(code.to_string(), "no_lost_update-m2-00abcdef-18-40");
        assert_eq!(Code::parse(&code.to_string()).expect("a code"), code);
    }

    #[test]
    fn other_words_are_usage_errors() {
        for text in ["", "x", "a-b-c-d-e", "no_lost_update-m2-00abcdef-18", "x-q1-0-0-0"] {
            assert!(Code::parse(text).is_err(), "{text}");
        }
    }
}
