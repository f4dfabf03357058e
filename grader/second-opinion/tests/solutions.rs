//! The second opinion: reference solutions about threads under Shuttle's random scheduler, each driven by a small body of
//! its own. Those that need time are left out. Says nothing of the grader's checks.

#![allow(dead_code, unreachable_pub, reason = "the solutions offer more than is used here")]

use second_opinion::sync::{Arc, Mutex};
use second_opinion::thread;

#[path = "../../../solutions/q4_locked_list/src/api.rs"]
mod list_api;
#[path = "../../../solutions/q7_thread_pool/src/api.rs"]
mod pool_api;

/// A module that holds a solution.
macro_rules! solutions {
    ($($name:ident)*) => {
        $(mod $name {
            //! A reference solution under the other engine's names.
            include!(concat!(env!("OUT_DIR"), "/", stringify!($name), ".rs"));
        })*
    };
}

solutions!(list counter reentrant handoff barrier pool);

const SCHEDULES: usize = 1000;

/// Every schedule comes to its end, and nothing in it fails.
fn agrees(body: fn()) {
    let scheduler = shuttle::scheduler::RandomScheduler::new_from_seed(1, SCHEDULES);
    let mut config = shuttle::Config::new();
    config.failure_persistence = shuttle::FailurePersistence::None;
    shuttle::Runner::new(scheduler, config).run(body);
}

#[test]
fn the_list_loses_nothing() {
    agrees(|| {
        let list = list::add_and_remove(&[1, 2, 3], 2, &|| ());
        let removed =
            list.history().iter().filter(|event| matches!(event, list_api::Event::Removed(_))).count();
        assert_eq!(removed + list.into_numbers().len(), 3);
    });
}

#[test]
fn the_counter_counts() {
    agrees(|| {
        let counter = Arc::new(counter::Counter::new());
        let threads = [1, 2].map(|amount| {
            let counter = Arc::clone(&counter);
            thread::spawn(move || {
                counter.add(amount);
                counter.update(&mut |number| number + amount)
            })
        });
        for thread in threads {
            thread.join().expect("no panic");
        }
        assert_eq!(counter.get(), 6);
    });
}

#[test]
fn a_reentrant_lock_lets_one_thread_in() {
    agrees(|| {
        let lock = Arc::new(reentrant::ReentrantLock::new(Mutex::new(0)));
        let threads = [(); 2].map(|()| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                let outer = lock.lock();
                let before = *outer.lock().expect("no panic");
                let inner = lock.lock();
                *inner.lock().expect("no panic") = before + 1;
            })
        });
        for thread in threads {
            thread.join().expect("no panic");
        }
        assert_eq!(*lock.lock().lock().expect("no panic"), 2);
    });
}

#[test]
fn every_item_is_handed_to_one_thread() {
    agrees(|| {
        let handoff = Arc::new(handoff::Handoff::new());
        let givers = [1, 2].map(|item| {
            let handoff = Arc::clone(&handoff);
            thread::spawn(move || handoff.give(item))
        });
        let taker = Arc::clone(&handoff);
        let taker = thread::spawn(move || taker.take() + taker.take());
        for giver in givers {
            giver.join().expect("no panic");
        }
        assert_eq!(taker.join().expect("no panic"), 3);
    });
}

#[test]
fn one_of_a_group_leads() {
    agrees(|| {
        let barrier = Arc::new(barrier::Barrier::new(2));
        let threads = [(); 2].map(|()| {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || [barrier.wait(), barrier.wait()])
        });
        let [a, b] = threads.map(|thread| thread.join().expect("no panic"));
        assert!(a[0] != b[0] && a[1] != b[1]);
    });
}

#[test]
fn a_pool_finishes_what_was_submitted() {
    agrees(|| {
        let pool = pool::ThreadPool::new(2).expect("two threads");
        let broken = pool.submit(|| panic!("on purpose"));
        let results = pool.map([1, 2, 3], |number| number * 2);
        assert_eq!(results, [Ok(2), Ok(4), Ok(6)]);
        let last = pool.submit(|| 7);
        pool.join();
        assert!(broken.result().is_err());
        assert_eq!(last.result(), Ok(7));
    });
}
