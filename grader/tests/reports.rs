//! The reports on some impostors, word for word: what a student reads is part of the product.

use grader::build::Workshop;
use grader::grade::{self, Settings};
use grader::report::{self, Report, Style};
use grader::sandbox::Layers;
use grader::{catalogue, submission};
use std::path::Path;

#[test]
fn failures_read_well() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the course");
    let question = catalogue::find("q4").expect("q4");
    let workshop =
        Workshop::open(root, std::slice::from_ref(&question), || ()).expect("this machine can grade");
    for name in ["two_half_locks", "ab_ba_locks", "lock_held_while_pausing", "poison_panics"] {
        let path = root.join("grader/impostors/q4_locked_list").join(format!("{name}.rs"));
        let answer = submission::read(&question, &path).expect("an impostor");
        let graded = grade::grade(&workshop, &question, &answer, Settings::new(4), &|_| ()).expect("graded");
        let layers = Layers {
            own_user: true,
            hides_course: true,
            limits: true,
            namespaces: false,
            landlock: false,
            seccomp: false,
        };
        let report = Report { layers, questions: vec![graded] };
        insta::assert_snapshot!(format!("report_{name}"), report::human(&report, Style::Plain));
    }
}
