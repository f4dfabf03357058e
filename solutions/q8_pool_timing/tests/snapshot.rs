//! The report on the reference solution, as an instructor sees it.

use grader::build::Workshop;
use grader::grade::{self, Settings};
use grader::report::{self, Report, Style};
use grader::sandbox::Layers;
use grader::{catalogue, submission};
use std::path::Path;

#[test]
fn the_reference_solution_has_full_marks() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = folder.ancestors().nth(2).expect("the course");
    let question = catalogue::find("q8").expect("q8");
    let workshop =
        Workshop::open(root, std::slice::from_ref(&question), || ()).expect("this machine can grade");
    let answer = submission::read(&question, folder).expect("the solution");
    let graded = grade::grade(&workshop, &question, &answer, Settings::new(8), &|_| ()).expect("graded");
    // The layers differ from machine to machine; the report on the answer does not.
    let layers = Layers {
        own_user: true,
        hides_course: true,
        limits: true,
        namespaces: false,
        landlock: false,
        seccomp: false,
    };
    insta::assert_snapshot!(report::human(&Report { layers, questions: vec![graded] }, Style::Plain));
}
