//! Visible examples: a first look at what is asked. The grader does not read this file.

use pretty_assertions::assert_eq;
use q5_sharing_data::threads::barrier::Barrier;
use std::thread;

#[test]
fn of_two_threads_one_is_the_leader_each_time() {
    let barrier = Barrier::new(2);
    let leads = || (0..3).map(|_| barrier.wait()).collect::<Vec<bool>>();
    let (mine, theirs) = thread::scope(|scope| {
        let other = scope.spawn(leads);
        (leads(), other.join().expect("the other thread has come to its end"))
    });
    let opposite: Vec<bool> = theirs.iter().map(|leads| !leads).collect();
    assert_eq!(mine, opposite);
}

#[test]
fn a_group_of_one_never_waits() {
    assert!(Barrier::new(1).wait());
}
