//! `soak`: the whole bank again and again with fresh seeds, half of it on a busy machine. A verdict
//! that differs from its label, or from itself, is a bug of ours.

use crate::hogs::Hogs;
use crate::wraps::Wraps;
use crate::{course, shell};
use clap::ArgMatches;
use grader::GraderError;
use grader::Result;
use grader::bank::{self, Expected};
use grader::build::{self, Workshop};
use grader::catalogue::Question;
use grader::exit::Exit;
use grader::grade::{self, Settings};
use grader::report::{CheckReport, QuestionReport};
use grader::verdict::Verdict;
use std::thread;
use std::time::Instant;

pub(crate) fn run(flags: &ArgMatches) -> Result<Exit> {
    let runs = flags.get_one::<u32>("runs").copied().unwrap_or(200);
    let questions = course::questions(flags)?;
    let workshop = course::workshop_with(flags, &questions)?;
    let _hogs = flags.get_flag("hogs").then(Hogs::start);
    let _wraps = flags.get_flag("wraps").then(Wraps::start);
    let mut exit = Exit::Full;
    for question in questions.iter().flat_map(Question::pieces) {
        let samples = bank::samples(course::root(), &question)?;
        let (mut graded, mut wrong, mut unsure) = (0, 0, 0);
        for sample in &samples {
            // Where right answers might lose a mark by chance, it takes many runs to see it.
            let times = match sample.expected {
                Expected::FullMarks => runs,
                _ => runs.div_ceil(10),
            };
            let started = Instant::now();
            let differing = soak_one(&workshop, &question, sample, times)?;
            graded += times;
            wrong += differing.len();
            unsure += differing.iter().filter(|line| line.starts_with(UNSURE)).count();
            shell::say(&format!(
                "{}: {times} runs, {} not as labelled, {:.1} s",
                sample.name,
                differing.len(),
                started.elapsed().as_secs_f64()
            ));
            differing.iter().for_each(|line| shell::report(line));
        }
        shell::report(&format!(
            "{}: {} answers, {graded} gradings, half of them four at once, with all processors kept busy, {wrong} not as labelled, \
             {unsure} of them merely unsure",
            question.driver(),
            samples.len()
        ));
        if wrong > 0 {
            exit = Exit::Bug;
        }
    }
    Ok(exit)
}

/// Builds once and judges `times` times: the first half one by one, the second half several at once,
/// which keeps every processor busy with more runs than it can serve.
fn soak_one(
    workshop: &Workshop,
    question: &Question,
    sample: &bank::Sample,
    times: u32,
) -> Result<Vec<String>> {
    let answer = sample
        .read(course::root(), question)?
        .map_err(|refusal| GraderError::course(format!("{}: {}", sample.name, refusal.headline)))?;
    let built = build::build(workshop, question, &answer)?;
    let judge_some = |count: u32| -> Result<Vec<String>> {
        let mut wrong = Vec::new();
        for _ in 0..count {
            let settings = Settings::new(course::fresh_seed()?);
            let report = grade::judge_built(workshop, question, &built, settings, &|_| ())?;
            if let Err(lines) = sample.compare(&report) {
                let merely = lines.len() == report.checks.iter().filter(|check| is_unsure(check)).count();
                let mark = if merely { UNSURE } else { "" };
                wrong.push(format!("{mark}seed {:08x}: {}", settings.seed, lines.join("; ")));
                if !matches!(sample.expected, Expected::Loses(_)) {
                    wrong.last_mut().into_iter().for_each(|line| *line += &findings(&report));
                }
            }
        }
        Ok(wrong)
    };
    let mut wrong = judge_some(times.div_ceil(2))?;
    thread::scope(|scope| {
        let shares = (0..AT_ONCE).map(|share| (times / 2 + share) / AT_ONCE);
        let judges: Vec<_> = shares.map(|share| scope.spawn(move || judge_some(share))).collect();
        let outcomes: Vec<_> = judges.into_iter().map(|judge| judge.join()).collect();
        for outcome in outcomes {
            wrong.extend(outcome.map_err(|_| GraderError::bug("a judging thread panicked"))??);
        }
        Ok(wrong)
    })
}

/// What was found, indented: of an answer that should lose nothing.
fn findings(report: &QuestionReport) -> String {
    let found = report.checks.iter().filter_map(|check| match &check.verdict {
        Verdict::Fail(finding) => {
            Some(format!("\n  {}\n    {}", finding.headline, finding.evidence.join("\n    ")))
        }
        _ => None,
    });
    found.collect()
}

/// Begins the line of a grading in which nothing was wrong but what the judge could not tell.
const UNSURE: &str = "(unsure) ";

fn is_unsure(check: &CheckReport) -> bool {
    matches!(check.verdict, Verdict::Inconclusive(_))
}

/// How many judgings go on at the same time on the busy machine.
const AT_ONCE: u32 = 4;
