//! `list`: the questions of the course.

use crate::shell;
use grader::Result;
use grader::catalogue;
use grader::exit::Exit;

pub(crate) fn run() -> Result<Exit> {
    let mut text = String::new();
    for question in catalogue::questions()? {
        let points: u32 = question.checks.iter().map(|check| check.points).sum();
        text += &format!(
            "{:<4}{}\n    {} checks, {points} points{}; start with exercises/{}/README.md\n",
            question.short,
            question.title,
            question.checks.len(),
            question.minutes.map_or(String::new(), |minutes| format!(", about {minutes} minutes")),
            question.slug
        );
    }
    shell::report(&text);
    Ok(Exit::Full)
}
