//! The bank: answers whose verdicts are known beforehand, by which the checks themselves are
//! checked.
//!
//! Reads headers and compares reports with them; grades nothing.

use crate::catalogue::Question;
use crate::error::{GraderError, Result};
use crate::report::QuestionReport;
use crate::verdict::Verdict;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// An answer with a known verdict.
#[derive(Debug, Clone)]
pub struct Sample {
    /// As in `impostor lifo`.
    pub name: String,
    /// Its file or folder.
    pub path: PathBuf,
    /// What must come out.
    pub expected: Expected,
}

/// What must come out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Nothing is started: the stub.
    NotStarted,
    /// Full marks: the reference solution and the variants.
    FullMarks,
    /// Exactly these checks are lost, each for one of its faults: an impostor.
    Loses(BTreeMap<String, Vec<String>>),
}

/// All samples of a question: stub, solution, variants, impostors.
///
/// # Errors
///
/// A course error if a header is not understood or a folder cannot be read.
pub fn samples(root: &Path, question: &Question) -> Result<Vec<Sample>> {
    let slug = question.slug;
    let sample = |name: &str, path: PathBuf, expected| Sample { name: name.into(), path, expected };
    let mut all = vec![
        sample("stub", root.join("exercises").join(slug), Expected::NotStarted),
        sample("solution", root.join("solutions").join(slug), Expected::FullMarks),
    ];
    for path in files(&root.join("grader/variants").join(slug))? {
        all.push(sample(&format!("variant {}", stem(&path)), path, Expected::FullMarks));
    }
    for path in files(&root.join("grader/impostors").join(slug))? {
        let text = fs::read_to_string(&path).map_err(|error| GraderError::file("read", &path, error))?;
        let loses = header(&text, question)
            .map_err(|what| GraderError::course(format!("header of `{}`: {what}", path.display())))?;
        all.push(sample(&format!("impostor {}", stem(&path)), path, Expected::Loses(loses)));
    }
    Ok(all)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| GraderError::file("read", folder, error);
    let items = fs::read_dir(folder).map_err(failed)?;
    let mut paths = items.map(|item| Ok(item.map_err(failed)?.path())).collect::<Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    paths.sort();
    Ok(paths)
}

/// Reads the line `//! Loses: q4.history Race, q4.counts Race|Deadlock`.
fn header(text: &str, question: &Question) -> std::result::Result<BTreeMap<String, Vec<String>>, String> {
    let line = text.lines().find_map(|line| line.strip_prefix("//! Loses: "));
    let mut loses = BTreeMap::new();
    for item in line.ok_or("there is no line `//! Loses: `")?.split(", ") {
        let (check, faults) = item.trim().split_once(' ').ok_or(format!("`{item}` names no fault"))?;
        if !question.checks.iter().any(|known| known.id == check) {
            return Err(format!("there is no check `{check}`"));
        }
        loses.insert(check.to_owned(), faults.split('|').map(str::to_owned).collect());
    }
    Ok(loses)
}

impl Sample {
    /// Compares a report with what must come out.
    ///
    /// # Errors
    ///
    /// One line for each check that came out otherwise.
    pub fn compare(&self, report: &QuestionReport) -> std::result::Result<(), Vec<String>> {
        let mut wrong = Vec::new();
        for check in &report.checks {
            let got = cell(&check.verdict);
            let (fits, wanted) = match &self.expected {
                Expected::NotStarted => (check.verdict == Verdict::NotStarted, "todo".to_owned()),
                Expected::FullMarks => (check.verdict == Verdict::Pass, "pass".to_owned()),
                Expected::Loses(loses) => match loses.get(&check.id) {
                    None => (check.verdict == Verdict::Pass, "pass".to_owned()),
                    Some(faults) => (faults.contains(&got), faults.join(" or ")),
                },
            };
            if !fits {
                wrong.push(format!("{}: {} comes out as {got}, not as {wanted}", self.name, check.id));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

/// A verdict in one word.
pub fn cell(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Pass => "pass".into(),
        Verdict::Fail(finding) => finding.fault.word().into(),
        Verdict::NotStarted => "todo".into(),
        Verdict::Refused(_) => "Refused".into(),
        Verdict::Inconclusive(doubt) => doubt.kind.word().into(),
    }
}
