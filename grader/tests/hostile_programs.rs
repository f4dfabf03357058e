//! Programs that attack the sandbox, and honest ones that need something from it, in every box that this
//! machine can make: each outcome is as the table of the crate `hostile` says.

use grader::build::Workshop;
use grader::{catalogue, drill};
use std::path::Path;

#[test]
fn attacks_are_stopped_by_what_the_table_names_and_needs_are_met() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the course");
    let questions = catalogue::questions().expect("the catalogue");
    let workshop = Workshop::open(root, &questions[..1], || ()).expect("this machine can grade");
    let drill = drill::run(root, &workshop.sandbox).expect("hostile programs can be run");
    assert!(drill.wrong.is_empty(), "{}", drill.wrong.join("\n"));
}
