//! `reset`: the untouched stub again, with the answer kept beside it.

use crate::{course, shell};
use clap::ArgMatches;
use grader::Result;
use grader::exit::Exit;
use grader::{GraderError, catalogue::Question};
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn run(flags: &ArgMatches) -> Result<Exit> {
    let question = course::question(flags)?;
    let folder = course::root().join("exercises").join(question.slug);
    for line in reset(&question, &folder)? {
        shell::report(&line);
    }
    Ok(Exit::Full)
}

/// Puts the stub and the given files back into `folder`; says what it did.
fn reset(question: &Question, folder: &Path) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for (name, text) in question.stub.iter().chain(question.given) {
        let path = folder.join(name);
        if fs::read(&path).is_ok_and(|old| old == text.as_bytes()) {
            continue;
        }
        if path.exists() {
            let backup = free_name(&path);
            fs::rename(&path, &backup).map_err(|error| GraderError::file("keep", &path, error))?;
            lines.push(format!("your {name} is kept as {}", backup.display()));
        }
        fs::write(&path, text).map_err(|error| GraderError::file("write", &path, error))?;
        lines.push(format!("{name} is the stub again"));
    }
    if lines.is_empty() {
        lines.push("nothing to reset: the stub is untouched".into());
    }
    Ok(lines)
}

/// `lib.rs.1.bak`, or the next number that is free: no answer is ever overwritten.
fn free_name(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    (1..)
        .map(|number| path.with_file_name(format!("{name}.{number}.bak")))
        .find(|path| path.symlink_metadata().is_err())
        .unwrap_or_default()
}
