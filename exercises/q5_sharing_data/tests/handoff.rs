//! Visible examples: a first look at what is asked. The grader does not read this file.

use pretty_assertions::assert_eq;
use q5_sharing_data::threads::handoff::Handoff;
use std::cell::Cell;
use std::thread;

#[test]
fn an_item_goes_from_one_thread_to_another() {
    let handoff = Handoff::new();
    thread::scope(|scope| {
        scope.spawn(|| handoff.give("a letter".to_owned()));
        assert_eq!(handoff.take(), "a letter");
    });
}

#[test]
fn an_item_need_not_be_anything_but_sendable() {
    let handoff = Handoff::new();
    thread::scope(|scope| {
        scope.spawn(|| [1, 2, 3].map(|number| handoff.give(Cell::new(number))));
        let sum: i32 = (0..3).map(|_| handoff.take().get()).sum();
        assert_eq!(sum, 6);
    });
}
