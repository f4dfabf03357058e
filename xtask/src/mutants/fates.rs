//! What becomes of mutants: each is built and judged check by check, until the first one is lost.
//!
//! Does not know where a mutant comes from, nor what is done with the answer.

use super::operators::Mutant;
use super::sources::Source;
use crate::course;
use grader::build::{self, Workshop};
use grader::catalogue::Question;
use grader::grade::{self, Settings};
use grader::verdict::Verdict;
use grader::{GraderError, Result, bank, lanes};
use std::fs;
use std::thread;

/// What became of a mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It does not compile.
    NotViable,
    /// It lost points, for this check and fault.
    Noticed(String),
    /// The judge could not say.
    Unsure,
    /// It has full marks, and somebody has said why that is right.
    Equivalent(String),
    /// It has full marks.
    Survived,
}

/// Judges mutants.
pub(super) struct Bench {
    workshop: Workshop,
    reasons: Vec<[String; 4]>,
}

impl Bench {
    /// Gets ready to judge answers to these questions.
    pub(super) fn open(questions: &[Question]) -> Result<Self> {
        let path = course::root().join("grader/mutants/equivalent.txt");
        let text = fs::read_to_string(&path).map_err(|error| GraderError::file("read", &path, error))?;
        let reasons = reasons(&text).map_err(|line| {
            GraderError::course(format!("`{}`: `{line}` has not four parts", path.display()))
        })?;
        Ok(Self { workshop: course::workshop(questions)?, reasons })
    }

    /// Judges the mutants of an answer, several at a time. `tell` hears how far it has come.
    pub(super) fn judge_all(
        &self,
        piece: &Question,
        source: &Source,
        mutants: &[Mutant],
        tell: &(dyn Fn(&str) + Sync),
    ) -> Result<Vec<Fate>> {
        let lanes = thread::available_parallelism().map_or(1, usize::from);
        lanes::for_each(mutants.len(), lanes, |place| {
            let Mutant { line, operator, .. } = &mutants[place];
            tell(&format!("{}: {} of {}, line {line}, {operator}", source.name, place + 1, mutants.len()));
            self.judge(piece, source, &mutants[place])
        })
    }

    fn judge(&self, piece: &Question, source: &Source, mutant: &Mutant) -> Result<Fate> {
        let mut changed = source.answer.clone();
        for (file, text) in &mut changed.files {
            if *file == mutant.file {
                text.clone_from(&mutant.text);
            }
        }
        let built = build::build(&self.workshop, piece, &changed)?;
        let mut unsure = false;
        for check in &piece.checks {
            // One check is enough to be noticed, so the others need not be tried.
            let only = Question { checks: vec![check.clone()], ..piece.clone() };
            let settings = Settings { lanes: 1, ..Settings::new(course::fresh_seed()?) };
            let report = grade::judge_built(&self.workshop, &only, &built, settings, &|_| ())?;
            for found in &report.checks {
                let cell = bank::cell(&found.verdict);
                match &found.verdict {
                    Verdict::Fail(_) if cell == "CompileError" => return Ok(Fate::NotViable),
                    Verdict::Fail(_) | Verdict::Refused(_) => {
                        return Ok(Fate::Noticed(format!("{} {cell}", found.id)));
                    }
                    Verdict::Inconclusive(_) => unsure = true,
                    Verdict::Pass | Verdict::NotStarted => {}
                }
            }
        }
        if unsure {
            return Ok(Fate::Unsure);
        }
        let is_known = |[whose, old, new, _]: &&[String; 4]| {
            *whose == source.name && *old == mutant.old && *new == mutant.new
        };
        let known = self.reasons.iter().find(is_known);
        Ok(known.map_or(Fate::Survived, |[.., why]| Fate::Equivalent(why.clone())))
    }
}

/// Why some mutants are no faults: whose, the old line, the new line, the reason, parted by ` | `. Or the line that is not so.
fn reasons(text: &str) -> std::result::Result<Vec<[String; 4]>, String> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parts = lines.map(|line| {
        let parts: Vec<String> = line.split(" | ").map(|part| part.trim().to_owned()).collect();
        parts.try_into().map_err(|_| line.to_owned())
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_four_parts_of_which_the_new_line_may_be_empty() {
        let found = reasons("# why\n\nq5_x | a = 1; |  | nobody reads it\n").unwrap();
        assert_eq!(found, [["q5_x", "a = 1;", "", "nobody reads it"].map(str::to_owned)]);
        assert_eq!(reasons("q5_x | a = 1; | no reason\n"), Err("q5_x | a = 1; | no reason".to_owned()));
    }
}
