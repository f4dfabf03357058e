//! Visible examples: a first look at what is asked. The grader does not read this file.

use pretty_assertions::assert_eq;
use q6_failures::api::Action;
use q6_failures::context::{report, with_handler};
use std::thread;

#[test]
fn the_innermost_handler_decides() {
    assert_eq!(report("nobody listens"), Action::Stop);
    let seen = with_handler(
        |_| Action::Skip,
        || {
            let inner = with_handler(|_| Action::Retry, || report("inside"));
            (inner, report("outside"))
        },
    );
    assert_eq!(seen, (Action::Retry, Action::Skip));
    assert_eq!(report("nobody listens any more"), Action::Stop);
}

#[test]
fn another_thread_has_handlers_of_its_own() {
    let elsewhere = with_handler(
        |_| Action::Skip,
        || thread::spawn(|| report("in another thread")).join().expect("no panic"),
    );
    assert_eq!(elsewhere, Action::Stop);
}

#[test]
fn a_handler_may_ask_further_out() {
    let outer = |error: &str| if error == "may I?" { Action::Retry } else { Action::Stop };
    let asked = with_handler(outer, || with_handler(|_| report("may I?"), || report("it broke")));
    assert_eq!(asked, Action::Retry);
}
