//! Visible examples: a first look at what is asked. The grader does not read this file.

use pretty_assertions::assert_eq;
use q5_sharing_data::threads::reentrant::ReentrantLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

/// Locks once for each level of a call that calls itself.
fn factorial(lock: &ReentrantLock<AtomicU64>, number: u64) -> u64 {
    let calls = lock.lock();
    calls.fetch_add(1, Relaxed);
    if number < 2 { 1 } else { number * factorial(lock, number - 1) }
}

#[test]
fn a_thread_may_lock_again_what_it_holds() {
    let lock = ReentrantLock::new(AtomicU64::new(0));
    assert_eq!(factorial(&lock, 5), 120);
    assert_eq!(lock.lock().load(Relaxed), 5);
}

#[test]
fn when_all_guards_are_gone_it_is_anothers_turn() {
    let lock = ReentrantLock::new(AtomicU64::new(0));
    let (outer, inner) = (lock.lock(), lock.lock());
    thread::scope(|scope| {
        let other = scope.spawn(|| lock.lock().load(Relaxed));
        drop(outer);
        inner.store(7, Relaxed);
        drop(inner);
        assert_eq!(other.join().expect("it does not panic"), 7);
    });
}
