//! Reports as people see them, for snapshots: of an answer, with the layers of one fixed machine.

use grader::build::Workshop;
use grader::catalogue::Question;
use grader::grade::{self, Settings};
use grader::report::{self, QuestionReport, Report, Style};
use grader::sandbox::Layers;
use grader::submission::Submission;
use grader::verdict::Refusal;

/// The report on an answer.
#[allow(dead_code, reason = "solutions are graded in pieces")]
pub(crate) fn report(
    workshop: &Workshop,
    question: &Question,
    answer: &Result<Submission, Refusal>,
    seed: u32,
) -> String {
    text(grade::grade(workshop, question, answer, Settings::new(seed), &|_| ()).expect("graded"))
}

/// A report as it is shown. The layers differ from machine to machine; what is said of the answer does not.
pub(crate) fn text(graded: QuestionReport) -> String {
    let layers = Layers {
        own_user: true,
        hides_course: true,
        limits: true,
        namespaces: false,
        landlock: true,
        seccomp: true,
        open: Vec::new(),
    };
    report::human(&Report { layers, questions: vec![graded] }, Style::Plain)
}
