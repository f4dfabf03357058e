//! The rules of the house that a machine can check. Each answers with the places that break it.

mod places;

use crate::course;
use grader::catalogue::{self, Kind, Question};
use grader::exit::Exit;
use grader::{GraderError, Result};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The longest file.
const MAX_LINES: usize = 600;

/// The longest reference solution to a part about threads, in lines of code: a person reads it at one sitting.
const MAX_SOLUTION_LINES: usize = 120;

/// The folders that may hold `unsafe`.
const MAY_BE_UNSAFE: [&str; 6] = [
    "exercises/toolkit",
    "grader/drivers/faults",
    "grader/hostile/src/raw.rs",
    "grader/interleave",
    "grader/sandbox-init/src/orders.rs",
    "grader/src/sandbox",
];

/// Which of our packages each of our packages may use. `*` stands for every other exercise and
/// solution.
const ARROWS: &[(&str, &[&str])] = &[
    ("xtask", &["grader"]),
    ("grader", &["hostile", "procs", "wire"]),
    ("hostile", &[]),
    ("procs", &[]),
    ("wire", &[]),
    ("drivers", &["wire"]),
    ("drivers-model", &["interleave", "interleave-core", "interleave-std", "wire"]),
    ("second-opinion", &["interleave", "interleave-std"]),
    ("bench-processes", &["q2_process_pool_solution", "q5_sharing_data_solution", "toolkit"]),
    ("drivers-faults", &[]),
    ("drivers-processes", &["drivers-faults", "toolkit", "wire"]),
    ("drivers-sharing", &["drivers-faults", "toolkit", "wire"]),
    ("held-pool", &["toolkit"]),
    ("quizzes", &["interleave", "toolkit"]),
    ("sandbox-init", &["procs", "wire"]),
    ("toolkit", &[]),
    ("q8_pool_timing", &["q2_process_pool", "toolkit"]),
    ("q8_pool_timing_solution", &["q2_process_pool_solution", "toolkit"]),
    ("interleave", &[]),
    ("interleave-std", &["interleave"]),
    ("interleave-core", &["interleave-std"]),
    ("*", &["toolkit"]),
];

/// Everything that is not as it should be, a line each.
pub(crate) fn broken_rules() -> Result<Vec<String>> {
    let mut broken = Vec::new();
    for path in rust_files(course::root())? {
        let text = read(&path)?;
        broken.extend(broken_in_file(&relative(&path), &text));
    }
    let questions = catalogue::questions()?;
    for question in &questions {
        broken.extend(broken_in_question(question)?);
    }
    broken.extend(places::broken(&read(&course::root().join("README.md"))?, &questions));
    broken.extend(strange_folders()?);
    broken.extend(broken_arrows()?);
    for (path, old, new) in tables()? {
        if old != new {
            broken
                .push(format!("{}: a table is out of date; run `cargo xtask check --fix`", relative(&path)));
        }
    }
    Ok(broken)
}

/// Brings generated tables up to date.
pub(crate) fn fix() -> Result<()> {
    for (path, old, new) in tables()? {
        if old != new {
            fs::write(&path, new).map_err(|error| GraderError::file("write", &path, error))?;
        }
    }
    Ok(())
}

/// The slugs of all questions, which are also the names of the stubs' packages.
pub(crate) fn slugs() -> Result<Vec<String>> {
    Ok(catalogue::questions()?.into_iter().map(|question| question.slug.to_owned()).collect())
}

fn broken_in_file(name: &str, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        broken.push(format!("{name}: {lines} lines; split it by idea (at most {MAX_LINES})"));
    }
    // A catalogue is a list to include, not a module.
    if !name.ends_with("catalogue.rs") || name.contains("/src/") {
        let opens = text.lines().take(3).any(|line| line.starts_with("//!"));
        if !opens {
            broken.push(format!("{name}: open with `//!`: what it does and what it refuses to know"));
        }
    }
    let stub = name.starts_with("exercises/") || name.contains("/stub/") || name.contains("/fixtures/");
    if !stub && ["todo!", "unimplemented!"].iter().any(|mark| has_code(text, mark)) {
        broken.push(format!("{name}: a mark of unfinished work"));
    }
    if ["#[ignore", "#[should_panic"].iter().any(|mark| has_code(text, mark)) {
        broken.push(format!("{name}: a test that does not run, or passes for any panic"));
    }
    let allowed = MAY_BE_UNSAFE.iter().any(|folder| name.starts_with(folder));
    if !allowed && ["unsafe {", "unsafe impl", "unsafe fn"].iter().any(|mark| has_code(text, mark)) {
        broken.push(format!("{name}: `unsafe` has no place here"));
    }
    broken
}

/// Whether `mark` stands in a line as code: not in a comment, not in a text, not inside a word.
fn has_code(text: &str, mark: &str) -> bool {
    text.lines().any(|line| {
        let Some(place) = line.find(mark) else { return false };
        let before = &line[..place];
        let in_word = before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        let in_text = before.matches('"').count() % 2 == 1;
        !in_word && !in_text && !before.contains("//") && !before.contains('`')
    })
}

fn broken_in_question(question: &Question) -> Result<Vec<String>> {
    let mut broken = Vec::new();
    let slug = question.slug;
    for folder in ["exercises", "solutions", "grader/questions", "grader/impostors", "grader/variants"] {
        if !course::root().join(folder).join(slug).is_dir() {
            broken.push(format!("{folder}/{slug} is missing"));
        }
    }
    for piece in question.pieces().iter().filter(|piece| piece.kind == Kind::Threads) {
        for file in &piece.files {
            let path = course::root().join("solutions").join(slug).join(file);
            let text = read(&path)?;
            let code = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
            let lines = code.count();
            if lines > MAX_SOLUTION_LINES {
                let most = MAX_SOLUTION_LINES;
                broken.push(format!("{}: {lines} lines of code (at most {most})", relative(&path)));
            }
        }
    }
    for (name, text) in &question.given {
        for folder in ["exercises", "solutions"] {
            let path = course::root().join(folder).join(slug).join(name);
            if read(&path)? != *text {
                broken.push(format!("{}: differs from the grader's own copy", relative(&path)));
            }
        }
    }
    // Copied by hand: a `--fix` that a student happens to run must not make an answer the new stub.
    for (name, text) in question.stub {
        let path = course::root().join("exercises").join(slug).join(name);
        if read(&path)? != *text {
            let kept = format!("grader/questions/{slug}/stub/{name}");
            broken.push(format!(
                "{}: not the stub any more; if that is meant, copy it to {kept}",
                relative(&path)
            ));
        }
    }
    Ok(broken)
}

/// Folders that no question owns.
fn strange_folders() -> Result<Vec<String>> {
    let slugs = slugs()?;
    let mut broken = Vec::new();
    for folder in ["exercises", "solutions", "grader/questions", "grader/impostors", "grader/variants"] {
        let path = course::root().join(folder);
        for item in fs::read_dir(&path).map_err(|error| GraderError::file("read", &path, error))?.flatten() {
            let name = item.file_name().to_string_lossy().into_owned();
            if item.path().is_dir() && name != "toolkit" && !slugs.contains(&name) {
                broken.push(format!("{folder}/{name} belongs to no question of the catalogue"));
            }
        }
    }
    Ok(broken)
}

/// Dependencies between our packages that are not among [`ARROWS`]. Tests may use the grader.
fn broken_arrows() -> Result<Vec<String>> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version=1", "--no-deps"])
        .current_dir(course::root())
        .output()
        .map_err(|error| GraderError::machine(format!("cargo does not start: {error}")))?;
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| GraderError::machine(format!("cargo metadata is not understood: {error}")))?;
    let packages = metadata["packages"].as_array().map_or(&[][..], Vec::as_slice);
    let ours: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut broken = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let arrows = ARROWS.iter().find(|(from, _)| *from == name).or(ARROWS.last());
        let allowed = arrows.map_or(&[][..], |(_, to)| to);
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"] == "dev";
            if ours.contains(&to) && !allowed.contains(&to) && !for_tests {
                broken.push(format!("{name} must not depend on {to}"));
            }
        }
    }
    Ok(broken)
}

/// Every generated table: its file, the file's text, and what the text should be.
fn tables() -> Result<Vec<(PathBuf, String, String)>> {
    let mut tables = Vec::new();
    let readme = course::root().join("README.md");
    let rows: Vec<String> =
        Exit::ALL.iter().map(|exit| format!("| {} | {} |", exit.code(), exit.meaning())).collect();
    tables.push(table(readme, "exit codes", "| exit code | meaning |\n|---|---|", &rows)?);
    for question in catalogue::questions()? {
        let path = course::root().join("exercises").join(question.slug).join("README.md");
        let rows: Vec<String> = question
            .checks
            .iter()
            .map(|check| format!("| `{}` | {} | {} |", check.id, check.points, check.title))
            .collect();
        tables.push(table(path, "checks", "| check | points | promise |\n|---|---|---|", &rows)?);
    }
    Ok(tables)
}

/// Puts the rows between the marks `<!-- NAME: … -->` and `<!-- end of NAME -->`.
fn table(path: PathBuf, name: &str, head: &str, rows: &[String]) -> Result<(PathBuf, String, String)> {
    let old = read(&path)?;
    let missing = || GraderError::course(format!("{}: there is no table `{name}`", relative(&path)));
    let (before, rest) = old.split_once(&format!("<!-- {name}: ")).ok_or_else(missing)?;
    let (remark, rest) = rest.split_once("-->\n").ok_or_else(missing)?;
    let end = format!("<!-- end of {name} -->");
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    let new = format!("{before}<!-- {name}: {remark}-->\n{head}\n{}\n{end}{after}", rows.join("\n"));
    Ok((path, old, new))
}

/// All Rust files of the course.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let items = fs::read_dir(folder).map_err(|error| GraderError::file("read", folder, error))?;
    for path in items.flatten().map(|item| item.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            files.extend(rust_files(&path)?);
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| GraderError::file("read", path, error))
}

fn relative(path: &Path) -> String {
    path.strip_prefix(course::root()).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_told_from_words_texts_and_comments() {
        assert!(has_code("    let a = unsafe { b };", "unsafe {"));
        for innocent in
            ["if forbids_unsafe {", "// unsafe { }", "say(\"unsafe { }\")", "/// No `unsafe { }`."]
        {
            assert!(!has_code(innocent, "unsafe {"), "{innocent}");
        }
    }

    #[test]
    fn a_module_must_open_with_its_purpose() {
        let broken = broken_in_file("grader/src/new.rs", "fn main() { todo!() }");
        assert_eq!(broken.len(), 2, "{broken:?}");
    }
}
