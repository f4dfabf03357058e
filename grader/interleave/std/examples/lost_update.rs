//! A race of six lines, found, told and searched to its end: `cargo run -p interleave-std --example lost_update`.
//!
//! Here the modelled library is used by its own name. A program that says `std` needs no change at all: see the
//! documentation of the crate `interleave`.

#![expect(clippy::print_stdout, reason = "an example shows something")]

use std::sync::Arc;

use interleave::{Bound, Options, explore, search};
use interleave_std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use interleave_std::thread;

/// Two threads add one each. Sometimes one of them gets lost.
fn two_threads_count() {
    let count = AtomicU32::new(0);
    let add = || count.store(count.load(SeqCst) + 1, SeqCst);
    thread::scope(|scope| {
        scope.spawn(add);
        scope.spawn(add);
    });
    assert_eq!(count.load(SeqCst), 2);
}

fn main() {
    let report = explore(1, 500, Options::default(), Arc::new(two_threads_count));
    println!("chance needed {} schedules", report.schedules);
    if let Some(run) = report.failure {
        println!("{}", run.failure.as_ref().map_or("", |failure| failure.headline.as_str()));
        println!("{}", run.story().join("\n"));
    }
    let found = search(Bound::default(), &Options::default(), &(Arc::new(two_threads_count) as _));
    println!("the search needed {}", found.schedules);
}
