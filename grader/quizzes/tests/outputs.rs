//! The keys about programs, verified: what a program about threads can print in all schedules, and what the others print.
//!
//! Here `std` means the model (see `Cargo.toml`), so the programs are the very files that students read. Knows nothing of
//! marks.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use grader::quiz::{Form, Item, Quiz};
use quizzes::{BETWEEN_LINES, Explored, explore};

/// A step without any meaning for memory: the order of lines must be free, and nothing may become visible by it.
fn step() {
    static TURN: AtomicU32 = AtomicU32::new(0);
    TURN.fetch_add(1, Relaxed);
}

/// Stands for the real one in the programs below: before each line another thread may go on.
macro_rules! println {
    ($($words:tt)*) => {{
        crate::step();
        quizzes::line(::std::format!($($words)*))
    }};
}

macro_rules! programs {
    ($($slug:ident { threads { $($thread:ident)* } alone { $($alone:ident)* } })*) => {
        $(mod $slug {
            //! The programs of one question.
            #[allow(unreachable_pub, reason = "each stands for a program of its own")]
            pub(crate) mod programs {
                //! A module each.
                $(pub(crate) mod $thread;)*
            }
        })*

        /// The programs about threads, and how to run one. After `main` whoever is left may still print.
        const PROGRAMS: &[(&str, &str, fn())] = &[$($((stringify!($slug), stringify!($thread), || {
            $slug::programs::$thread::main();
            step();
        }),)*)*];
    };
}
include!("../catalogue.rs");

fn quizzes() -> Vec<Quiz> {
    grader::quiz::quizzes().expect("the keys are sound")
}

/// The items that ask for the output of a program.
fn predictions(quizzes: &[Quiz]) -> impl Iterator<Item = (&'static str, &Item)> {
    let of = |quiz: &'_ Quiz| quiz.slug;
    quizzes
        .iter()
        .flat_map(move |quiz| quiz.items.iter().map(move |item| (of(quiz), item)))
        .filter(is_prediction)
}

fn is_prediction((_, item): &(&'static str, &Item)) -> bool {
    item.form == Form::Predict
}

/// What the key says can be printed.
fn keyed(item: &Item) -> BTreeSet<String> {
    item.options.iter().filter(|option| option.right).map(|option| option.text.clone()).collect()
}

fn explored(slug: &str, name: &str) -> Explored {
    let program = PROGRAMS.iter().find(|(of, program, _)| (*of, *program) == (slug, name));
    explore(program.expect("catalogue.rs lists it").2)
}

#[test]
fn the_keys_about_threads_are_what_all_schedules_print() {
    let mut with_several = 0;
    let quizzes = quizzes();
    for (slug, item) in predictions(&quizzes) {
        let program = item.program.expect("a prediction has a program");
        if !program.has_threads {
            continue;
        }
        let Explored { outputs, schedules, is_everything, failure } = explored(slug, program.name);
        assert_eq!(failure, None, "{slug} {}", item.id);
        assert!(is_everything, "{slug} {}: {schedules} schedules are not all", item.id);
        assert_eq!(outputs, keyed(item), "{slug} {}: printed in all schedules, and in the key", item.id);
        with_several += usize::from(outputs.len() > 1);
    }
    assert!(with_several >= 12, "{with_several} programs have more than one output");
}

#[test]
fn the_programs_print_what_the_keys_say_for_real() {
    let quizzes = quizzes();
    for (slug, item) in predictions(&quizzes) {
        let program = item.program.expect("a prediction has a program");
        let output = Command::new(env!("CARGO_BIN_EXE_quizzes"))
            .args([slug, program.name])
            .stdin(Stdio::null())
            .output()
            .expect("the program starts");
        let printed = String::from_utf8(output.stdout).expect("text");
        let printed = printed.lines().collect::<Vec<_>>().join(BETWEEN_LINES);
        assert!(output.status.success(), "{slug} {}: {:?}", item.id, output.status);
        let keyed = keyed(item);
        assert!(keyed.contains(&printed), "{slug} {}: {printed:?} is not in the key", item.id);
        // One run proves nothing of a program that has a choice.
        assert!(program.has_threads || keyed.len() == 1, "{slug} {}: {keyed:?}", item.id);
    }
}

#[test]
fn a_wrong_key_would_be_noticed() {
    let lost = explored("q5_sharing_data", "lost_update");
    assert!(lost.is_everything && lost.schedules > 100, "{lost:?}");
    assert_eq!(lost.outputs, ["1", "2"].map(String::from).into());
    // What can come to no end is no output, and is told.
    let stuck = explore(|| {
        let lock = std::sync::Mutex::new(());
        let _first = lock.lock();
        let _second = lock.lock();
    });
    assert!(stuck.failure.is_some() && !stuck.is_everything, "{stuck:?}");
}
