//! `check`: everything that must hold before a change may land; what CI runs.

use crate::{course, doctor, shell, tidy};
use clap::ArgMatches;
use grader::exit::Exit;
use grader::{GraderError, Result, catalogue, drill};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The package that asks another engine for its opinion.
const OTHER_ENGINE: &str = "second-opinion";

/// What a step came to.
struct Outcome {
    passed: u32,
    failed: u32,
    /// What to show if something failed.
    details: String,
}

impl Outcome {
    fn of(details: Option<String>) -> Self {
        let failed = u32::from(details.is_some());
        Self { passed: 1 - failed, failed, details: details.unwrap_or_default() }
    }
}

pub(crate) fn run(flags: &ArgMatches) -> Result<Exit> {
    if flags.get_flag("fix") {
        cargo(&["fmt", "--all"], &[])?;
        tidy::fix()?;
    }
    let deep = if flags.get_flag("deep") { "1" } else { "" };
    let (mut passed, mut failed) = (0, 0);
    let mut step = |name: &str, work: &dyn Fn() -> Result<Outcome>| -> Result<()> {
        let started = Instant::now();
        let outcome = work()?;
        let word = if outcome.failed == 0 { "ok" } else { "FAILED" };
        shell::say(&format!("{name:<44} {word:<7} {:.1} s", started.elapsed().as_secs_f64()));
        if outcome.failed > 0 {
            shell::say(&outcome.details);
        }
        passed += outcome.passed;
        failed += outcome.failed;
        Ok(())
    };
    step("rules of the house", &|| {
        let broken = tidy::broken_rules()?;
        Ok(Outcome::of((!broken.is_empty()).then(|| broken.join("\n"))))
    })?;
    // The other engine takes a minute to build, so it is asked only on demand.
    let everything: &[&str] =
        if deep.is_empty() { &["--workspace", "--exclude", OTHER_ENGINE] } else { &["--workspace"] };
    step("formatting", &|| cargo(&["fmt", "--all", "--check"], &[]))?;
    step("lints, stubs included", &|| {
        cargo(&[&["clippy"], everything, &["--all-targets", "--", "-D", "warnings"]].concat(), &[])
    })?;
    step("documentation", &|| {
        cargo(&[&["doc"], everything, &["--no-deps"]].concat(), &[("RUSTDOCFLAGS", "-D warnings")])
    })?;
    step("sandbox: closes answers in", &|| Ok(Outcome::of(doctor::complaint()?)))?;
    step("sandbox: stops hostile programs, meets needs", &hostile_programs)?;
    let mut tests = [&["test"], everything, &["--no-fail-fast"]].concat();
    let stubs = tidy::slugs()?;
    for stub in &stubs {
        tests.extend(["--exclude", stub]);
    }
    step("tests: the bank, the engine, the grader", &|| {
        counted(cargo_output(&tests, &[("INSTA_UPDATE", "no"), ("RACECOURSE_DEEP", deep)])?)
    })?;
    shell::report(&format!("{passed} passed, {failed} failed"));
    Ok(if failed == 0 { Exit::Full } else { Exit::Course })
}

/// Attacks on the sandbox and needs of honest programs, in every box of this machine.
fn hostile_programs() -> Result<Outcome> {
    let questions = catalogue::questions()?;
    let sandbox = course::workshop(&questions[..1])?.sandbox;
    let drill = drill::run(course::root(), &sandbox)?;
    shell::say(&drill.line());
    Ok(Outcome::of((!drill.wrong.is_empty()).then(|| drill.wrong.join("\n"))))
}

fn cargo(args: &[&str], variables: &[(&str, &str)]) -> Result<Outcome> {
    let (fine, text) = cargo_output(args, variables)?;
    Ok(Outcome::of((!fine).then_some(text)))
}

/// Whether cargo succeeded, and all that it printed.
fn cargo_output(args: &[&str], variables: &[(&str, &str)]) -> Result<(bool, String)> {
    let variables = variables.iter().filter(|(_, value)| !value.is_empty());
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(args)
        .envs(variables.copied())
        .current_dir(course::root())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| GraderError::machine(format!("cargo does not start: {error}")))?;
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Ok((output.status.success(), text))
}

/// Counts tests by the closing lines of the test runner.
fn counted((fine, text): (bool, String)) -> Result<Outcome> {
    let (mut passed, mut failed) = (0, 0);
    for line in text.lines().filter(|line| line.starts_with("test result: ")) {
        let number = |word: &str| -> u32 {
            let before = line.split(word).next().unwrap_or_default();
            before.split_whitespace().next_back().and_then(|number| number.parse().ok()).unwrap_or_default()
        };
        passed += number(" passed");
        failed += number(" failed");
    }
    if !fine && failed == 0 {
        failed = 1; // it did not even compile
    }
    if fine && passed == 0 {
        return Err(GraderError::bug("the test runner ran no test"));
    }
    Ok(Outcome { passed, failed, details: text })
}
