//! `bench`: how fast the grader and the pool are, as ratios within one run. No verdict ever depends on it.

mod bars;
mod engine;
mod ipc;
mod peers;
mod pools;

use crate::{course, shell};
use clap::ArgMatches;
use grader::build::{self, Workshop};
use grader::catalogue::{self, Question, Stock};
use grader::exit::Exit;
use grader::grade::{self, Settings};
use grader::submission::{self, Submission};
use grader::{GraderError, Result};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) fn run(flags: &ArgMatches) -> Result<Exit> {
    match flags.subcommand() {
        Some(("loop", flags)) => edit_loop(flags.get_one::<u32>("rounds").copied().unwrap_or(15)),
        Some(("pools", flags)) => pools::run(flags),
        Some(("ipc", flags)) => ipc::run(flags),
        Some(("engine", flags)) => engine::run(flags),
        _ => Ok(Exit::Usage),
    }
}

/// From an edited answer to its verdict: each round changes the answer, then times the bare
/// compiler on answer and harness, our build of both worlds, and our whole verdict.
fn edit_loop(rounds: u32) -> Result<Exit> {
    let question = catalogue::find("q4")?;
    let workshop = course::workshop(std::slice::from_ref(&question))?;
    let answer = submission::read(&question, &course::root().join("solutions").join(question.slug))?
        .map_err(|refusal| GraderError::course(refusal.headline))?;
    let bare = Bare::lay_out(&question)?;
    let (mut compiler, mut ours, mut verdicts) = (Vec::new(), Vec::new(), Vec::new());
    let mut fewest_schedules = u32::MAX;
    for round in 0..rounds {
        let edited = edit(&answer, round);
        compiler.push(timed(|| bare.compile(&workshop, &edited))?);
        let mut built = None;
        ours.push(timed(|| {
            built = Some(build::build(&workshop, &question, &edited)?);
            Ok(())
        })?);
        drop(built);
        verdicts.push(timed(|| {
            let answer = Ok(edit(&answer, round + rounds));
            let settings = Settings::new(course::fresh_seed()?);
            let report = grade::grade(&workshop, &question, &answer, settings, &|_| ())?;
            let least = report.checks.iter().map(|check| check.schedules).min();
            fewest_schedules = fewest_schedules.min(least.unwrap_or_default());
            Ok(())
        })?);
    }
    let (compiler, ours, verdicts) = (Times::of(compiler), Times::of(ours), Times::of(verdicts));
    let ratio = |times: &Times| times.median.as_secs_f64() / compiler.median.as_secs_f64();
    shell::report(&format!(
        "{rounds} interleaved rounds, medians (fastest to slowest), one changed line each\n\
         rustc, answer and harness, real std    {compiler}\n\
         our build, both worlds                 {ours}   {:.2} x rustc\n\
         build and verdict, {fewest_schedules} schedules or more  {verdicts}   {:.2} x rustc",
        ratio(&ours),
        ratio(&verdicts),
    ));
    Ok(Exit::Full)
}

/// Builds and runs a program of its own that measures and prints one document of JSON.
fn measured_by(package: &str, program: &str, rounds: u32) -> Result<Value> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "run",
            "--release",
            "--quiet",
            "--package",
            package,
            "--bin",
            program,
            "--",
            &rounds.to_string(),
        ])
        .current_dir(course::root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| GraderError::machine(format!("cargo does not start: {error}")))?;
    if !output.status.success() {
        return Err(GraderError::machine(format!(
            "the measurement did not come to its end: {}",
            output.status
        )));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| GraderError::bug(format!("the measurement is not understood: {error}")))
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let started = Instant::now();
    work()?;
    Ok(started.elapsed())
}

/// The answer with one line changed.
fn edit(answer: &Submission, round: u32) -> Submission {
    let mut edited = answer.clone();
    for (_, text) in &mut edited.files {
        text.push_str(&format!("\n/// Round {round}.\npub const ROUND: u32 = {round};\n"));
    }
    edited
}

/// The bare compiler on the same two crates against the real std: no sandbox, no model.
struct Bare {
    folder: PathBuf,
}

impl Bare {
    fn lay_out(question: &Question) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("racecourse-bench-{}", std::process::id()));
        let bare = Self { folder };
        for (path, text) in &question.given {
            bare.write(path, text)?;
        }
        bare.write("harness.rs", &format!("drivers::{}!(answer);\n", question.slug))?;
        Ok(bare)
    }

    fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.folder.join(path);
        let parent = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .map_err(|error| GraderError::file("write", &path, error))
    }

    fn compile(&self, workshop: &Workshop, answer: &Submission) -> Result<()> {
        for (path, text) in &answer.files {
            self.write(path, text)?;
        }
        let kit = workshop.kit(Stock::Threads)?;
        let drivers = kit.driver(grader::experiment::World::Real);
        let search = |folder: &Path| format!("-Ldependency={}", folder.display());
        self.rustc(
            workshop,
            &["--crate-type=rlib", "--crate-name=answer", "src/lib.rs", "-olibanswer.rlib"],
        )?;
        self.rustc(
            workshop,
            &[
                "--crate-name=respondent",
                "harness.rs",
                "-orespondent",
                "-Cstrip=debuginfo",
                "--extern=answer=libanswer.rlib",
                &format!("--extern=drivers={}", drivers.display()),
                &search(&kit.alias),
                &search(&kit.drivers),
            ],
        )
    }

    fn rustc(&self, workshop: &Workshop, args: &[&str]) -> Result<()> {
        let status = Command::new(workshop.toolchain.sysroot.join("bin/rustc"))
            .args(["--edition=2024", "-Awarnings", "-Cdebuginfo=0"])
            .args(args)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .status()
            .map_err(|error| GraderError::machine(format!("rustc does not start: {error}")))?;
        if status.success() {
            Ok(())
        } else {
            Err(GraderError::bug("the bare compiler refuses the solution"))
        }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Sorted times.
struct Times {
    median: Duration,
    fastest: Duration,
    slowest: Duration,
}

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        let at = |place: usize| times.get(place).copied().unwrap_or_default();
        Self { median: at(times.len() / 2), fastest: at(0), slowest: at(times.len().saturating_sub(1)) }
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        write!(f, "{:6.0} ms ({:.0} to {:.0})", ms(self.median), ms(self.fastest), ms(self.slowest))
    }
}
