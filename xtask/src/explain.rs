//! `explain`: what a word of a report means.

use crate::shell;
use clap::ArgMatches;
use grader::exit::Exit;
use grader::fault::Fault;
use grader::{GraderError, Result};

pub(crate) fn run(flags: &ArgMatches) -> Result<Exit> {
    let Some(word) = flags.get_one::<String>("fault") else {
        let line = |fault: &Fault| {
            fault.page().lines().next().unwrap_or_default().trim_start_matches("# ").to_owned()
        };
        let lines: Vec<String> = Fault::ALL.iter().map(line).collect();
        shell::report(&lines.join("\n"));
        return Ok(Exit::Full);
    };
    match Fault::from_word(word) {
        Some(fault) => {
            shell::report(fault.page());
            Ok(Exit::Full)
        }
        None => Err(GraderError::usage(format!(
            "`{word}` is no word of a report; `cargo xtask explain` lists all of them"
        ))),
    }
}
