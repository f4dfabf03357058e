//! The report on a reference solution, as an instructor sees it: the body of each solution's own
//! test, which asserts the snapshot.

#[path = "mod.rs"]
mod shown;

use grader::build::Workshop;
use grader::catalogue::{self, Question};
use grader::grade::{self, Settings};
use grader::submission;
use std::path::Path;

/// Grades the solution in `folder`; the question's number is the seed.
pub(crate) fn report(folder: &str, number: u32) -> String {
    let folder = Path::new(folder);
    let root = folder.ancestors().nth(2).expect("the course");
    let question = catalogue::find(&format!("q{number}")).expect("a question");
    let workshop =
        Workshop::open(root, std::slice::from_ref(&question), || ()).expect("this machine can grade");
    let read = |piece: &Question| submission::read(piece, folder);
    let graded = grade::grade_pieces(&workshop, &question, &read, Settings::new(number), None, &|_| ());
    shown::text(graded.expect("graded"))
}
