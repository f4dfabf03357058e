//! Where mutants are made from: the reference solution of a part, and answers to it that are right in another way.
//!
//! Reads answers and changes none.

use crate::course;
use grader::bank::{self, Expected};
use grader::catalogue::Question;
use grader::submission::Submission;
use grader::{GraderError, Result};

/// An answer with full marks.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// As in `q5_local`; of a variant `q5_local/stack`.
    pub(super) name: String,
    /// All of it.
    pub(super) answer: Submission,
    /// The files that are made wrong: path and text.
    pub(super) own: Vec<(String, String)>,
}

/// The reference solution; with `variants` the variants too, in the order of their names.
pub(super) fn of(piece: &Question, variants: bool) -> Result<Vec<Source>> {
    let root = course::root();
    let mut all: Vec<Source> = Vec::new();
    for sample in bank::samples(root, piece)?.iter().filter(|sample| sample.expected == Expected::FullMarks) {
        let variant = sample.name.strip_prefix("variant ");
        if variant.is_some() && !variants {
            continue;
        }
        let answer = sample.read(root, piece)?.map_err(|refusal| {
            GraderError::course(format!("{} of {}: {}", sample.name, piece.driver(), refusal.headline))
        })?;
        let (name, own) = match (variant, all.first()) {
            (Some(variant), Some(reference)) => {
                let is_new = |file: &&(String, String)| !reference.answer.files.contains(file);
                let own = answer.files.iter().filter(is_new).cloned().collect();
                (format!("{}/{variant}", piece.driver()), own)
            }
            // Further files of a part are another part's own.
            _ if piece.part.is_some() => (piece.driver(), answer.files[..1].to_vec()),
            _ => (piece.driver(), answer.files.clone()),
        };
        all.push(Source { name, answer, own });
    }
    Ok(all)
}
