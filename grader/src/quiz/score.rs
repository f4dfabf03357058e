//! Marks: each item is right or it is not, and the points are the share of the right ones.
//!
//! An answer that cannot be read is the student's, and a value as every other.

use super::{Answers, Form, Item, POINTS, Quiz};
use crate::exit::Exit;
use crate::report::clean;
use crate::score::Score;

/// How many answers to unknown items are named.
const MOST_STRANGERS: usize = 5;

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// Right.
    Right,
    /// Another answer is right.
    Wrong,
    /// There is no answer.
    Open,
    /// The answer is none: the reason in words.
    Unreadable(String),
}

/// A marked quiz.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// What each item came to, in the order of the quiz.
    pub marks: Vec<(String, Mark)>,
    /// Answers to items that the quiz does not have, the first few of them, made fit to be printed.
    pub strangers: Vec<String>,
}

/// Marks all items.
#[must_use]
pub fn mark(quiz: &Quiz, answers: &Answers) -> Marked {
    let one = |item: &Item| match answers.given.get(&item.id) {
        Some(letters) => mark_one(item, answers.seed, letters),
        None => Mark::Open,
    };
    Marked {
        marks: quiz.items.iter().map(|item| (item.id.clone(), one(item))).collect(),
        strangers: answers
            .given
            .keys()
            .filter(|id| quiz.item(id).is_none())
            .take(MOST_STRANGERS)
            .map(|id| clean(id))
            .collect(),
    }
}

/// Marks the answer to one item: letters, in any order but where the order is asked for; blanks and commas do not count.
#[must_use]
pub fn mark_one(item: &Item, seed: u32, answer: &str) -> Mark {
    let shown = item.shown(seed);
    let mut letters = Vec::new();
    for letter in answer.chars().filter(|c| !c.is_whitespace() && *c != ',') {
        let letter = letter.to_ascii_lowercase();
        if !shown.iter().any(|(known, _)| *known == letter) {
            let last = shown.last().map_or('a', |(last, _)| *last);
            return Mark::Unreadable(format!(
                "`{}` is none of the letters a to {last}",
                letter.escape_default()
            ));
        }
        if letters.contains(&letter) {
            return Mark::Unreadable(format!("`{letter}` is there twice"));
        }
        letters.push(letter);
    }
    let wanted = match item.form {
        Form::One if letters.len() != 1 => Some("one letter".to_owned()),
        Form::Order if letters.len() != shown.len() => Some(format!("all {} letters, in order", shown.len())),
        _ if letters.is_empty() => Some("one letter or more".to_owned()),
        _ => None,
    };
    if let Some(wanted) = wanted {
        return Mark::Unreadable(format!("the answer is {wanted}"));
    }
    if item.form != Form::Order {
        letters.sort_unstable();
    }
    if letters.into_iter().eq(item.right_letters(seed).chars()) { Mark::Right } else { Mark::Wrong }
}

impl Marked {
    /// How many items are right.
    #[must_use]
    pub fn right(&self) -> usize {
        self.marks.iter().filter(|(_, mark)| *mark == Mark::Right).count()
    }

    /// The points, of [`POINTS`]: the share of right items, rounded down, so that all points mean all items.
    #[must_use]
    pub fn points(&self) -> u32 {
        match u32::try_from(self.marks.len()) {
            Ok(items) if items > 0 => POINTS * u32::try_from(self.right()).unwrap_or(0) / items,
            _ => 0,
        }
    }

    /// How many items have no answer.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.marks.iter().filter(|(_, mark)| *mark == Mark::Open).count()
    }

    /// The same as [`Marked::points`], to be added to those of the checks. Nothing is ever left to an instructor.
    #[must_use]
    pub fn score(&self) -> Score {
        Score { earned: self.points(), open: 0, possible: POINTS }
    }

    /// The exit code that says it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        Exit::from(self.score())
    }
}
