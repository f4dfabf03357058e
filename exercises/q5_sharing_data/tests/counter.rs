//! Visible examples: a first look at what is asked. The grader does not read this file.

use pretty_assertions::assert_eq;
use q5_sharing_data::threads::counter::Counter;
use std::panic::{self, AssertUnwindSafe};
use std::thread;

#[test]
fn nothing_is_lost_between_two_threads() {
    let counter = Counter::new();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..1000).map(|_| counter.add(1)).max());
        }
    });
    assert_eq!(counter.get(), 2000);
}

#[test]
fn a_panic_in_a_change_does_no_harm() {
    let counter = Counter::new();
    assert_eq!(counter.add(7), 7);
    let result = panic::catch_unwind(AssertUnwindSafe(|| counter.update(&mut |_| panic!("not today"))));
    assert!(result.is_err());
    assert_eq!(counter.update(&mut |number| number * 6), 42);
}
