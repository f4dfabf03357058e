//! `soak`: the whole bank again and again with fresh seeds, half of it on a busy machine. A verdict
//! that differs from its label, or from itself, is a bug of ours.

use crate::{course, shell};
use clap::ArgMatches;
use grader::Result;
use grader::bank::{self, Expected};
use grader::build::{self, Workshop};
use grader::catalogue::Question;
use grader::exit::Exit;
use grader::grade::{self, Settings};
use grader::{GraderError, submission};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

pub(crate) fn run(flags: &ArgMatches) -> Result<Exit> {
    let runs = flags.get_one::<u32>("runs").copied().unwrap_or(200);
    let workshop = course::workshop()?;
    let mut exit = Exit::Full;
    for question in course::questions(flags)? {
        let samples = bank::samples(course::root(), &question)?;
        let (mut graded, mut wrong) = (0, 0);
        for sample in &samples {
            let times = match sample.expected {
                Expected::Loses(_) => runs.div_ceil(10),
                _ => runs,
            };
            let started = Instant::now();
            let differing = soak_one(&workshop, &question, sample, times)?;
            graded += times;
            wrong += differing.len();
            shell::say(&format!(
                "{}: {times} runs, {} not as labelled, {:.1} s",
                sample.name,
                differing.len(),
                started.elapsed().as_secs_f64()
            ));
            differing.iter().for_each(|line| shell::report(line));
        }
        shell::report(&format!(
            "{}: {} answers, {graded} gradings, half of them with all processors kept busy, {wrong} not as labelled",
            question.slug,
            samples.len()
        ));
        if wrong > 0 {
            exit = Exit::Bug;
        }
    }
    Ok(exit)
}

/// Builds once and judges `times` times, the second half beside a busy loop on every processor.
fn soak_one(
    workshop: &Workshop,
    question: &Question,
    sample: &bank::Sample,
    times: u32,
) -> Result<Vec<String>> {
    let answer = submission::read(question, &sample.path)?
        .map_err(|refusal| GraderError::course(format!("{}: {}", sample.name, refusal.headline)))?;
    let built = build::build(workshop, question, &answer)?;
    let busy = AtomicBool::new(true);
    thread::scope(|scope| {
        let mut wrong = Vec::new();
        for number in 0..times {
            if number == times / 2 {
                for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
                    scope.spawn(|| {
                        while busy.load(Ordering::Relaxed) {
                            std::hint::spin_loop();
                        }
                    });
                }
            }
            let settings = Settings::new(course::fresh_seed()?);
            let report = grade::judge_built(workshop, question, &built, settings, &|_| ());
            if let Err(lines) = sample.compare(&report.inspect_err(|_| busy.store(false, Ordering::Relaxed))?)
            {
                wrong.push(format!("seed {:08x}: {}", settings.seed, lines.join("; ")));
            }
        }
        busy.store(false, Ordering::Relaxed);
        Ok(wrong)
    })
}
