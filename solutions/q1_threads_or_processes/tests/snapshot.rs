//! The report on the reference solution, as an instructor sees it.

#[path = "../../../grader/tests/shown/solution.rs"]
mod solution;

#[test]
fn the_reference_solution_has_full_marks() {
    insta::assert_snapshot!(solution::report(env!("CARGO_MANIFEST_DIR"), 1));
}
