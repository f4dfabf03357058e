//! Every answer of the bank against every check: stubs start nothing, solutions and variants keep
//! full marks, impostors lose what their headers say and for the fault that they name.
//!
//! Beside the tables stands what each impostor is told first: a student reads that line before any other.

use grader::bank::{self, Expected, Sample};
use grader::build::Workshop;
use grader::catalogue::{self, Kind, Question};
use grader::experiment::World;
use grader::grade::{self, Settings};
use grader::replay::Code;
use grader::report::QuestionReport;
use grader::verdict::Verdict;
use std::fmt::Write;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Fixed, so that a failure here can be repeated; fresh seeds are `cargo xtask soak`'s business.
const SEED: u32 = 0x5eed_0001;

#[test]
fn every_sample_of_the_bank_is_graded_as_labelled() {
    let root = root();
    let questions = catalogue::questions().expect("the catalogue");
    let workshop = Workshop::open(root, &questions, || ()).expect("this machine can grade");
    let mut wrong = Vec::new();
    let mut tables = Vec::new();
    // While one works at a part, its rows alone: RACECOURSE_PART=q6_resources.
    let only = std::env::var("RACECOURSE_PART").ok();
    for question in questions.iter().flat_map(Question::pieces) {
        if only.as_ref().is_some_and(|only| *only != question.driver()) {
            continue;
        }
        let (mut table, mut told) = (heading(&question), String::new());
        let samples = bank::samples(root, &question).expect("the bank");
        for (sample, report) in samples.iter().zip(grade_all(&workshop, &question, &samples)) {
            row(&mut table, sample, &report);
            headlines(&mut told, sample, &report);
            if let Err(lines) = sample.compare(&report) {
                wrong.extend(lines);
                wrong.push(report.checks.iter().map(|check| format!("{:?}\n", check.verdict)).collect());
            }
        }
        // Of processes the kernel decides who is first: where a label names two faults, either is true.
        if question.kind == Kind::Threads {
            tables.push((question.driver(), table, told));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (slug, table, told) in tables {
        insta::assert_snapshot!(format!("matrix_{slug}"), table);
        insta::assert_snapshot!(format!("told_{slug}"), told);
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the course")
}

/// How many samples are graded at the same time: those of processes mostly wait.
const AT_ONCE: usize = 3;

fn grade_all(workshop: &Workshop, question: &Question, samples: &[Sample]) -> Vec<QuestionReport> {
    let next = AtomicUsize::new(0);
    let reports: Vec<OnceLock<QuestionReport>> = samples.iter().map(|_| OnceLock::new()).collect();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((sample, report)) = {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    samples.get(place).zip(reports.get(place))
                } {
                    report.get_or_init(|| grade(workshop, question, sample));
                }
            });
        }
    });
    reports.into_iter().map(|report| report.into_inner().expect("graded")).collect()
}

fn grade(workshop: &Workshop, question: &Question, sample: &Sample) -> QuestionReport {
    let answer = sample.read(root(), question).expect("a sample of the bank");
    // Looking deeper can only find more in answers that should have nothing to find.
    let deep = std::env::var_os("RACECOURSE_DEEP").is_some() && sample.expected == Expected::FullMarks;
    let settings = Settings { depth: if deep { 10 } else { 1 }, ..Settings::new(SEED) };
    grade::grade(workshop, question, &answer, settings, &|_| ()).expect("graded")
}

fn heading(question: &Question) -> String {
    let mut line = format!("{:<38}", question.driver());
    for check in &question.checks {
        let _ = write!(line, " {:<16}", check.name());
    }
    line.trim_end().to_owned() + "\n"
}

fn row(table: &mut String, sample: &Sample, report: &QuestionReport) {
    let mut line = format!("{:<38}", sample.name);
    for check in &report.checks {
        let _ = write!(line, " {:<16}", bank::cell(&check.verdict));
    }
    table.push_str(line.trim_end());
    table.push('\n');
}

/// The first line of each failure. What the real world shows is left out where it depends on who is first: the numbers.
fn headlines(told: &mut String, sample: &Sample, report: &QuestionReport) {
    let failures = report.checks.iter().filter_map(|check| match &check.verdict {
        Verdict::Fail(finding) => Some((check, finding)),
        _ => None,
    });
    for (check, finding) in failures {
        let code = finding.replay.as_deref().unwrap_or_default();
        let is_modelled = Code::parse(code).is_ok_and(|code| code.world == World::Model);
        let headline = match is_modelled {
            true => finding.headline.clone(),
            false => without_numbers(&finding.headline),
        };
        let _ = writeln!(told, "{}, {}\n    {}: {headline}", sample.name, check.id, finding.fault.word());
    }
}

/// The text with `#` for each number.
fn without_numbers(text: &str) -> String {
    let mut plain = String::new();
    for letter in text.chars() {
        match letter {
            '0'..='9' if plain.ends_with('#') => {}
            '0'..='9' => plain.push('#'),
            other => plain.push(other),
        }
    }
    plain
}
