//! `bench pools`: the process pool of question 2 beside its peers. A program of its own measures, since
//! it has to fork; this module runs it and shows what it says.

use super::bars;
use crate::shell;
use clap::ArgMatches;
use grader::exit::Exit;
use grader::{GraderError, Result};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// What each measure of the document is, in the order of the table.
const MEASURES: [(&str, &str); 7] = [
    ("q8_total_us", "question 8, start + map + stop [us]"),
    ("q8_map_us", "question 8, map alone [us]"),
    ("tiny_each_us", "10,000 tiny tasks, one by one [us]"),
    ("tiny_chunked_us", "10,000 tiny tasks, in chunks [us]"),
    ("round_trip_us", "a task's bytes there and back, per trip [us]"),
    ("large_async_us", "8 batches of 8 frames of 100 KB, apply_async [us]"),
    ("large_chunked_us", "the same frames, map_chunked [us]"),
];

/// What each ratio is.
const RATIOS: [(&str, &str); 5] = [
    ("q8_total_python_over_pool", "question 8 in all: python / pool"),
    ("q8_map_python_over_pool", "question 8, map: python / pool"),
    ("tiny_each_python_over_pool", "one by one: python / pool"),
    ("tiny_chunked_python_over_pool", "in chunks: python / pool"),
    ("map_per_task_over_round_trip", "one by one, a task: pool / bare round trip"),
];

/// The numbers of workers; 1 only where there is no peer with several.
const SIZES: [u64; 4] = [1, 2, 4, 8];

pub(super) fn run(flags: &ArgMatches) -> Result<Exit> {
    let rounds = flags.get_one::<u32>("rounds").copied().unwrap_or(15);
    shell::say(&format!("measuring {rounds} rounds, each a few seconds long"));
    // Each of its steps has a deadline.
    let document = super::measured_by("bench-pools", rounds)?;
    if let Some(path) = flags.get_one::<PathBuf>("svg") {
        let title = "Squares of 1 to 10: start, map and stop of a pool, in milliseconds";
        fs::write(path, bars::chart(title, &document, "q8_total_us"))
            .map_err(|error| GraderError::file("write", path, error))?;
    }
    let json = flags.get_one::<String>("format").is_some_and(|format| format == "json");
    shell::report(&if json { document.to_string() } else { table(&document) });
    Ok(Exit::Full)
}

/// The document for people.
fn table(document: &Value) -> String {
    let python = document["python"].as_str().map_or("no python3 found".to_owned(), |v| format!("python {v}"));
    let mut lines = vec![format!(
        "{} interleaved rounds, medians; {} processors; {python}",
        document["rounds"], document["processors"]
    )];
    let row = |label: &str, cells: [Option<String>; 4]| {
        let cells = cells.map(|cell| format!("{:>12}", cell.unwrap_or_default()));
        format!("{label:<44}{}", cells.concat()).trim_end().to_owned()
    };
    lines.push(row("", SIZES.map(|size| Some(format!("{size} worker{}", if size == 1 { "" } else { "s" })))));
    for (measure, label) in MEASURES {
        lines.push(label.to_owned());
        for contender in contenders(document, measure) {
            let cell = |size| value(document, measure, &contender, size).map(|us| format!("{us:.1}"));
            lines.push(row(&format!("    {contender}"), SIZES.map(cell)));
        }
        if document["python"].is_null()
            && RATIOS.iter().any(|(name, _)| name.starts_with(&measure[..measure.len() - 3]))
        {
            lines.push("    python: no python3 found".to_owned());
        }
    }
    lines.push("ratios of medians".to_owned());
    for (name, label) in RATIOS {
        let ratios = document["ratios"].as_array().into_iter().flatten();
        let of = |size: u64| {
            let mut found = ratios.clone().filter(|ratio| ratio["name"] == name && ratio["workers"] == size);
            found.next().and_then(|ratio| ratio["ratio"].as_f64()).map(|ratio| format!("{ratio:.2}"))
        };
        lines.push(row(&format!("    {label}"), SIZES.map(of)));
    }
    lines.join("\n")
}

/// Everybody who has figures for a measure.
pub(super) fn contenders(document: &Value, measure: &str) -> Vec<String> {
    let figures = document["figures"].as_array().into_iter().flatten();
    let of_measure = figures.filter(|figure| figure["measure"] == measure);
    let mut names: Vec<String> =
        of_measure.filter_map(|figure| figure["contender"].as_str().map(str::to_owned)).collect();
    names.dedup(); // the document is sorted
    names
}

/// One median.
pub(super) fn value(document: &Value, measure: &str, contender: &str, workers: u64) -> Option<f64> {
    let mut figures = document["figures"].as_array()?.iter();
    let wanted = |figure: &&Value| {
        figure["measure"] == measure && figure["contender"] == contender && figure["workers"] == workers
    };
    figures.find(wanted)?["median"].as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_missing_peer_is_named_and_has_no_ratio() {
        let document = json!({
            "rounds": 3, "processors": 2, "python": null, "ratios": [],
            "figures": [{ "measure": "q8_map_us", "contender": "pool", "workers": 2, "median": 1.25 }],
        });
        let table = table(&document);
        assert!(table.contains("3 interleaved rounds, medians; 2 processors; no python3 found"), "{table}");
        assert!(table.contains("python: no python3 found"), "{table}");
        assert_eq!(value(&document, "q8_map_us", "pool", 2), Some(1.25));
        assert_eq!(contenders(&document, "q8_map_us"), ["pool"]);
    }
}
