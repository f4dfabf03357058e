//! The report for people: the same words with and without colour.

use super::{CheckReport, QuestionReport, QuizReport, Report, clean};
use crate::fault::Fault;
use crate::score::Score;
use crate::verdict::{DoubtKind, Finding, Verdict};
use std::fmt::Write;

/// How text is made to stand out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Not at all.
    Plain,
    /// By terminal colours.
    Colour,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Style::Plain => text.to_owned(),
            Style::Colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// The whole report.
pub fn human(report: &Report, style: Style) -> String {
    let mut text = String::new();
    for question in &report.questions {
        one_question(&mut text, question, style);
    }
    let _ = writeln!(text, "{}", report.layers.line());
    if report.questions.len() > 1 {
        let _ = writeln!(text, "all questions: {}", points(report.score()));
    }
    text
}

fn one_question(text: &mut String, question: &QuestionReport, style: Style) {
    let schedules: u32 = question.checks.iter().map(|check| check.schedules).sum();
    let explored = if schedules == 0 { String::new() } else { format!(", {schedules} schedules explored") };
    let name = style.paint("1", question.question);
    let _ = writeln!(text, "{name}: {} ({} checks{explored})\n", question.title, question.checks.len());
    match common_verdict(&question.checks) {
        Some(verdict) => {
            let _ = writeln!(text, "    {}   every check", word(verdict, style));
            explain(text, verdict, question);
            text.push('\n');
        }
        None => question.checks.chunk_by(|a, b| a.part == b.part).for_each(|part| {
            one_part(text, part, question, style);
        }),
    }
    if let Some(quiz) = &question.quiz {
        one_quiz(text, quiz, question, style);
    }
    if !question.kept.is_empty() {
        let parts = question.kept.join(", ");
        let _ = writeln!(text, "unchanged, so not graded again: {parts} (with --fresh they are)");
    }
    let score = question.score();
    let _ = writeln!(text, "score {}", style.paint("1", &points(score)));
    if question.score_of_checks().is_full() {
        let _ = writeln!(text, "Full marks do not prove");
        for limit in &question.proves_not {
            let _ = writeln!(text, "  - {limit}");
        }
    } else if question.checks.iter().all(|check| check.verdict == Verdict::NotStarted) {
        let _ =
            writeln!(text, "Nothing is written yet. Start with exercises/{}/README.md.", question.question);
    } else if let Some(losing) = question.checks.iter().find(|check| check.score().is_losing()) {
        let part = losing.part.as_deref().map_or(String::new(), |part| format!(" --part {part}"));
        let _ = writeln!(text, "A hint: cargo xtask hint {}{part}", question.short);
    }
}

/// The quiz, whose items are told by its own command.
fn one_quiz(text: &mut String, quiz: &QuizReport, question: &QuestionReport, style: Style) {
    let QuizReport { marked, refused } = quiz;
    let _ = writeln!(text, "  {} {}", style.paint("1", "quiz"), points(marked.score()));
    let (items, open, right) = (marked.marks.len(), marked.unanswered(), marked.right());
    let (word, said) = match refused {
        Some(refusal) => (word(&Verdict::Refused(refusal.clone()), style), clean(&refusal.headline)),
        None if open == items => {
            (word(&Verdict::NotStarted, style), format!("none of {items} items is answered"))
        }
        None if open > 0 => {
            (String::new(), format!("{right} of {items} items are right, {open} not answered"))
        }
        None => (String::new(), format!("{right} of {items} items are right")),
    };
    let next = match open {
        // Of somebody else's answers there is nothing to be answered here.
        _ if refused.is_some() || !question.whose.is_empty() => String::new(),
        0 => format!("; all reasons: cargo xtask quiz {}", question.short),
        _ => format!("; go on: cargo xtask quiz {}", question.short),
    };
    let gap = if word.is_empty() { "" } else { "   " };
    let _ = writeln!(text, "    {word}{gap}{said}{next}");
}

/// The checks of one part, or of a question without parts.
fn one_part(text: &mut String, checks: &[CheckReport], question: &QuestionReport, style: Style) {
    if let Some(part) = checks.first().and_then(|check| check.part.as_deref()) {
        let score: Score = checks.iter().map(CheckReport::score).sum();
        let _ = writeln!(text, "  {} {}", style.paint("1", part), points(score));
    }
    let todo = |check: &CheckReport| check.verdict == Verdict::NotStarted;
    match common_verdict(checks) {
        Some(verdict) => {
            let _ = writeln!(text, "    {}   every check", word(verdict, style));
            explain(text, verdict, question);
        }
        None if question.checks.iter().any(|check| check.part.is_some()) && checks.iter().all(todo) => {
            let _ = writeln!(text, "    {}   every check", word(&Verdict::NotStarted, style));
        }
        None => checks.iter().for_each(|check| one_check(text, check, question, style)),
    }
}

/// One verdict for all checks is said once: nine times the same compiler error helps nobody.
fn common_verdict(checks: &[CheckReport]) -> Option<&Verdict> {
    let first = &checks.first()?.verdict;
    let once = match first {
        Verdict::Refused(_) => true,
        Verdict::Fail(finding) => finding.fault == Fault::CompileError,
        Verdict::Inconclusive(doubt) => doubt.kind == DoubtKind::Machine,
        _ => false,
    };
    (once && checks.iter().all(|check| check.verdict == *first)).then_some(first)
}

fn one_check(text: &mut String, check: &CheckReport, question: &QuestionReport, style: Style) {
    let score = check.score();
    let earned =
        if score.open > 0 { "open".into() } else { format!("{:>2}/{:<2}", score.earned, check.points) };
    let word = word(&check.verdict, style);
    let _ = writeln!(text, "    {word}  {earned:>5}  {}", check.title);
    explain(text, &check.verdict, question);
}

fn word(verdict: &Verdict, style: Style) -> String {
    let (code, word) = match verdict {
        Verdict::Pass => ("32", "PASS"),
        Verdict::Fail(_) => ("31", "FAIL"),
        Verdict::NotStarted => ("33", "TODO"),
        Verdict::Refused(_) => ("31", "REFUSED"),
        Verdict::Inconclusive(_) => ("33", "UNSURE"),
    };
    style.paint(code, &format!("{word:<7}"))
}

fn explain(text: &mut String, verdict: &Verdict, question: &QuestionReport) {
    match verdict {
        Verdict::Pass | Verdict::NotStarted => {}
        Verdict::Fail(found) => text.push_str(&finding(found, &question.short, &question.whose)),
        Verdict::Refused(refusal) => lines(text, &refusal.headline, &refusal.evidence),
        Verdict::Inconclusive(doubt) => {
            lines(text, &format!("{}: {}", doubt.kind.word(), doubt.headline), &doubt.evidence);
            let _ = writeln!(text, "{INDENT}Nothing is lost: an instructor decides on these points.");
        }
    }
}

const INDENT: &str = "          ";

fn lines(text: &mut String, headline: &str, evidence: &[String]) {
    let _ = writeln!(text, "{INDENT}{headline}");
    for line in evidence {
        let _ = writeln!(text, "{INDENT}  {line}");
    }
}

/// What a finding says: what happened, what shows it, what to do next.
pub fn finding(finding: &Finding, short: &str, whose: &str) -> String {
    let mut text = String::new();
    lines(&mut text, &format!("{}: {}", finding.fault.word(), finding.headline), &finding.evidence);
    let _ = writeln!(text, "{INDENT}what it means: cargo xtask explain {}", finding.fault.word());
    if let Some(code) = &finding.replay {
        let _ = writeln!(text, "{INDENT}see it again:  cargo xtask replay {short} {code}{whose}");
    }
    text
}

fn points(score: Score) -> String {
    let open = if score.open > 0 { format!(", {} open", score.open) } else { String::new() };
    format!("{}/{}{open}", score.earned, score.possible)
}
