//! Where the course lies and whose answer is meant: what several commands share.

use crate::shell::{self, Progress};
use clap::ArgMatches;
use grader::build::Workshop;
use grader::catalogue::{self, Question};
use grader::{GraderError, Result};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The folder of the course: the parent of this package.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Gets ready to grade.
pub(crate) fn workshop(questions: &[Question]) -> Result<Workshop> {
    Workshop::open(root(), questions, || {
        shell::say("building the grader's libraries, once after each change of them")
    })
}

/// Gets ready to grade without the layers of the sandbox that the command line leaves out.
pub(crate) fn workshop_with(flags: &ArgMatches, questions: &[Question]) -> Result<Workshop> {
    let mut workshop = workshop(questions)?;
    if let Some(names) = flags.get_many::<String>("without") {
        workshop.sandbox = workshop.sandbox.without(names.map(String::as_str))?;
    }
    Ok(workshop)
}

/// The questions named on the command line; all if none is. With `--part` only this part of them.
pub(crate) fn questions(flags: &ArgMatches) -> Result<Vec<Question>> {
    let questions: Vec<Question> = match flags.get_many::<String>("questions") {
        Some(names) => names.map(|name| catalogue::find(name)).collect::<Result<_>>()?,
        None => catalogue::questions()?,
    };
    let Ok(Some(part)) = flags.try_get_one::<String>("part") else { return Ok(questions) };
    let narrow: Vec<Question> = questions.iter().filter_map(|question| question.only(part)).collect();
    if narrow.is_empty() {
        return Err(no_part(part, &questions.iter().map(known_parts).collect::<Vec<_>>()));
    }
    Ok(narrow)
}

/// The question with the named part alone.
pub(crate) fn only(question: &Question, part: &str) -> Result<Question> {
    question.only(part).ok_or_else(|| no_part(part, &[known_parts(question)]))
}

fn no_part(part: &str, known: &[String]) -> GraderError {
    GraderError::usage(format!("there is no part `{part}`: {}", known.join("; ")))
}

/// As in `q5 has counter, reentrant`.
pub(crate) fn known_parts(question: &Question) -> String {
    let names: Vec<&str> = question.parts.iter().map(|part| part.name.as_str()).collect();
    let names = if names.is_empty() { "no parts".to_owned() } else { names.join(", ") };
    format!("{} has {names}", question.short)
}

/// Where one file is given as the answer to a question of several parts: the question with that part alone whose
/// file has this name.
pub(crate) fn part_of_file(question: Question, path: &Path) -> Result<Question> {
    if question.parts.len() < 2 || !path.is_file() {
        return Ok(question);
    }
    let same = |file: &String| Path::new(file).file_name() == path.file_name();
    let part = question.parts.iter().find(|part| part.files.iter().any(same));
    part.and_then(|part| question.only(&part.name)).ok_or_else(|| {
        let (file, known) = (path.display(), known_parts(&question));
        GraderError::usage(format!("which part does `{file}` answer? Say --part; {known}"))
    })
}

/// The one question named on the command line.
pub(crate) fn question(flags: &ArgMatches) -> Result<Question> {
    catalogue::find(flags.get_one::<String>("question").map_or("", String::as_str))
}

/// Where the answer to a question is taken from.
pub(crate) fn answer(flags: &ArgMatches, question: &Question) -> PathBuf {
    if flags.get_flag("solutions") {
        return root().join("solutions").join(question.slug);
    }
    match flags.get_one::<PathBuf>("path") {
        Some(path) => path.clone(),
        None => root().join("exercises").join(question.slug),
    }
}

/// What a later command needs to be told to take the same answer.
pub(crate) fn whose(flags: &ArgMatches) -> String {
    if flags.get_flag("solutions") {
        return " --solutions".into();
    }
    flags.get_one::<PathBuf>("path").map_or(String::new(), |path| format!(" --path {}", path.display()))
}

/// A seed that nobody chose.
pub(crate) fn fresh_seed() -> Result<u32> {
    let mut bytes = [0; 4];
    File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut bytes))
        .map_err(|error| GraderError::machine(format!("failed to read `/dev/urandom`: {error}")))?;
    Ok(u32::from_le_bytes(bytes))
}

/// Runs `work` with progress on standard error.
pub(crate) fn with_progress<T>(work: impl FnOnce(&(dyn Fn(&str) + Sync)) -> T) -> T {
    let progress = Progress::start();
    let result = work(&|what| progress.tell(what));
    progress.end();
    result
}
