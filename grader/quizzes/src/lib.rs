//! What a program about threads can print: its output in every schedule.
//!
//! Knows the explorer and nothing of quizzes. What a program prints reaches [`line()`] by a `println!` that stands for
//! the real one.

#![forbid(unsafe_code)]

use interleave::{Body, Bound, Coverage, Options, search};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// How far the search goes: beyond what any of these programs needs, so that it says whether it has seen everything.
const BOUND: Bound = Bound { preemptions: 40, surprises: 8, schedules: 400_000 };

/// What was printed in the present schedule. All its threads share one thread of the system.
static PRINTED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Everything that a program can print.
#[derive(Debug)]
pub struct Explored {
    /// Each possible output, its lines joined by [`BETWEEN_LINES`].
    pub outputs: BTreeSet<String>,
    /// How many schedules were run.
    pub schedules: u32,
    /// Whether there are no others.
    pub is_everything: bool,
    /// What went wrong in a schedule, as in a deadlock: then the outputs are not all.
    pub failure: Option<String>,
}

/// Stands between two lines of an output.
pub const BETWEEN_LINES: &str = " / ";

/// Prints a line, as far as an exploration is concerned. No step by itself.
pub fn line(text: String) {
    printed().push(text);
}

/// Runs `program` in every schedule. One exploration at a time: what was printed is kept in one place.
pub fn explore(program: fn()) -> Explored {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let outputs: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let inside = Arc::clone(&outputs);
    let body: Body = Arc::new(move || {
        printed().clear();
        program();
        let output = printed().join(BETWEEN_LINES);
        inside.lock().unwrap_or_else(PoisonError::into_inner).insert(output);
    });
    // A thread of this name may be left when the program ends, as in reality every thread may.
    let options = Options { daemons: vec!["background".into()], ..Options::default() };
    let found = search(BOUND, &options, &body);
    drop(alone);
    Explored {
        outputs: std::mem::take(&mut *outputs.lock().unwrap_or_else(PoisonError::into_inner)),
        schedules: found.schedules,
        is_everything: found.coverage == Coverage::Everything,
        failure: found.failure.and_then(|ran| ran.failure).map(|failure| failure.headline),
    }
}

fn printed() -> std::sync::MutexGuard<'static, Vec<String>> {
    PRINTED.lock().unwrap_or_else(PoisonError::into_inner)
}
