//! `replay`: a failing schedule again, byte for byte the same story, and as a picture if wanted.

use crate::{course, shell};
use clap::ArgMatches;
use grader::build;
use grader::exit::Exit;
use grader::replay::Code;
use grader::{GraderError, Result, grade, report, submission, timeline};
use std::fs;
use std::path::PathBuf;

pub(crate) fn run(flags: &ArgMatches) -> Result<Exit> {
    let question = course::question(flags)?;
    let code = Code::parse(flags.get_one::<String>("code").map_or("", String::as_str))?;
    let question = question.piece_of(code.check(&question)?);
    let check = code.check(&question)?;
    let answer = submission::read(&question, &course::answer(flags, &question))?
        .map_err(|refusal| GraderError::usage(format!("nothing to replay: {}", refusal.headline)))?;
    let mut workshop = course::workshop(std::slice::from_ref(&question))?;
    // It was compiled when it was graded.
    workshop.keep_programs()?;
    let built = build::build(&workshop, &question, &answer)?;
    match grade::replay(&workshop, &question, &built, &code)? {
        Some(mut finding) => {
            finding.replay = None;
            if let Some(path) = flags.get_one::<PathBuf>("svg") {
                let title = format!("{}: {}", check.id, check.title);
                let picture = timeline::svg(&title, &finding.headline, &finding.evidence);
                fs::write(path, picture).map_err(|error| GraderError::file("write", path, error))?;
            }
            shell::report(&format!(
                "{}: {}\n{}",
                check.id,
                check.title,
                report::finding(&finding, &question.short, "")
            ));
            Ok(Exit::Lost)
        }
        None => {
            shell::report(&format!(
                "{}: nothing goes wrong in this schedule any more. Grade again: cargo xtask grade {}",
                check.id, question.short
            ));
            Ok(Exit::Full)
        }
    }
}
