//! Verdicts kept from one grading to the next, so that a student waits for the part that changed and for no other.
//!
//! A verdict is found again only if the whole text of the answer, the grader and its libraries are the same; whatever
//! was not certain is not kept. Knows nothing of how verdicts come about. Nothing is lost if a file here is: the part
//! is graded again.

use crate::build::{Workshop, this_program};
use crate::catalogue::Question;
use crate::error::Result;
use crate::report::{self, CheckReport};
use crate::scratch;
use crate::submission::Submission;
use crate::verdict::Verdict;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

/// Where verdicts are kept.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    /// What the verdicts hang on besides the answer.
    grader: String,
}

impl Cache {
    /// The cache of whoever runs this.
    ///
    /// # Errors
    ///
    /// A machine error if there is no place for it, or if this program cannot be looked at.
    pub fn open(workshop: &Workshop) -> Result<Self> {
        let folder = scratch::base()?.join("verdicts");
        scratch::make(&folder)?;
        let layers = workshop.sandbox.layers.line();
        let grader = format!("{} {:?} {layers}", this_program()?, workshop.kits());
        Ok(Self { folder, grader })
    }

    fn file(&self, piece: &Question) -> PathBuf {
        self.folder.join(format!("{}.json", piece.driver()))
    }

    /// What a verdict hangs on, as it stands in the file.
    fn key(&self, submission: &Submission) -> Value {
        json!({ "grader": self.grader, "files": submission.files })
    }

    /// The verdicts on this part of an answer, if it was graded before just as it is.
    #[must_use]
    pub fn find(&self, piece: &Question, submission: &Submission) -> Option<Vec<CheckReport>> {
        let text = fs::read_to_string(self.file(piece)).ok()?;
        let kept: Value = serde_json::from_str(&text).ok()?;
        if kept["key"] != self.key(submission) {
            return None;
        }
        let checks = kept["checks"].as_array()?;
        let found = piece.checks.iter().map(|check| {
            let value = checks.iter().find(|value| value["id"] == check.id)?;
            let schedules = u32::try_from(value["schedules"].as_u64()?).ok()?;
            Some(CheckReport::new(check, report::verdict_of(value)?, schedules))
        });
        found.collect()
    }

    /// Keeps what a part of an answer came to. A disk that refuses costs no more than another grading.
    pub fn keep(&self, piece: &Question, submission: &Submission, checks: &[CheckReport]) {
        if checks.iter().any(|check| matches!(check.verdict, Verdict::Inconclusive(_))) {
            return;
        }
        let checks: Vec<Value> = checks.iter().map(report::check).collect();
        let text = json!({ "key": self.key(submission), "checks": checks }).to_string();
        let file = self.file(piece);
        let partial = file.with_extension(std::process::id().to_string());
        if fs::write(&partial, text).and_then(|()| fs::rename(&partial, &file)).is_err() {
            let _ = fs::remove_file(&partial);
        }
    }
}
