//! Copies reference solutions about threads with the names of the standard library replaced by those of the other engine,
//! so that the test can include them. Knows nothing of what they do.

use std::path::Path;
use std::{env, fs, io};

/// Name and file, below the course's root. They use no time: the other engine has none.
const SOLUTIONS: [(&str, &str); 6] = [
    ("list", "solutions/q4_locked_list/src/lib.rs"),
    ("counter", "solutions/q5_sharing_data/src/threads/counter.rs"),
    ("reentrant", "solutions/q5_sharing_data/src/threads/reentrant.rs"),
    ("handoff", "solutions/q5_sharing_data/src/threads/handoff.rs"),
    ("barrier", "solutions/q5_sharing_data/src/threads/barrier.rs"),
    ("pool", "solutions/q7_thread_pool/src/pool.rs"),
];

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo says where to write"))?;
    for (name, file) in SOLUTIONS {
        let path = root.join(file);
        println!("cargo::rerun-if-changed={}", path.display());
        // What stands at the head of a file cannot be included.
        let heads = |line: &&str| !line.starts_with("//!") && !line.starts_with("#![");
        let text = fs::read_to_string(&path)?;
        let mut text = text.lines().filter(heads).map(|line| format!("{line}\n")).collect::<String>();
        for module in ["sync", "thread", "panic"] {
            text = text.replace(&format!("std::{module}"), &format!("second_opinion::{module}"));
        }
        // The given types stand beside the modules of the test.
        text = text.replace("mod api;\n", "").replace("pub use api::*;", "use super::list_api::*;");
        text = text.replace("crate::api::", "super::pool_api::");
        fs::write(Path::new(&out).join(format!("{name}.rs")), text)?;
    }
    Ok(())
}
