//! Visible examples: a first look at what is asked. The grader does not read this file.

use pretty_assertions::assert_eq;
use q5_sharing_data::threads::local::{context, with_context};
use std::thread;

#[test]
fn the_innermost_context_counts() {
    let seen = with_context("order 7", || {
        let inner = with_context("payment", context);
        (inner, context())
    });
    assert_eq!(seen, (Some("payment".to_owned()), Some("order 7".to_owned())));
    assert_eq!(context(), None);
}

#[test]
fn another_thread_has_a_context_of_its_own() {
    let theirs = with_context("mine", || thread::spawn(context).join());
    assert_eq!(theirs.expect("it has come to its end"), None);
}
