//! A student's answers: a small file beside the exercise, which a person can write as well.
//!
//! Knows no key: it keeps letters, and which shuffling they belong to.

use super::Quiz;
use crate::catalogue::text_of;
use crate::error::{GraderError, Result};
use crate::report::clean;
use crate::submission;
use crate::verdict::Refusal;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// The name of the file.
pub const FILE_NAME: &str = "quiz-answers.toml";

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// Which option has which letter; see [`Item::shown`](super::Item::shown).
    pub seed: u32,
    /// Letters by the item's name.
    pub given: BTreeMap<String, String>,
}

impl Answers {
    /// Nothing yet.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        Self { seed, given: BTreeMap::new() }
    }

    /// Reads what [`Answers::to_toml`] has written, or a person.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, in one line.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let table = DeTable::parse(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            format!("line {line} is not TOML: {}", clean(error.message()))
        })?;
        let table = table.get_ref();
        let seed =
            text_of(table, "seed").ok_or("`seed = \"…\"` is missing, as the sheet of questions shows it")?;
        let seed = u32::from_str_radix(&seed, 16)
            .map_err(|_| format!("the seed `{}` is not a hexadecimal number of 32 bits", clean(&seed)))?;
        let mut given = BTreeMap::new();
        match table.get("answers").map(|value| value.get_ref()) {
            None => {}
            Some(DeValue::Table(answers)) => {
                for (id, answer) in answers {
                    let id = id.get_ref().to_string();
                    let letters = answer.get_ref().as_str();
                    let letters = letters
                        .ok_or_else(|| format!("the answer to `{}` is not a text in quotes", clean(&id)))?;
                    given.insert(id, letters.to_owned());
                }
            }
            Some(_) => return Err("`answers` is not a table".into()),
        }
        Ok(Self { seed, given })
    }

    /// The text of the file.
    #[must_use]
    pub fn to_toml(&self, quiz: &Quiz) -> String {
        let mut text = format!(
            "# Answers to the quiz of {short}, written by `cargo xtask quiz {short}`: the letters of the options. Hand this file in.\n\
             # Which option has which letter depends on the seed.\nseed = \"{:08x}\"\n\n[answers]\n",
            self.seed,
            short = quiz.short(),
        );
        for item in &quiz.items {
            if let Some(letters) = self.given.get(&item.id) {
                let letters: String = letters.chars().filter(char::is_ascii_alphabetic).collect();
                text += &format!("{} = \"{letters}\"\n", item.id);
            }
        }
        text
    }

    /// Reads a file of answers; nothing if there is none. The inner error is the student's.
    ///
    /// # Errors
    ///
    /// The file is there, but is not one that we read: a link, too large, or not what it should be.
    pub fn read(path: &Path) -> std::result::Result<Option<Self>, Refusal> {
        if path.symlink_metadata().is_err() {
            return Ok(None);
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        let name = path.file_name().map(PathBuf::from).unwrap_or_default();
        let text = submission::read_file(folder, &name)?;
        Self::parse(&text).map(Some).map_err(|what| Refusal {
            headline: format!("`{}` is no file of answers: {what}", name.display()),
            evidence: vec![
                "It says `seed = \"…\"`, then `[answers]`, then lines as `fork_copies = \"b\"`.".into(),
            ],
        })
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    ///
    /// A machine error if the folder cannot be written to.
    pub fn write(&self, quiz: &Quiz, path: &Path) -> Result<()> {
        let fresh = path.with_extension("toml.new");
        fs::write(&fresh, self.to_toml(quiz)).map_err(|error| GraderError::file("write", &fresh, error))?;
        fs::rename(&fresh, path).map_err(|error| GraderError::file("write", path, error))
    }
}

/// Where the answers are below `path`: the file itself, an exercise's folder, or a whole course.
///
/// # Errors
///
/// A usage error if there is nothing at `path`.
pub fn find(quiz: &Quiz, path: &Path) -> Result<PathBuf> {
    let about = fs::metadata(path)
        .map_err(|error| GraderError::usage(format!("cannot read `{}`: {error}", path.display())))?;
    if about.is_file() {
        return Ok(path.to_path_buf());
    }
    let in_course = path.join("exercises").join(quiz.slug);
    let folder = if in_course.is_dir() { in_course } else { path.to_path_buf() };
    Ok(folder.join(FILE_NAME))
}
