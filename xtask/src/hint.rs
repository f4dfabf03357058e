//! `hint`: from a nudge to the shape of an answer, never code.

use crate::{course, shell};
use clap::ArgMatches;
use grader::Result;
use grader::exit::Exit;

pub(crate) fn run(flags: &ArgMatches) -> Result<Exit> {
    let question = course::question(flags)?;
    let level = usize::from(flags.get_one::<u8>("level").copied().unwrap_or(1));
    let hint = question.hints.get(level - 1).map_or("", |hint| hint.trim());
    let more = match level {
        1 | 2 => format!("\n\nMore: cargo xtask hint {} {}", question.short, level + 1),
        _ => String::new(),
    };
    shell::report(&format!("Hint {level} of 3 for {}: {}\n\n{hint}{more}", question.short, question.title));
    Ok(Exit::Full)
}
