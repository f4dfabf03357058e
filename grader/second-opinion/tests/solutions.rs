//! The second opinion: reference solutions about threads under Shuttle's random scheduler, each driven by a small body of
//! its own. Those that cannot be asked about are listed with the reason. Says nothing of the grader's checks.

#![allow(dead_code, unreachable_pub, reason = "the solutions offer more than is used here")]

use second_opinion::sync::{Arc, Mutex};
use second_opinion::thread;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[path = "../../../solutions/q6_failures/src/api.rs"]
mod failures_api;
#[path = "../../../solutions/q1_threads_or_processes/src/api.rs"]
mod jobs_api;
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

solutions!(accounts barrier counter futures handoff jobs list pool reentrant);

/// What Shuttle cannot be asked about, and why: files and folders below the course's root.
const LEFT_OUT: [(&str, &str); 15] = [
    ("solutions/q2_process_pool/", PROCESSES),
    ("solutions/q5_sharing_data/src/number.rs", PROCESSES),
    ("solutions/q5_sharing_data/src/processes/", PROCESSES),
    ("solutions/q5_sharing_data/src/threads/event.rs", TIME),
    ("solutions/q5_sharing_data/src/threads/local.rs", LOCALS),
    ("solutions/q5_sharing_data/src/threads/queue.rs", TIME),
    ("solutions/q5_sharing_data/src/threads/semaphore.rs", TIME),
    ("solutions/q6_failures/src/context.rs", LOCALS),
    ("solutions/q6_failures/src/daemon.rs", TIME),
    ("solutions/q6_failures/src/processes.rs", PROCESSES),
    ("solutions/q6_failures/src/retry.rs", TIME),
    ("solutions/q6_failures/src/threads.rs", "it sets the panic hook, and Shuttle has its own there"),
    ("solutions/q7_thread_pool/src/api.rs", "types alone"),
    ("solutions/q7_thread_pool/src/with_rayon.rs", "the threads are rayon's, which no engine models"),
    ("solutions/q8_pool_timing/", PROCESSES),
];

const PROCESSES: &str = "it is about processes";
const TIME: &str = "it waits with a limit or sleeps, and Shuttle has no clock";
const LOCALS: &str =
    "it has thread-local values of std, and all threads of Shuttle's are one of the system's";

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

#[test]
fn jobs_run_in_threads_and_none_is_lost() {
    agrees(|| {
        let (one, two) = (Mutex::new(1), || 2);
        let counts = || {
            let mut number = one.lock().expect("no panic");
            *number += 1;
            *number
        };
        let done = jobs::in_threads(&[&counts, &two, &counts]);
        let numbers = [2, 3].map(jobs_api::Outcome::Done);
        assert_eq!(done[1], jobs_api::Outcome::Done(2));
        assert!(numbers.iter().all(|number| [&done[0], &done[2]].contains(&number)));
    });
}

#[test]
fn transfers_lose_no_money() {
    agrees(|| {
        let bank = Arc::new(accounts::Bank::new(&[5, 5]));
        let threads = [(0, 1), (1, 0)].map(|(from, to)| {
            let bank = Arc::clone(&bank);
            thread::spawn(move || bank.transfer(from, to, 4, &|_| 1))
        });
        for thread in threads {
            thread.join().expect("no panic").expect("money enough");
        }
        assert_eq!((bank.total(), bank.fees()), (10, 2));
    });
}

#[test]
fn futures_come_to_an_end_each() {
    agrees(|| {
        let executor = futures::Executor::new(2).expect("two threads");
        let broken = executor.submit(|| -> u64 { panic!("on purpose") });
        let cancelled = executor.submit(|| 1);
        let was_cancelled = cancelled.cancel();
        let done: BTreeSet<u64> = futures::as_completed(vec![executor.submit(|| 2), executor.submit(|| 3)])
            .map(|(_, result)| result.expect("a result"))
            .collect();
        assert_eq!(done, BTreeSet::from([2, 3]));
        assert!(matches!(broken.result(), Err(failures_api::FutureError::Panicked { .. })));
        assert_eq!(cancelled.result().is_err(), was_cancelled);
    });
}

/// Every source file below a folder.
fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for item in fs::read_dir(folder).expect("a folder").map(|item| item.expect("a name").path()) {
        match item.is_dir() {
            true => sources(&item, found),
            false => found.push(item),
        }
    }
}

#[test]
fn every_solution_with_threads_is_asked_about_or_has_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let asked: Vec<&str> = include_str!(concat!(env!("OUT_DIR"), "/solutions.txt")).lines().collect();
    let mut all = Vec::new();
    sources(&root.join("solutions"), &mut all);
    let mut used = BTreeSet::new();
    for path in all {
        let name = path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap_or_default();
        let is_source = name.contains("/src/") && name.ends_with(".rs");
        let has_threads = ["std::sync", "std::thread", "thread_local!", "rayon::"];
        if !is_source || !has_threads.iter().any(|word| text.contains(word)) {
            continue;
        }
        let reason = LEFT_OUT.iter().position(|(left_out, _)| name.starts_with(left_out));
        assert_ne!(
            asked.contains(&name.as_str()),
            reason.is_some(),
            "{name}: asked about, or a reason why not"
        );
        used.extend(reason);
    }
    let idle: Vec<&str> =
        (0..LEFT_OUT.len()).filter(|place| !used.contains(place)).map(|place| LEFT_OUT[place].0).collect();
    assert!(idle.is_empty(), "left out, and not there: {idle:?}");
}
