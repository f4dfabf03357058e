//! `bench engine`: schedules per second of the explorer, beside Shuttle's over the same bodies. A program of its own
//! measures, so that the other engine is built for nobody else; this module runs it and shows what it says.

use crate::shell;
use clap::ArgMatches;
use grader::Result;
use grader::exit::Exit;
use serde_json::Value;

pub(super) fn run(flags: &ArgMatches) -> Result<Exit> {
    let rounds = flags.get_one::<u32>("rounds").copied().unwrap_or(15);
    shell::say(&format!("measuring {rounds} rounds, two seconds each"));
    let document = super::measured_by("second-opinion", "second-opinion", rounds)?;
    let json = flags.get_one::<String>("format").is_some_and(|format| format == "json");
    shell::report(&if json { document.to_string() } else { table(&document) });
    Ok(Exit::Full)
}

/// The document for people.
fn table(document: &Value) -> String {
    let mut lines = vec![
        format!("{} interleaved rounds, medians, schedules per second", document["rounds"]),
        format!("{:<38}{:>8}{:>12}{:>10}{:>8}", "body", "steps", "interleave", "Shuttle", "ratio"),
    ];
    for body in document["bodies"].as_array().into_iter().flatten() {
        lines.push(format!(
            "{:<38}{:>8}{:>12}{:>10}{:>8.2}",
            body["body"].as_str().unwrap_or_default(),
            body["most_steps"].as_u64().unwrap_or_default(),
            body["interleave_per_s"].as_f64().unwrap_or_default(),
            body["shuttle_per_s"].as_f64().unwrap_or_default(),
            body["ratio"].as_f64().unwrap_or_default(),
        ));
    }
    lines.join("\n")
}
