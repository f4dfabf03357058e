//! `reset`: the untouched stub again, with the answer kept beside it.

use crate::{course, shell};
use clap::ArgMatches;
use grader::Result;
use grader::exit::Exit;
use grader::{GraderError, catalogue::Question};
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn run(flags: &ArgMatches) -> Result<Exit> {
    let mut question = course::question(flags)?;
    if let Some(part) = flags.get_one::<String>("part") {
        question = course::only(&question, part)?;
    }
    let folder = course::root().join("exercises").join(question.slug);
    for line in reset(&question, &folder)? {
        shell::report(&line);
    }
    Ok(Exit::Full)
}

/// Puts the stub and the given files back into `folder`, of a part those of its files alone; says what it did.
fn reset(question: &Question, folder: &Path) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    let stub = question.stub.iter().filter(|(name, _)| question.files.iter().any(|file| file == name));
    for (name, text) in stub.chain(&question.given) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use grader::catalogue;

    #[test]
    fn every_answer_is_kept_and_the_stub_is_back() {
        let folder = std::env::temp_dir().join(format!("racecourse-reset-{}", std::process::id()));
        fs::create_dir_all(folder.join("src")).expect("a folder");
        let question = catalogue::find("q4").expect("q4");
        let lib = folder.join("src/lib.rs");
        for answer in ["first answer", "second answer"] {
            fs::write(&lib, answer).expect("write");
            let lines = reset(&question, &folder).expect("reset");
            assert!(lines.iter().any(|line| line.starts_with("your src/lib.rs is kept as ")), "{lines:?}");
            assert_eq!(fs::read_to_string(&lib).expect("read"), question.stub[0].1);
        }
        let kept = |name: &str| fs::read_to_string(folder.join("src").join(name)).expect("a backup");
        assert_eq!(
            (kept("lib.rs.1.bak"), kept("lib.rs.2.bak")),
            ("first answer".into(), "second answer".into())
        );
        let lines = reset(&question, &folder).expect("reset");
        assert_eq!(lines, ["nothing to reset: the stub is untouched"]);
        let _ = fs::remove_dir_all(&folder);
    }
}
