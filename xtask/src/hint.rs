//! `hint`: from a nudge to the shape of an answer, never code.

use crate::{course, shell};
use clap::ArgMatches;
use grader::catalogue::Question;
use grader::exit::Exit;
use grader::{GraderError, Result};

pub(crate) fn run(flags: &ArgMatches) -> Result<Exit> {
    let question = piece(flags, &course::question(flags)?)?;
    let level = usize::from(flags.get_one::<u8>("level").copied().unwrap_or(1));
    let hint = question.hints.get(level - 1).map_or("", |hint| hint.trim());
    let part = question.part.as_ref();
    let more = match level {
        1 | 2 => {
            let part = part.map_or(String::new(), |part| format!(" --part {part}"));
            format!("\n\nMore: cargo xtask hint {} {}{part}", question.short, level + 1)
        }
        _ => String::new(),
    };
    let about = part.map_or_else(|| question.title.clone(), |part| format!("`{part}`"));
    shell::report(&format!("Hint {level} of 3 for {}: {about}\n\n{hint}{more}", question.short));
    Ok(Exit::Full)
}

/// The part that is named, or the whole question if it has none.
fn piece(flags: &ArgMatches, question: &Question) -> Result<Question> {
    let named = match flags.get_one::<String>("part") {
        Some(part) => course::only(question, part)?,
        None => question.clone(),
    };
    match named.pieces().as_slice() {
        [piece] => Ok(piece.clone()),
        _ => Err(GraderError::usage(format!("of which part? Say --part; {}", course::known_parts(question)))),
    }
}
