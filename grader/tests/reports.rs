//! The reports on some impostors, word for word: what a student reads is part of the product.

mod shown;

use grader::build::Workshop;
use grader::{bank, catalogue};
use std::path::Path;

/// Failures that come out word for word the same each time: those of processes leave out what the
/// kernel decides, such as who is first.
const SAMPLES: [(&str, &[&str]); 8] = [
    ("q4", &["two_half_locks", "ab_ba_locks", "lock_held_while_pausing", "poison_panics"]),
    ("q2", &["frame_truncated_is_none", "foreign_ticket", "leaks_parent_ends"]),
    ("q8", &["speed_up_upside_down"]),
    ("q5 queue", &["one_condvar"]),
    ("q5 reentrant", &["forgets_nesting"]),
    ("q6 accounts", &["one_lock_at_a_time"]),
    ("q6 resources", &["asks_the_thread"]),
    ("q7 pool", &["worker_trusts_its_wake_up"]),
];

#[test]
fn failures_read_well() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the course");
    let questions = catalogue::questions().expect("the catalogue");
    let workshop = Workshop::open(root, &questions, || ()).expect("this machine can grade");
    for (short, names) in SAMPLES {
        let (short, part) = short.split_once(' ').unwrap_or((short, ""));
        let whole = catalogue::find(short).expect("a question");
        let question = whole.pieces().into_iter().find(|piece| part.is_empty() || piece.part_name() == part);
        let question = question.expect("a part");
        let samples = bank::samples(root, &question).expect("the bank");
        for name in names {
            let sample = samples.iter().find(|sample| sample.name == format!("impostor {name}"));
            let answer = sample.expect("an impostor").read(root, &question).expect("its files");
            let text = shown::report(&workshop, &question, &answer, 4);
            insta::assert_snapshot!(format!("report_{name}"), text);
        }
    }
}
