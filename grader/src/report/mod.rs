//! The report: plain data, made once, shown in several ways.
//!
//! Text that comes from an answer is cleaned here, before anything can show it.

mod human;
mod json;

pub use human::{Style, finding, human};
pub use json::json;
pub(crate) use json::{check, verdict_of};

use crate::catalogue::{Check, Question};
use crate::quiz::Marked;
use crate::sandbox::Layers;
use crate::score::Score;
use crate::verdict::{Finding, Refusal, Verdict};

/// What is said about all graded questions.
#[derive(Debug, Clone)]
pub struct Report {
    /// Which layers of protection held.
    pub layers: Layers,
    /// One for each question.
    pub questions: Vec<QuestionReport>,
}

/// What is said about one question.
#[derive(Debug, Clone)]
pub struct QuestionReport {
    /// Its slug.
    pub question: &'static str,
    /// Its short name.
    pub short: String,
    /// What it is about.
    pub title: String,
    /// One for each check.
    pub checks: Vec<CheckReport>,
    /// What the quiz came to, where the question has one and the whole question was asked for.
    pub quiz: Option<QuizReport>,
    /// What full marks do not prove.
    pub proves_not: Vec<String>,
    /// The parts that were not graded again, since nothing of them has changed.
    pub kept: Vec<String>,
    /// What a command needs to be told to take this answer again, as in ` --solutions`; mostly
    /// nothing.
    pub whose: String,
}

/// What is said about the quiz of a question.
#[derive(Debug, Clone)]
pub struct QuizReport {
    /// Its items.
    pub marked: Marked,
    /// Why the file of answers was not accepted.
    pub refused: Option<Refusal>,
}

/// What is said about one check.
#[derive(Debug, Clone)]
pub struct CheckReport {
    /// Its id.
    pub id: String,
    /// The part that it belongs to, if the question has parts.
    pub part: Option<String>,
    /// The promise.
    pub title: String,
    /// What it is worth.
    pub points: u32,
    /// The verdict.
    pub verdict: Verdict,
    /// How many schedules were explored.
    pub schedules: u32,
}

impl Report {
    /// All points together.
    pub fn score(&self) -> Score {
        self.questions.iter().map(QuestionReport::score).sum()
    }
}

impl QuestionReport {
    pub(crate) fn new(question: &Question, checks: Vec<CheckReport>) -> Self {
        Self {
            question: question.slug,
            short: question.short.clone(),
            title: question.title.clone(),
            checks,
            quiz: None,
            proves_not: question.proves_not.clone(),
            kept: Vec::new(),
            whose: String::new(),
        }
    }

    /// The points of this question, its quiz included.
    pub fn score(&self) -> Score {
        let quiz = self.quiz.iter().map(|quiz| quiz.marked.score());
        quiz.chain([self.score_of_checks()]).sum()
    }

    /// The points of its checks.
    pub fn score_of_checks(&self) -> Score {
        self.checks.iter().map(CheckReport::score).sum()
    }
}

impl CheckReport {
    pub(crate) fn new(check: &Check, mut verdict: Verdict, schedules: u32) -> Self {
        clean_verdict(&mut verdict);
        Self {
            id: check.id.clone(),
            part: check.part.clone(),
            title: check.title.clone(),
            points: check.points,
            verdict,
            schedules,
        }
    }

    /// The points of this check.
    pub fn score(&self) -> Score {
        Score::of(&self.verdict, self.points)
    }
}

/// The most lines of evidence that are kept.
const MAX_LINES: usize = 60;

/// The most characters of a line that are kept.
const MAX_CHARS: usize = 220;

/// A finding that can be shown.
pub(crate) fn cleaned(finding: Finding) -> Finding {
    let mut verdict = Verdict::Fail(finding.clone());
    clean_verdict(&mut verdict);
    if let Verdict::Fail(finding) = verdict { finding } else { finding }
}

fn clean_verdict(verdict: &mut Verdict) {
    let (headline, evidence) = match verdict {
        Verdict::Pass | Verdict::NotStarted => return,
        Verdict::Fail(finding) => (&mut finding.headline, &mut finding.evidence),
        Verdict::Refused(refusal) => (&mut refusal.headline, &mut refusal.evidence),
        Verdict::Inconclusive(doubt) => (&mut doubt.headline, &mut doubt.evidence),
    };
    *headline = clean(headline);
    let surplus = evidence.len().saturating_sub(MAX_LINES);
    if surplus > 0 {
        // The end of a story is where it goes wrong; who waits for what stands at its beginning.
        const FIRST: usize = 6;
        let note = format!("... {surplus} steps left out ...");
        evidence.splice(FIRST..FIRST + surplus, [note]);
    }
    evidence.iter_mut().for_each(|line| *line = clean(line));
}

/// One line of printable text: control characters (and so escape sequences) are spelt out, marks
/// that turn the direction of writing too, and what a build service would take for a command, wherever
/// its log shows the line; long lines are cut.
pub(crate) fn clean(text: &str) -> String {
    // The newer commands stand at the beginning of a line, the older ones anywhere.
    let text = &match text.trim_start().strip_prefix("::") {
        Some(command) => format!("\\u{{3a}}:{command}"),
        None => text.to_owned(),
    };
    let text = &text.replace("##[", "\\u{23}#[");
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut line = String::new();
    for (count, c) in text.chars().enumerate() {
        if count >= MAX_CHARS {
            line.push('…');
            break;
        }
        if c.is_control() || turns(c) { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;
    use crate::quiz::{self, Answers, Quiz};

    /// A question of which every check passed, with a quiz answered so far as `count` items, each of them right.
    fn with_quiz(quiz: &Quiz, count: usize) -> QuestionReport {
        let question = catalogue::find(quiz.short()).expect("the question of the quiz");
        let checks = question.checks.iter().map(|check| CheckReport::new(check, Verdict::Pass, 0));
        let mut answers = Answers::new(7);
        for item in &quiz.items[..count] {
            answers.given.insert(item.id.clone(), item.right_letters(7));
        }
        let marked = quiz::mark(quiz, &answers);
        QuestionReport {
            quiz: Some(QuizReport { marked, refused: None }),
            ..QuestionReport::new(&question, checks.collect())
        }
    }

    fn told(question: &QuestionReport) -> String {
        let layers = Layers::here();
        human(&Report { layers, questions: vec![question.clone()] }, Style::Plain)
    }

    #[test]
    fn the_quiz_is_a_tenth_of_the_marks_and_says_how_to_go_on() {
        let quiz = quiz::of("q1_threads_or_processes").unwrap();
        let all = quiz.items.len();
        let (none, some, full) = (with_quiz(&quiz, 0), with_quiz(&quiz, all / 2), with_quiz(&quiz, all));
        assert_eq!((none.score().earned, none.score().possible), (90, 100));
        assert_eq!(some.score().earned, 90 + 10 * (all as u32 / 2) / all as u32);
        assert!(full.score().is_full());
        assert!(
            told(&none)
                .contains(&format!("TODO      none of {all} items is answered; go on: cargo xtask quiz q1"))
        );
        assert!(told(&some).contains(&format!("{} not answered; go on: cargo xtask quiz q1", all - all / 2)));
        assert!(
            told(&full)
                .contains(&format!("{all} of {all} items are right; all reasons: cargo xtask quiz q1"))
        );
        let theirs = QuestionReport { whose: " --path x".into(), ..some };
        assert!(told(&theirs).contains("not answered\n") && !told(&theirs).contains("xtask quiz"));
        // What the code alone is worth stands there whether or not the quiz is answered.
        assert!(told(&none).contains("Full marks do not prove") && told(&none).contains("score 90/100"));
    }

    #[test]
    fn a_file_of_answers_that_is_refused_earns_nothing_and_costs_no_check() {
        let quiz = quiz::of("q1_threads_or_processes").unwrap();
        let mut report = with_quiz(&quiz, 0);
        let refusal = Refusal { headline: "line 1 is not TOML: \u{1b}[2J".into(), evidence: Vec::new() };
        report.quiz.as_mut().unwrap().refused = Some(refusal);
        assert!(told(&report).contains("REFUSED   line 1 is not TOML: \\u{1b}[2J\n"));
        assert_eq!((report.score().earned, report.score().open), (90, 0));
        let value = json(&Report { layers: Layers::here(), questions: vec![report] });
        assert_eq!(value["questions"][0]["quiz"]["points"]["earned"], 0);
        assert_eq!(value["questions"][0]["score"]["possible"], 100);
    }

    #[test]
    fn a_line_from_an_answer_cannot_command_a_terminal() {
        assert_eq!(clean("\u{1b}[2Jscore\n90/90\u{202e}"), "\\u{1b}[2Jscore\\n90/90\\u{202e}");
        assert_eq!(clean("  ::error::lost"), "\\u{3a}:error::lost");
        assert_eq!(clean("see ##[error]lost"), "see \\u{23}#[error]lost");
        assert_eq!(clean("std::thread and #[test]"), "std::thread and #[test]");
        assert_eq!(clean(&"x".repeat(1000)).chars().count(), 221);
    }
}
