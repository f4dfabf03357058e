//! `list`: the questions of the course.

use crate::shell;
use grader::Result;
use grader::catalogue::{self, Question};
use grader::exit::Exit;
use grader::quiz;

pub(crate) fn run() -> Result<Exit> {
    let mut text = String::new();
    for question in catalogue::questions()? {
        let points = sum(&question);
        text += &format!(
            "{:<4}{}\n    {} checks, {points} points{}{}; start with exercises/{}/README.md\n",
            question.short,
            question.title,
            question.checks.len(),
            if quiz::exists(question.slug) { format!(", a quiz of {}", quiz::POINTS) } else { String::new() },
            question.minutes.map_or(String::new(), |minutes| format!(", about {minutes} minutes")),
            question.slug
        );
        if !question.parts.is_empty() {
            let said = |piece: &Question| format!("{} {}", piece.part_name(), sum(piece));
            let parts: Vec<String> = question.pieces().iter().map(said).collect();
            let parts = parts.join(", ");
            text += &format!("    parts, each graded for itself (--part): {parts}\n");
        }
    }
    shell::report(&text);
    Ok(Exit::Full)
}

fn sum(question: &Question) -> u32 {
    question.checks.iter().map(|check| check.points).sum()
}
