//! Reading a submission: only the files that the question lists, never through a link, with caps.
//!
//! Knows nothing of what the files say. What a student did wrong is a `Refusal`; a path that the
//! caller got wrong is a usage error.

use crate::catalogue::Question;
use crate::error::{GraderError, Result};
use crate::verdict::Refusal;
use nix::fcntl::OFlag;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The largest file that is read.
pub const MAX_FILE_BYTES: u64 = 256 * 1024;

/// The files of one answer.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Path inside the exercise and text, in the order of the question's list.
    pub files: Vec<(String, String)>,
}

/// Reads the answer to `question` from `path`: an exercise folder (holding `src/`), a folder that
/// holds `exercises/<slug>/`, or a single file for a question with one file.
///
/// # Errors
///
/// Outer: the path is not there or holds no answer (usage). Inner: there is an answer, but it is
/// not one that we grade.
pub fn read(question: &Question, path: &Path) -> Result<std::result::Result<Submission, Refusal>> {
    let about = fs::metadata(path).map_err(|error| {
        GraderError::usage(format!(
            "cannot read `{}`: {error}; give --path the folder of the exercise",
            path.display()
        ))
    })?;
    if about.is_file() {
        let [only] = question.files.as_slice() else {
            return Err(GraderError::usage(format!(
                "{} has several files; give --path the folder of the exercise",
                question.short
            )));
        };
        let folder = path.parent().unwrap_or(Path::new("."));
        let name = path.file_name().map(PathBuf::from).unwrap_or_default();
        return Ok(read_file(folder, &name).map(|text| Submission { files: vec![(only.clone(), text)] }));
    }
    let folder = exercise_folder(question, path)?;
    let mut files = Vec::new();
    for file in &question.files {
        match read_file(&folder, Path::new(file)) {
            Ok(text) => files.push((file.clone(), text)),
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    Ok(Ok(Submission { files }))
}

/// The folder below `path` that holds the answer.
fn exercise_folder(question: &Question, path: &Path) -> Result<PathBuf> {
    let whole_course = path.join("exercises").join(question.slug);
    let first = question.files.first().map_or("src/lib.rs", String::as_str);
    for folder in [whole_course, path.to_path_buf()] {
        if question.files.iter().any(|file| folder.join(file).symlink_metadata().is_ok()) {
            return Ok(folder);
        }
    }
    Err(GraderError::usage(format!(
        "`{}` holds no answer to {}: there is neither `{first}` nor `exercises/{}/{first}`",
        path.display(),
        question.short,
        question.slug
    )))
}

/// Reads one file below `folder` without following a link on the way.
pub(crate) fn read_file(folder: &Path, file: &Path) -> std::result::Result<String, Refusal> {
    let refuse = |what: &str, advice: &str| Refusal {
        headline: format!("`{}` {what}", file.display()),
        evidence: vec![advice.to_owned()],
    };
    let mut path = folder.to_path_buf();
    for part in file.components() {
        path.push(part);
        match path.symlink_metadata() {
            Err(_) => return Err(refuse("is missing", "Hand in every file that the README lists.")),
            Ok(about) if about.is_symlink() => {
                return Err(refuse(
                    "is reached through a link",
                    "Hand in the file itself, not a link to it.",
                ));
            }
            Ok(_) => {}
        }
    }
    let open = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
        .open(&path);
    let Ok(opened) = open else {
        return Err(refuse("cannot be read", "Check the rights of the file."));
    };
    read_capped(&opened).map_err(|problem| match problem {
        Problem::NotAFile => refuse("is not a file", "Hand in an ordinary Rust source file."),
        Problem::TooLarge => refuse(
            "is too large",
            &format!("An answer takes a few kilobytes; the limit is {} KiB.", MAX_FILE_BYTES / 1024),
        ),
        Problem::NotText => {
            refuse("is not UTF-8 text", "Save the file as UTF-8: Rust source is always UTF-8.")
        }
        Problem::Unreadable => refuse("cannot be read", "Check the disk and the rights of the file."),
    })
}

enum Problem {
    NotAFile,
    TooLarge,
    NotText,
    Unreadable,
}

fn read_capped(file: &File) -> std::result::Result<String, Problem> {
    let about = file.metadata().map_err(|_| Problem::Unreadable)?;
    if !about.is_file() {
        return Err(Problem::NotAFile);
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|_| Problem::Unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Problem::TooLarge);
    }
    String::from_utf8(bytes).map_err(|_| Problem::NotText)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;
    use crate::scratch::Scratch;

    fn refusal(fill: impl Fn(&Path)) -> String {
        let scratch = Scratch::new("submission").expect("scratch");
        fs::create_dir(scratch.path().join("src")).expect("folder");
        fill(&scratch.path().join("src/lib.rs"));
        let question = catalogue::find("q4").expect("q4");
        read(&question, scratch.path()).expect("no usage error").expect_err("refused").headline
    }

    #[test]
    fn what_is_no_answer_is_refused_with_its_reason() {
        let too_large = |path: &Path| fs::write(path, vec![b' '; 10 << 20]).expect("write");
        assert_eq!(refusal(too_large), "`src/lib.rs` is too large");
        let no_text = |path: &Path| fs::write(path, [0x66, 0xff, 0xfe]).expect("write");
        assert_eq!(refusal(no_text), "`src/lib.rs` is not UTF-8 text");
        let link = |path: &Path| std::os::unix::fs::symlink("/etc/hostname", path).expect("link");
        assert_eq!(refusal(link), "`src/lib.rs` is reached through a link");
        let folder = |path: &Path| fs::create_dir(path).expect("folder");
        assert_eq!(refusal(folder), "`src/lib.rs` is not a file");
        let fifo = |path: &Path| {
            nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).expect("fifo");
        };
        assert_eq!(refusal(fifo), "`src/lib.rs` is not a file");
    }

    #[test]
    fn a_path_without_an_answer_is_a_usage_error() {
        let scratch = Scratch::new("submission").expect("scratch");
        let question = catalogue::find("q4").expect("q4");
        let empty = read(&question, scratch.path()).expect_err("empty");
        assert!(empty.to_string().contains("holds no answer to q4"), "{empty}");
        let gone = read(&question, &scratch.path().join("gone")).expect_err("gone");
        assert!(gone.to_string().starts_with("cannot read"), "{gone}");
    }
}
