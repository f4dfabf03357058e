//! `bench ipc`: the tools of question 5 for processes beside CPython's and the bare calls. A program of its own measures, since
//! it has to fork; this module runs it and shows what it says.

use super::peers::{self, Table};
use crate::shell;
use clap::ArgMatches;
use grader::Result;
use grader::exit::Exit;

/// What each measure and each ratio of the document is, in the order of the table.
const TABLE: Table = Table {
    of: "worker",
    sizes: &[1, 2, 4],
    measures: &[
        ("pipe_us", "`pipe`: a number there and back [us]"),
        ("queue_us", "`process_queue`: an item, from one process to another [us]"),
        ("append_us", "`manager`: an append of each process to one list [us]"),
        ("array_us", "`value`: 8 MiB of an array read at once [us]"),
        ("grid_us", "`grid`: 1 GiB summed; bare: by threads of one process [us]"),
        ("lock_us", "`locks`: a lock that is free, taken and given back [us]"),
        ("semaphore_us", "`locks`: a permit, taken and given back [us]"),
    ],
    ratios: &[
        ("pipe_python_over_ours", "`pipe`: python / ours"),
        ("pipe_ours_over_bare", "`pipe`: ours / bare"),
        ("queue_python_over_ours", "an item: python / ours"),
        ("queue_ours_over_bare", "an item: ours / bare"),
        ("append_python_over_ours", "an append: python / ours"),
        ("array_python_over_ours", "array: python / ours"),
        ("array_ours_over_bare", "array: ours / bare"),
        ("grid_bare_over_ours", "grid: threads / ours"),
        ("lock_python_over_ours", "lock: python / ours"),
        ("lock_ours_over_bare", "lock: ours / bare"),
        ("semaphore_python_over_ours", "permit: python / ours"),
        ("semaphore_ours_over_bare", "permit: ours / bare"),
    ],
};

pub(super) fn run(flags: &ArgMatches) -> Result<Exit> {
    let rounds = flags.get_one::<u32>("rounds").copied().unwrap_or(15);
    shell::say(&format!("measuring {rounds} rounds, each some seconds long"));
    // Each of its steps has a deadline.
    let document = super::measured_by("bench-processes", "bench-ipc", rounds)?;
    let json = flags.get_one::<String>("format").is_some_and(|format| format == "json");
    shell::report(&if json { document.to_string() } else { peers::table(&document, &TABLE) });
    Ok(Exit::Full)
}
