//! Copies reference solutions about threads with the names of the standard library replaced by those of the other engine,
//! so that the test can include them. Knows nothing of what they do.

use std::path::Path;
use std::{env, fs, io};

/// Name, file below the course's root, and the module of the test in which the given types stand.
const SOLUTIONS: [(&str, &str, &str); 9] = [
    ("jobs", "solutions/q1_threads_or_processes/src/threads.rs", "jobs_api"),
    ("list", "solutions/q4_locked_list/src/lib.rs", "list_api"),
    ("counter", "solutions/q5_sharing_data/src/threads/counter.rs", ""),
    ("reentrant", "solutions/q5_sharing_data/src/threads/reentrant.rs", ""),
    ("handoff", "solutions/q5_sharing_data/src/threads/handoff.rs", ""),
    ("barrier", "solutions/q5_sharing_data/src/threads/barrier.rs", ""),
    ("accounts", "solutions/q6_failures/src/accounts.rs", "failures_api"),
    ("futures", "solutions/q6_failures/src/futures.rs", "failures_api"),
    ("pool", "solutions/q7_thread_pool/src/pool.rs", "pool_api"),
];

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo says where to write"))?;
    // Which they are: the test has a reason for each of the others.
    let files: String = SOLUTIONS.iter().map(|(_, file, _)| format!("{file}\n")).collect();
    fs::write(Path::new(&out).join("solutions.txt"), files)?;
    for (name, file, api) in SOLUTIONS {
        let path = root.join(file);
        println!("cargo::rerun-if-changed={}", path.display());
        // What stands at the head of a file cannot be included.
        let heads = |line: &&str| !line.starts_with("//!") && !line.starts_with("#![");
        let text = fs::read_to_string(&path)?;
        let mut text = text.lines().filter(heads).map(|line| format!("{line}\n")).collect::<String>();
        for module in ["sync", "thread", "panic"] {
            text = text.replace(&format!("std::{module}"), &format!("second_opinion::{module}"));
        }
        // Shuttle's ends of a channel can be shown only if what goes through it can; nobody looks here.
        text = text.replace("#[derive(Debug)]\n", "");
        // The given types stand beside the modules of the test.
        text = text.replace("mod api;\n", "").replace("pub use api::*;", &format!("use super::{api}::*;"));
        text = text.replace("crate::api::", &format!("super::{api}::"));
        fs::write(Path::new(&out).join(format!("{name}.rs")), text)?;
    }
    Ok(())
}
