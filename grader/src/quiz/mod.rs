//! The quizzes: items with their keys, a student's answers, marks, and how all that is shown.
//!
//! Compiled in, as the checks are, so that nothing of a key lies in `exercises/`. Knows nothing of the terminal, and runs no
//! program: what the programs of the items can print is explored by the tests of the package `quizzes`.

mod answers;
mod read;
mod score;
mod text;

pub use answers::{Answers, FILE_NAME, find};
pub use score::{Mark, Marked, mark, mark_one};
pub(crate) use text::items_json;
pub use text::{after_answer, marked_json, marked_text, question_text, review};

use crate::error::{GraderError, Result};
use crate::experiment::Numbers;
use crate::verdict::Refusal;
use std::path::Path;

/// What a quiz is worth.
pub const POINTS: u32 = 10;

/// The quiz of one question.
#[derive(Debug)]
pub struct Quiz {
    /// The question's name, as in `q1_threads_or_processes`.
    pub slug: &'static str,
    /// Its items, in the order in which they are asked.
    pub items: Vec<Item>,
}

/// One thing to answer.
#[derive(Debug)]
pub struct Item {
    /// Its name within the quiz.
    pub id: String,
    /// How it is answered.
    pub form: Form,
    /// What is asked.
    pub prompt: String,
    /// What it is about: words of the assignment that must all be covered.
    pub covers: Vec<String>,
    /// The program whose output is asked for.
    pub program: Option<Program>,
    /// What there is to choose from. Of [`Form::Order`] all, in the right order.
    pub options: Vec<Choice>,
}

/// How an item is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Exactly one option is right.
    One,
    /// All right options, and no others.
    Several,
    /// All options, in the right order.
    Order,
    /// All outputs that the program can have, and no others.
    Predict,
}

/// An option of an item.
#[derive(Debug)]
pub struct Choice {
    /// What it says. Of [`Form::Predict`] an output, lines joined by ` / `.
    pub text: String,
    /// Whether it belongs to the right answer.
    pub right: bool,
    /// Why it does or does not.
    pub why: String,
}

/// A program whose output is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// Its file, without the ending.
    pub name: &'static str,
    /// Its text.
    pub source: &'static str,
    /// Whether its threads are explored; otherwise it has one output.
    pub has_threads: bool,
}

/// A quiz as it is compiled in.
pub(crate) struct Source {
    slug: &'static str,
    key: &'static str,
    programs: &'static [Program],
}

macro_rules! path {
    ($($step:expr),*) => { concat!(env!("CARGO_MANIFEST_DIR"), "/quizzes/" $(, $step)*) };
}

macro_rules! program {
    ($slug:ident $name:ident $has_threads:literal) => {
        Program {
            name: stringify!($name),
            source: include_str!(path!(stringify!($slug), "/programs/", stringify!($name), ".rs")),
            has_threads: $has_threads,
        }
    };
}

macro_rules! programs {
    ($($slug:ident { threads { $($thread:ident)* } alone { $($alone:ident)* } })*) => {
        const SOURCES: &[Source] = &[$(Source {
            slug: stringify!($slug),
            key: include_str!(path!(stringify!($slug), "/quiz.toml")),
            programs: &[$(program!($slug $thread true),)* $(program!($slug $alone false),)*],
        }),*];
    };
}
include!("../../quizzes/catalogue.rs");

/// All quizzes.
///
/// # Errors
///
/// A course error that names what is wrong with a key.
pub fn quizzes() -> Result<Vec<Quiz>> {
    SOURCES.iter().map(read::quiz).collect()
}

/// Whether a question has a quiz.
#[must_use]
pub fn exists(slug: &str) -> bool {
    SOURCES.iter().any(|source| source.slug == slug)
}

/// Marks the answers that lie below `path` (see [`find`]), and says why a file of answers is not accepted. What is missing or
/// not accepted counts as not answered.
///
/// # Errors
///
/// A usage error if there is nothing at `path`.
pub fn mark_below(quiz: &Quiz, path: &Path) -> Result<(Marked, Option<Refusal>)> {
    let (answers, refused) = match Answers::read(&find(quiz, path)?) {
        Ok(answers) => (answers, None),
        Err(refusal) => (None, Some(refusal)),
    };
    Ok((mark(quiz, &answers.unwrap_or_else(|| Answers::new(0))), refused))
}

/// The quiz of a question.
///
/// # Errors
///
/// A usage error that lists the quizzes if the question has none; a course error as [`quizzes`].
pub fn of(slug: &str) -> Result<Quiz> {
    match SOURCES.iter().find(|source| source.slug == slug) {
        Some(source) => read::quiz(source),
        None => {
            let known: Vec<&str> = SOURCES.iter().map(|source| source.slug).collect();
            Err(GraderError::usage(format!("{slug} has no quiz; there is one of {}", known.join(", "))))
        }
    }
}

impl Quiz {
    /// Its short name, as in `q1`.
    #[must_use]
    pub fn short(&self) -> &str {
        self.slug.split('_').next().unwrap_or(self.slug)
    }

    /// The item of this name.
    #[must_use]
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }
}

impl Item {
    /// The options as they are shown: a letter each. Which option has which letter depends on the seed of the answers and on the
    /// item, and on nothing else.
    #[must_use]
    pub fn shown(&self, seed: u32) -> Vec<(char, &Choice)> {
        let mut options: Vec<&Choice> = self.options.iter().collect();
        let mut state = u64::from(seed);
        // FNV-1a over the name, so that two items of one seed are shuffled differently.
        for byte in self.id.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut numbers = Numbers::new(state);
        for last in (1..options.len()).rev() {
            options.swap(last, (numbers.bits() % (last as u64 + 1)) as usize);
        }
        ('a'..='z').zip(options).collect()
    }

    /// The letters of the right answer.
    #[must_use]
    pub fn right_letters(&self, seed: u32) -> String {
        let shown = self.shown(seed);
        let letter =
            |choice: &Choice| shown.iter().find(|(_, it)| std::ptr::eq(*it, choice)).map(|(it, _)| *it);
        match self.form {
            Form::Order => self.options.iter().filter_map(letter).collect(),
            _ => shown.iter().filter(|(_, choice)| choice.right).map(|(letter, _)| *letter).collect(),
        }
    }
}

impl Program {
    /// The text as it is shown: a plain program without its heading.
    #[must_use]
    pub fn shown(&self) -> String {
        let lines = self.source.lines().skip_while(|line| line.starts_with("//!") || line.is_empty());
        lines.map(|line| line.replace("pub fn main", "fn main") + "\n").collect()
    }
}

#[cfg(test)]
mod tests;
