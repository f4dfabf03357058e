//! `grade`: marks for answers.

use crate::{course, shell};
use clap::ArgMatches;
use grader::build::{self, Workshop};
use grader::cache::Cache;
use grader::catalogue::Question;
use grader::exit::Exit;
use grader::grade::{self, Settings};
use grader::quiz;
use grader::report::{self, QuestionReport, QuizReport, Report};
use grader::sandbox::Rung;
use grader::submission;
use grader::verdict::Verdict;
use grader::{GraderError, Result};
use std::collections::BTreeMap;
use std::path::PathBuf;

pub(crate) fn run(flags: &ArgMatches) -> Result<Exit> {
    let mut questions = course::questions(flags)?;
    if let Some(path) = flags.get_one::<PathBuf>("path") {
        let narrow = questions.into_iter().map(|question| course::part_of_file(question, path));
        questions = narrow.collect::<Result<_>>()?;
    }
    // Read everything first: a wrong path shall not cost the time of a build.
    let mut answers = Vec::new();
    for piece in questions.iter().flat_map(Question::pieces) {
        let answer = submission::read(&piece, &course::answer(flags, &piece))?;
        answers.push((piece.driver(), answer));
    }
    let read = |piece: &Question| {
        let known = answers.iter().find(|(name, _)| *name == piece.driver());
        known
            .map(|(_, answer)| answer.clone())
            .ok_or_else(|| GraderError::bug("an answer that nobody has read"))
    };
    let mut workshop = course::workshop_with(flags, &questions)?;
    if !flags.contains_id("path") {
        workshop.keep_programs()?;
    }
    protect(flags, &workshop)?;
    if let Some(&times) = flags.get_one::<u32>("repeat") {
        return repeat(flags, &workshop, &questions, times);
    }
    let seed = seed(flags)?;
    let cache = if remembers(flags) { Some(Cache::open(&workshop)?) } else { None };
    let graded = course::with_progress(|tell| {
        let settings = settings(flags, seed);
        grade::grade_questions(&workshop, &questions, &read, settings, cache.as_ref(), tell)
    })?;
    let mut reports = Vec::new();
    for (question, graded) in questions.iter().zip(graded) {
        reports.push(QuestionReport {
            whose: course::whose(flags),
            quiz: quiz_of(flags, question)?,
            ..graded
        });
    }
    let report = Report { layers: workshop.sandbox.layers.clone(), questions: reports };
    match flags.get_one::<String>("format").map(String::as_str) {
        Some("json") => shell::report(&format!("{:#}", report::json(&report))),
        _ => shell::report(&report::human(&report, shell::style())),
    }
    Ok(match Exit::from(report.score()) {
        Exit::Lost if flags.get_flag("solutions") => Exit::Course,
        exit => exit,
    })
}

/// The marks for the quiz, where the whole question is graded: solutions, parts and single files come without one.
fn quiz_of(flags: &ArgMatches, question: &Question) -> Result<Option<QuizReport>> {
    let path = course::answer(flags, question);
    let narrow = flags.contains_id("part") || flags.get_flag("solutions") || path.is_file();
    if narrow || !quiz::exists(question.slug) {
        return Ok(None);
    }
    let (marked, refused) = quiz::mark_below(&quiz::of(question.slug)?, &path)?;
    Ok(Some(QuizReport { marked, refused }))
}

/// Whether verdicts are kept for the next time: only of one's own answers, and of nothing unusual.
fn remembers(flags: &ArgMatches) -> bool {
    let unusual = ["fresh", "deep", "solutions"].iter().any(|flag| flags.get_flag(flag));
    let aimed = flags.contains_id("path") || flags.contains_id("seed") || flags.contains_id("without");
    !unusual && !aimed
}

/// Somebody else's answers are graded only where they are closed in.
fn protect(flags: &ArgMatches, workshop: &Workshop) -> Result<()> {
    let theirs = flags.get_one::<PathBuf>("path").is_some() && !flags.get_flag("trust-submissions");
    let rung = workshop.sandbox.layers.rung();
    if theirs && rung > Rung::D {
        return Err(GraderError::machine(format!(
            "this machine does not close answers in (rung {rung:?}): `cargo xtask doctor` says what is missing; \
             with --trust-submissions they are graded all the same"
        )));
    }
    Ok(())
}

fn seed(flags: &ArgMatches) -> Result<u32> {
    flags.get_one::<u32>("seed").map_or_else(course::fresh_seed, |&seed| Ok(seed))
}

fn settings(flags: &ArgMatches, seed: u32) -> Settings {
    Settings { depth: if flags.get_flag("deep") { 10 } else { 1 }, ..Settings::new(seed) }
}

/// Builds once and judges again and again: a verdict that differs is a bug of ours.
fn repeat(flags: &ArgMatches, workshop: &Workshop, questions: &[Question], times: u32) -> Result<Exit> {
    let mut exit = Exit::Full;
    for question in &questions.iter().flat_map(Question::pieces).collect::<Vec<_>>() {
        let answer = submission::read(question, &course::answer(flags, question))?
            .map_err(|refusal| GraderError::usage(format!("nothing to repeat: {}", refusal.headline)))?;
        let built = build::build(workshop, question, &answer)?;
        let mut seen: BTreeMap<Vec<String>, u32> = BTreeMap::new();
        for _ in 0..times {
            let settings = settings(flags, seed(flags)?);
            let report = grade::judge_built(workshop, question, &built, settings, &|_| ())?;
            *seen.entry(verdicts(&report)).or_default() += 1;
        }
        shell::report(&format!("{}: {times} runs, {} different outcome(s)", question.driver(), seen.len()));
        for (verdicts, count) in &seen {
            shell::report(&format!("  {count} x {}", verdicts.join(", ")));
        }
        let always_full = seen.keys().all(|verdicts| verdicts.as_slice() == ["full marks"]);
        exit = match seen.len() {
            0 | 1 if always_full => exit,
            0 | 1 => Exit::Lost,
            _ => return Ok(Exit::Bug),
        };
    }
    Ok(exit)
}

/// Check and verdict, for all checks that did not pass.
fn verdicts(report: &QuestionReport) -> Vec<String> {
    let words = report.checks.iter().filter_map(|check| match &check.verdict {
        Verdict::Pass => None,
        Verdict::Fail(finding) => Some(format!("{} {}", check.id, finding.fault.word())),
        Verdict::Inconclusive(doubt) => Some(format!("{} {}", check.id, doubt.kind.word())),
        other => Some(format!("{} {}", check.id, other.word())),
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { vec!["full marks".into()] } else { words }
}
