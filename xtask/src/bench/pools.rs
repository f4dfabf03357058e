//! `bench pools`: the process pool of question 2 beside its peers. A program of its own measures, since
//! it has to fork; this module runs it and shows what it says.

use super::bars;
use super::peers::{self, Table};
use crate::shell;
use clap::ArgMatches;
use grader::exit::Exit;
use grader::{GraderError, Result};
use std::fs;
use std::path::PathBuf;

/// What each measure and each ratio of the document is, in the order of the table.
const TABLE: Table = Table {
    of: "worker",
    sizes: &[1, 2, 4, 8], // 1 only where there is no peer with several
    measures: MEASURES,
    ratios: RATIOS,
};

const MEASURES: &[(&str, &str)] = &[
    ("q8_total_us", "question 8, start + map + stop [us]"),
    ("q8_map_us", "question 8, map alone [us]"),
    ("tiny_each_us", "10,000 tiny tasks, one by one [us]"),
    ("tiny_chunked_us", "10,000 tiny tasks, in chunks [us]"),
    ("round_trip_us", "a task's bytes there and back, per trip [us]"),
    ("large_async_us", "8 batches of 8 frames of 100 KB, apply_async [us]"),
    ("large_chunked_us", "the same frames, map_chunked [us]"),
];

const RATIOS: &[(&str, &str)] = &[
    ("q8_total_python_over_pool", "question 8 in all: python / pool"),
    ("q8_map_python_over_pool", "question 8, map: python / pool"),
    ("tiny_each_python_over_pool", "one by one: python / pool"),
    ("tiny_chunked_python_over_pool", "in chunks: python / pool"),
    ("map_per_task_over_round_trip", "one by one, a task: pool / bare round trip"),
];

pub(super) fn run(flags: &ArgMatches) -> Result<Exit> {
    let rounds = flags.get_one::<u32>("rounds").copied().unwrap_or(15);
    shell::say(&format!("measuring {rounds} rounds, each a few seconds long"));
    // Each of its steps has a deadline.
    let document = super::measured_by("bench-processes", "bench-pools", rounds)?;
    if let Some(path) = flags.get_one::<PathBuf>("svg") {
        let title = "Squares of 1 to 10: start, map and stop of a pool, in milliseconds";
        fs::write(path, bars::chart(title, &document, "q8_total_us"))
            .map_err(|error| GraderError::file("write", path, error))?;
    }
    let json = flags.get_one::<String>("format").is_some_and(|format| format == "json");
    shell::report(&if json { document.to_string() } else { peers::table(&document, &TABLE) });
    Ok(Exit::Full)
}
