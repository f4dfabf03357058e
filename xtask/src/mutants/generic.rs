//! The general operators of cargo-mutants, as a second and independent opinion on the checks.
//!
//! Asks that tool for a list and applies its differences to the text of an answer; it neither builds nor runs anything.
//! Nothing else needs the tool, so it is no dependency: whoever wants the figure installs it.

use super::operators::{Mutant, shown};
use super::sources::Source;
use crate::course;
use grader::catalogue::Question;
use grader::{GraderError, Result};
use serde_json::Value;
use std::process::{Command, Stdio};

/// What the tool writes behind everything that it has put in.
const MARK: &str = " /* ~ changed by cargo-mutants ~ */";

/// The tool's mutants of a reference solution's own files.
pub(super) fn mutants(piece: &Question, source: &Source) -> Result<Vec<Mutant>> {
    let mut all = Vec::new();
    for (file, text) in &source.own {
        let listed = list(&format!("solutions/{}/{file}", piece.slug))?;
        for item in &listed {
            let mutant = mutant(file, text, item).ok_or_else(|| {
                GraderError::machine(format!("a difference that cargo-mutants lists does not fit: {item}"))
            })?;
            all.push(mutant);
        }
    }
    Ok(all)
}

/// What the tool would change in a file of the course.
fn list(path: &str) -> Result<Vec<Value>> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["mutants", "--list", "--json", "--diff", "--colors", "never", "--file", path])
        .current_dir(course::root())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| GraderError::machine(format!("cargo does not start: {error}")))?;
    let problem = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && problem.contains("no such command") {
        return Err(GraderError::machine(
            "there is no cargo-mutants here; `cargo install cargo-mutants --locked` installs it",
        ));
    }
    if !output.status.success() {
        return Err(GraderError::machine(format!("cargo-mutants failed: {}", problem.trim_end())));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| GraderError::machine(format!("cargo-mutants printed no list of mutants: {error}")))
}

/// One mutant of the list; `None` if its difference does not fit.
fn mutant(file: &str, text: &str, item: &Value) -> Option<Mutant> {
    let diff = item["diff"].as_str()?;
    let title = diff.lines().find_map(|line| line.strip_prefix("+++ "))?.trim();
    let changed = apply(text, diff)?.replace(MARK, "");
    let edits = |sign: char| -> Vec<&str> {
        let lines = diff.lines().skip_while(|line| !line.starts_with("@@"));
        lines.filter_map(|line| line.strip_prefix(sign)).collect()
    };
    // What a whole function does is told better by the tool's words than by all of its lines.
    let (old, new) = if item["genre"] == "FnValue" {
        (shown(&[title]), String::new())
    } else {
        (shown(&edits('-')), shown(&edits('+')).replace(MARK, ""))
    };
    let line = usize::try_from(item["span"]["start"]["line"].as_u64()?).ok()?;
    Some(Mutant { file: file.to_owned(), line, operator: title.to_owned(), old, new, text: changed })
}

/// Applies a unified difference of one file, whose line numbers are exact.
fn apply(text: &str, diff: &str) -> Option<String> {
    let old: Vec<&str> = text.lines().collect();
    let mut new = Vec::new();
    let mut at = 0;
    for line in diff.lines().skip_while(|line| !line.starts_with("@@")) {
        if let Some(head) = line.strip_prefix("@@ -") {
            let first: usize = head.split([',', ' ']).next()?.parse().ok()?;
            new.extend_from_slice(old.get(at..first.checked_sub(1)?)?);
            at = first - 1;
        } else if let Some(added) = line.strip_prefix('+') {
            new.push(added);
        } else {
            // An empty line of the file may have lost the blank before it.
            let (kept, there) = (!line.starts_with('-'), line.get(1..).unwrap_or_default());
            if old.get(at) != Some(&there) {
                return None;
            }
            if kept {
                new.push(there);
            }
            at += 1;
        }
    }
    new.extend_from_slice(old.get(at..)?);
    Some(new.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TEXT: &str = "one\ntwo\n\nfour\nfive\nsix\n";

    #[test]
    fn a_difference_is_applied_at_its_line_and_one_that_does_not_fit_is_none() {
        let diff = "--- a\n+++ b\n@@ -2,3 +2,3 @@\n two\n\n-four\n+FOUR\n@@ -6,1 +6,2 @@\n six\n+seven\n";
        assert_eq!(apply(TEXT, diff).as_deref(), Some("one\ntwo\n\nFOUR\nfive\nsix\nseven\n"));
        assert_eq!(apply(TEXT, "@@ -2,1 +2,1 @@\n-three\n+3\n"), None);
        assert_eq!(apply(TEXT, "@@ -9,1 +9,1 @@\n-nine\n+9\n"), None);
    }

    #[test]
    fn a_mutant_of_a_line_shows_it_and_one_of_a_function_is_told_in_words() {
        let diff =
            format!("--- src/a.rs\n+++ replace == with != in f\n@@ -1,2 +1,2 @@\n one\n-two\n+2{MARK}\n");
        let item = |genre: &str| json!({ "diff": diff, "genre": genre, "span": { "start": { "line": 2 } } });
        let of_line = mutant("src/a.rs", TEXT, &item("BinaryOperator")).unwrap();
        assert_eq!((of_line.line, of_line.old.as_str(), of_line.new.as_str()), (2, "two", "2"));
        assert_eq!(of_line.text, "one\n2\n\nfour\nfive\nsix\n");
        let of_function = mutant("src/a.rs", TEXT, &item("FnValue")).unwrap();
        assert_eq!((of_function.old.as_str(), of_function.new.as_str()), ("replace == with != in f", ""));
    }
}
