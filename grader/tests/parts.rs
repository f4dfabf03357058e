//! Parts are graded apart: what is broken in one costs nothing in another, and only what has changed is graded again.

use grader::build::Workshop;
use grader::cache::Cache;
use grader::catalogue::{self, Question};
use grader::fault::Fault;
use grader::grade::{self, Settings};
use grader::report::QuestionReport;
use grader::submission;
use grader::verdict::Verdict;
use std::path::Path;

/// The reference solution, where one part's file begins with some more text.
fn graded(
    workshop: &Workshop,
    question: &Question,
    changed: &str,
    text: &str,
    cache: Option<&Cache>,
) -> QuestionReport {
    let folder = root().join("solutions").join(question.slug);
    let read = |piece: &Question| {
        let mut answer = submission::read(piece, &folder)?;
        if let Ok(answer) = &mut answer
            && piece.part_name() == changed
        {
            answer.files[0].1.insert_str(0, text);
        }
        Ok(answer)
    };
    grade::grade_pieces(workshop, question, &read, Settings::new(5), cache, &|_| ()).expect("graded")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the course")
}

#[test]
fn a_part_that_does_not_compile_costs_itself_and_a_part_that_has_not_changed_no_time() {
    let question = catalogue::find("q5").expect("q5");
    let workshop =
        Workshop::open(root(), std::slice::from_ref(&question), || ()).expect("this machine can grade");
    let report = graded(&workshop, &question, "event", "pub fn broken( {\n", None);
    for check in &report.checks {
        let broken = check.part.as_deref() == Some("event");
        match &check.verdict {
            Verdict::Pass => assert!(!broken, "{}", check.id),
            Verdict::Fail(finding) => {
                assert!(broken && finding.fault == Fault::CompileError, "{}: {finding:?}", check.id);
            }
            other => panic!("{}: {other:?}", check.id),
        }
    }
    let kept = |text: &str, cache| graded(&workshop, &question, "event", text, Some(cache)).kept;
    let cache = Cache::open(&workshop).expect("a place for verdicts");
    kept("", &cache);
    assert_eq!(kept("", &cache).len(), question.parts.len());
    let others = kept("// Another comment.\n", &cache);
    assert_eq!(others.len(), question.parts.len() - 1);
    assert!(!others.contains(&"event".to_owned()), "{others:?}");
}
