//! The bank: answers whose verdicts are known beforehand, by which the checks themselves are
//! checked.
//!
//! Reads headers and compares reports with them; grades nothing.

use crate::catalogue::Question;
use crate::error::{GraderError, Result};
use crate::report::QuestionReport;
use crate::submission::{self, Submission};
use crate::verdict::{Refusal, Verdict};
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

/// All samples of a question, or of one part of it: stub, solution, variants, impostors.
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
    for path in files(&folder(root, "variants", question))? {
        all.push(sample(&format!("variant {}", stem(&path)), path, Expected::FullMarks));
    }
    for path in files(&folder(root, "impostors", question))? {
        let text: String = parts(&path)?.into_iter().map(|(_, text)| text).collect();
        let loses = header(&text, question)
            .map_err(|what| GraderError::course(format!("header of `{}`: {what}", path.display())))?;
        all.push(sample(&format!("impostor {}", stem(&path)), path, Expected::Loses(loses)));
    }
    Ok(all)
}

/// Where samples of a kind stand: a folder for each question, and in it one for each part.
fn folder(root: &Path, kind: &str, question: &Question) -> PathBuf {
    let folder = root.join("grader").join(kind).join(question.slug);
    question.part.as_ref().map_or(folder.clone(), |part| folder.join(part))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// None if there is no such folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let failed = |error| GraderError::file("read", folder, error);
    let items = fs::read_dir(folder).map_err(failed)?;
    let mut paths = items.map(|item| Ok(item.map_err(failed)?.path())).collect::<Result<Vec<_>>>()?;
    let counts = |path: &Path| path.extension().is_some_and(|kind| kind == "rs" || kind == "patch");
    paths.retain(|path| path.is_dir() || counts(path));
    paths.sort();
    Ok(paths)
}

/// The files of a sample with their texts: a folder's, or the one.
fn parts(path: &Path) -> Result<Vec<(PathBuf, String)>> {
    let paths = if path.is_dir() { files(path)? } else { vec![path.to_path_buf()] };
    let read = |path: PathBuf| match fs::read_to_string(&path) {
        Ok(text) => Ok((path, text)),
        Err(error) => Err(GraderError::file("read", &path, error)),
    };
    paths.into_iter().map(read).collect()
}

/// The file of the answer that a part of a sample replaces: said in a line `//! Replaces: src/x.rs`,
/// or the only one, or the one of the same name.
fn replaced(question: &Question, path: &Path, text: &str) -> Option<String> {
    if let Some(named) = marked(text, "Replaces") {
        return question.files.iter().find(|file| *file == named).cloned();
    }
    if let [only] = question.files.as_slice() {
        return Some(only.clone());
    }
    let name = path.file_name()?.to_string_lossy().into_owned();
    question.files.iter().find(|file| file.rsplit('/').next() == Some(&name)).cloned()
}

/// The variant of this name.
fn variant(root: &Path, question: &Question, name: &str) -> Result<Sample> {
    let path = files(&folder(root, "variants", question))?.into_iter().find(|path| stem(path) == name);
    let path = path.ok_or_else(|| GraderError::course(format!("there is no variant `{name}`")))?;
    Ok(Sample { name: name.to_owned(), path, expected: Expected::FullMarks })
}

/// Puts a sample's own files in their places, and applies its patches.
fn put_in_place(
    question: &Question,
    own: &[(PathBuf, String)],
    mut answer: Submission,
) -> Result<Submission> {
    for (path, text) in own {
        if path.extension().is_some_and(|kind| kind == "patch") {
            patch(&mut answer, text)
                .map_err(|what| GraderError::course(format!("`{}`: {what}", path.display())))?;
            continue;
        }
        let place = replaced(question, path, text)
            .and_then(|name| answer.files.iter_mut().find(|(file, _)| *file == name));
        let (_, old) = place.ok_or_else(|| {
            GraderError::course(format!("`{}` stands for no file of the answer", path.display()))
        })?;
        old.clone_from(text);
    }
    Ok(answer)
}

/// What a line `//! MARK: …` of a header says.
fn marked<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    text.lines()
        .find_map(|line| line.strip_prefix("//! ")?.strip_prefix(mark)?.strip_prefix(": ").map(str::trim))
}

/// Applies a unified diff: each hunk's old lines must stand in its file exactly once.
fn patch(answer: &mut Submission, diff: &str) -> std::result::Result<(), String> {
    let mut file: Option<&mut String> = None;
    let mut files = std::mem::take(&mut answer.files);
    let lines: Vec<&str> = diff.lines().collect();
    let mut place = 0;
    while let Some(&line) = lines.get(place) {
        place += 1;
        if let Some(name) = line.strip_prefix("+++ ") {
            let name = name.split_whitespace().next().unwrap_or_default();
            file = files.iter_mut().find(|(path, _)| path == name).map(|(_, text)| text);
            file.as_ref().ok_or_else(|| format!("there is no `{name}` in the answer"))?;
        } else if line.starts_with("@@") {
            let (mut old, mut new) = (String::new(), String::new());
            let is_edit = |line: &&&str| {
                line.is_empty() || line.starts_with([' ', '-', '+']) && !line.starts_with("--- ")
            };
            for line in lines[place..].iter().take_while(is_edit) {
                place += 1;
                let text = line.get(1..).unwrap_or_default();
                if !line.starts_with('+') {
                    old.push_str(text);
                    old.push('\n');
                }
                if !line.starts_with('-') {
                    new.push_str(text);
                    new.push('\n');
                }
            }
            let text = file.as_deref_mut().ok_or("a hunk without a file")?;
            if text.matches(&old).count() != 1 {
                return Err(format!("the lines of `{line}` do not stand in the file exactly once"));
            }
            *text = text.replacen(&old, &new, 1);
        }
    }
    answer.files = files;
    Ok(())
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
    /// Reads the answer. An impostor or a variant need not bring every file: those that it does not
    /// replace are the reference solution's.
    ///
    /// # Errors
    ///
    /// Outer: a course error if a file has no place in the answer. Inner: as for any submission.
    pub fn read(&self, root: &Path, question: &Question) -> Result<std::result::Result<Submission, Refusal>> {
        if !self.path.starts_with(root.join("grader")) {
            return submission::read(question, &self.path);
        }
        let own = parts(&self.path)?;
        let base = match own.iter().find_map(|(_, text)| marked(text, "Base")) {
            Some(name) => variant(root, question, name)?.read(root, question)?,
            None => submission::read(question, &root.join("solutions").join(question.slug))?,
        };
        match base {
            Ok(answer) => put_in_place(question, &own, answer).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    #[test]
    fn every_sample_of_the_bank_fits_onto_what_it_is_based_on() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the course");
        for question in catalogue::questions().expect("the catalogue").iter().flat_map(Question::pieces) {
            for sample in samples(root, &question).expect("the bank") {
                let answer = sample.read(root, &question).expect("a sample").expect("an answer");
                assert_eq!(answer.files.len(), question.files.len(), "{}", sample.name);
            }
        }
    }

    #[test]
    fn a_patch_changes_its_own_lines_and_one_that_fits_nowhere_is_refused() {
        let answer = || Submission { files: vec![("src/a.rs".into(), "one\ntwo\nthree\n".into())] };
        let diff = |old: &str| format!("--- src/a.rs\n+++ src/a.rs\n@@ -1,2 +1,2 @@\n one\n-{old}\n+zwei\n");
        let mut changed = answer();
        patch(&mut changed, &diff("two")).expect("it fits");
        assert_eq!(changed.files[0].1, "one\nzwei\nthree\n");
        assert!(patch(&mut answer(), &diff("four")).is_err());
    }
}
