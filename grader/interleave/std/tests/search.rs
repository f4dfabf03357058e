//! The search that leaves no schedule out.

use std::sync::Arc as RealArc;

use interleave::{Bound, Coverage, Fault, Found, Options, search};
use interleave_std::sync::atomic::{AtomicBool, AtomicU32, Ordering::*};
use interleave_std::sync::{Arc, Condvar, Mutex};
use interleave_std::{hint, thread};

fn find(preemptions: u32, surprises: u32, body: fn()) -> Found {
    let body: interleave::Body = RealArc::new(body);
    let bound = Bound { preemptions, surprises, schedules: 50_000 };
    let found = search(bound, &Options::default(), &body);
    // The same again: nothing but the arguments decides.
    let again = search(bound, &Options::default(), &body);
    assert_eq!((found.schedules, found.coverage), (again.schedules, again.coverage));
    assert_eq!(
        found.failure.as_ref().map(interleave::Ran::story),
        again.failure.as_ref().map(interleave::Ran::story)
    );
    found
}

fn fault(found: &Found) -> Option<Fault> {
    found.failure.as_ref().and_then(|ran| ran.failure.as_ref()).map(|failure| failure.fault)
}

fn lost_update() {
    let sum = Arc::new(AtomicU32::new(0));
    let add = |sum: &AtomicU32| sum.store(sum.load(SeqCst) + 1, SeqCst);
    let theirs = Arc::clone(&sum);
    let other = thread::spawn(move || add(&theirs));
    add(&sum);
    other.join().unwrap();
    assert_eq!(sum.load(SeqCst), 2);
}

#[test]
fn a_bug_that_takes_a_preemption_is_found_with_one_and_not_with_none() {
    let none = find(0, 0, lost_update);
    assert_eq!((fault(&none), none.coverage), (None, Coverage::WithinBound));
    let one = find(1, 0, lost_update);
    assert_eq!((fault(&one), one.coverage), (Some(Fault::Panic), Coverage::Part));
}

#[test]
fn a_small_body_is_seen_whole() {
    let found = find(9, 9, || {
        let sum = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&sum);
        let other = thread::spawn(move || *theirs.lock().unwrap() += 1);
        *sum.lock().unwrap() += 1;
        other.join().unwrap();
        assert_eq!(*sum.lock().unwrap(), 2);
    });
    assert_eq!((fault(&found), found.coverage), (None, Coverage::Everything));
    assert!(found.schedules > 10, "{}", found.schedules);
}

#[test]
fn spurious_wake_ups_and_failures_are_surprises() {
    let waits_once = || {
        let ready = Arc::new((Mutex::new(false), Condvar::new()));
        let theirs = Arc::clone(&ready);
        let other = thread::spawn(move || {
            *theirs.0.lock().unwrap() = true;
            theirs.1.notify_one();
        });
        let mut guard = ready.0.lock().unwrap();
        if !*guard {
            guard = ready.1.wait(guard).unwrap();
        }
        assert!(*guard);
        drop(guard);
        other.join().unwrap();
    };
    assert_eq!(fault(&find(2, 0, waits_once)), None);
    assert_eq!(fault(&find(2, 1, waits_once)), Some(Fault::Panic));
    let exchanges_once = || {
        let flag = AtomicBool::new(false);
        assert!(flag.compare_exchange_weak(false, true, SeqCst, SeqCst).is_ok());
    };
    assert_eq!(fault(&find(0, 0, exchanges_once)), None);
    assert_eq!(fault(&find(0, 1, exchanges_once)), Some(Fault::Panic));
}

#[test]
fn a_deadlock_needs_one_preemption() {
    let found = find(3, 0, || {
        let locks = Arc::new((Mutex::new(()), Mutex::new(())));
        let theirs = Arc::clone(&locks);
        let other = thread::spawn(move || {
            let _second = theirs.1.lock().unwrap();
            let _first = theirs.0.lock().unwrap();
        });
        let first = locks.0.lock().unwrap();
        let second = locks.1.lock().unwrap();
        drop((first, second));
        other.join().unwrap();
    });
    assert_eq!(fault(&found), Some(Fault::Deadlock));
    assert!(found.schedules < 50, "{}", found.schedules);
}

#[test]
fn stale_reads_are_among_what_is_searched() {
    let publish = |store, load| {
        let memory = Arc::new((AtomicU32::new(0), AtomicBool::new(false)));
        let theirs = Arc::clone(&memory);
        let other = thread::spawn(move || {
            theirs.0.store(42, Relaxed);
            theirs.1.store(true, store);
        });
        if memory.1.load(load) {
            assert_eq!(memory.0.load(Relaxed), 42);
        }
        other.join().unwrap();
    };
    let relaxed: interleave::Body = RealArc::new(move || publish(Relaxed, Relaxed));
    let found = search(Bound::default(), &Options::default(), &relaxed);
    assert_eq!(fault(&found), Some(Fault::Panic));
    assert!(found.failure.is_some_and(|ran| ran.read_old_value()));
    let right: interleave::Body = RealArc::new(move || publish(Release, Acquire));
    let found = search(Bound { preemptions: 9, ..Bound::default() }, &Options::default(), &right);
    assert_eq!((fault(&found), found.coverage), (None, Coverage::Everything));
}

#[test]
fn loops_that_look_for_something_end() {
    let found = find(1, 0, || {
        let flags = Arc::new((AtomicBool::new(false), AtomicBool::new(false)));
        let spawn = |first: bool| {
            let flags = Arc::clone(&flags);
            thread::spawn(move || {
                let (wanted, own) = if first { (&flags.0, &flags.1) } else { (&flags.1, &flags.0) };
                while !wanted.load(SeqCst) {
                    hint::spin_loop();
                }
                own.store(true, SeqCst);
            })
        };
        let waiting = [spawn(true), spawn(false)];
        flags.0.store(true, SeqCst);
        waiting.into_iter().for_each(|thread| thread.join().unwrap());
    });
    assert_eq!(fault(&found), None);
    assert_ne!(found.coverage, Coverage::Part);
}

#[test]
fn the_number_of_schedules_is_a_limit() {
    let body: interleave::Body = RealArc::new(lost_update);
    let bound = Bound { preemptions: 1, surprises: 0, schedules: 1 };
    let found = search(bound, &Options::default(), &body);
    assert_eq!((found.schedules, found.coverage), (1, Coverage::Part));
}
