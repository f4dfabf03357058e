//! What an answer may not do to the grader: make it be built again, or change what it holds.
//!
//! Knows cargo's list of the files that a program was built from, and no question.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Students save their files again and again. If the grader were built from any of them, every command would wait for
/// the compiler, and `reset` would hand out the answer as the stub.
#[test]
fn the_grader_is_not_built_from_files_that_students_write() {
    // `cargo test` builds the program and leaves an old list in place; `cargo build` writes it anew.
    let built =
        Command::new(env!("CARGO")).args(["build", "--quiet", "--package", "xtask"]).status().unwrap();
    assert!(built.success());
    let list = Path::new(env!("CARGO_BIN_EXE_xtask")).with_extension("d");
    let list = fs::read_to_string(list).unwrap();
    assert!(list.contains("grader/src/lib.rs"), "the list is not what this test takes it for: {list}");
    let written = |file: &&str| {
        file.contains("/exercises/")
            && !file.contains("/exercises/toolkit/")
            && !file.ends_with("/exercise.toml")
    };
    assert_eq!(list.split_whitespace().filter(written).collect::<Vec<_>>(), [""; 0]);
}
