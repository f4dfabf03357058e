//! What each fault is called, what its headline names, and which panic is reported.

use std::sync::Arc;

use interleave::{Clock, Explorer, Failure, Fault, Options, explore};
use interleave_std::panic::{self, catch_unwind};
use interleave_std::sync::atomic::{AtomicUsize, Ordering};
use interleave_std::sync::{Condvar, Mutex, mpsc};
use interleave_std::thread;
use interleave_std::time::{Duration, Instant};

fn failure_of(body: fn()) -> Failure {
    let report = explore(3, 500, Options::default(), Arc::new(body));
    report.failure.expect("the body is wrong").failure.expect("the run failed")
}

fn is_quiet(body: fn()) {
    let report = explore(3, 300, Options::default(), Arc::new(body));
    assert!(report.failure.is_none(), "{:?}", report.failure.map(|ran| (ran.failure.clone(), ran.story())));
}

#[test]
fn words() {
    let all = [
        Fault::Panic,
        Fault::Deadlock,
        Fault::SelfDeadlock,
        Fault::LostWakeUp,
        Fault::BusyWait,
        Fault::SleepPolling,
        Fault::LeakedThread,
    ];
    assert_eq!(
        all.map(Fault::as_str),
        ["Panic", "Deadlock", "SelfDeadlock", "LostWakeUp", "BusyWait", "SleepPolling", "LeakedThread"]
    );
}

#[test]
fn a_panic_of_main_names_its_place_and_message() {
    let failure = failure_of(|| panic!("no luck"));
    assert_eq!(failure.fault, Fault::Panic);
    assert!(failure.headline.starts_with("main panicked at faults.rs:"), "{failure:?}");
    assert!(failure.headline.ends_with(": no luck"), "{failure:?}");
}

#[test]
fn a_failed_assertion_is_one_sentence() {
    let failure = failure_of(|| assert_eq!(1 + 1, 3, "sums"));
    assert!(
        failure.headline.ends_with("assertion `left == right` failed: sums; left: 2; right: 3"),
        "{failure:?}"
    );
}

#[test]
fn unwrapping_a_failed_join_names_the_panic_behind_it() {
    let failure = failure_of(|| thread::spawn(|| panic!("the cause")).join().unwrap());
    assert_eq!(failure.fault, Fault::Panic);
    assert!(failure.headline.contains("(thread 1 had panicked at faults.rs:"), "{failure:?}");
    assert!(failure.headline.ends_with(": the cause)"), "{failure:?}");
}

/// Waits for its worker when dropped, and the worker waits for a job that never comes.
struct Pool(Option<thread::JoinHandle<()>>, #[expect(dead_code, reason = "held")] mpsc::Sender<()>);

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(worker) = self.0.take() {
            let _ = worker.join();
        }
    }
}

#[test]
fn the_first_panic_is_reported_even_if_a_destructor_then_waits_for_ever() {
    let failure = failure_of(|| {
        let (jobs, receiver) = mpsc::channel();
        let _pool = Pool(Some(thread::spawn(move || receiver.iter().for_each(drop))), jobs);
        assert_eq!(2, 3, "the driver's check");
    });
    assert_eq!(failure.fault, Fault::Panic);
    assert!(failure.headline.contains("the driver's check"), "{failure:?}");
    assert!(failure.waits.iter().any(|wait| wait.starts_with("main waits at")), "{failure:?}");
}

#[test]
fn a_panic_that_was_caught_is_not_the_fault_of_a_later_deadlock() {
    let failure = failure_of(|| {
        assert!(catch_unwind(|| panic!("caught")).is_err());
        let lock = Mutex::new(0);
        let (_first, _second) = (lock.lock(), lock.lock());
    });
    assert_eq!(failure.fault, Fault::SelfDeadlock);
    assert!(failure.headline.starts_with("main locks Mutex#1<i32> again at faults.rs:"), "{failure:?}");
    assert!(failure.headline.contains(" while holding it since faults.rs:"), "{failure:?}");
}

#[test]
fn panics_of_other_threads_are_values() {
    is_quiet(|| assert!(thread::spawn(|| panic!("a value")).join().is_err()));
}

#[test]
fn a_deadlock_names_the_cycle() {
    let failure = failure_of(|| {
        let locks = (Mutex::new(1_u8), Mutex::new("two"));
        thread::scope(|scope| {
            scope.spawn(|| {
                let _second = locks.1.lock();
                let _first = locks.0.lock();
            });
            let _first = locks.0.lock();
            let _second = locks.1.lock();
        });
    });
    assert_eq!(failure.fault, Fault::Deadlock);
    assert!(failure.headline.starts_with("no thread can go on: main waits for Mutex#"), "{failure:?}");
    assert!(failure.headline.contains(", thread 1 waits for Mutex#"), "{failure:?}");
    assert_eq!(failure.waits.len(), 2, "{failure:?}");
    assert!(failure.waits[0].contains("held by thread 1 since faults.rs:"), "{failure:?}");
}

#[test]
fn a_wait_without_any_notification_is_a_plain_deadlock() {
    let failure = failure_of(|| {
        let pair = (Mutex::new(false), Condvar::new());
        drop(pair.1.wait_while(pair.0.lock().unwrap(), |set| !*set));
    });
    assert_eq!(failure.fault, Fault::Deadlock);
    assert_eq!(failure.headline, "no thread can go on: main waits for a notification of Condvar#1");
}

#[test]
fn a_notification_that_woke_the_wrong_thread_is_told_with_its_place() {
    // Two wait for different numbers, and one notification is for whoever gets it.
    let failure = failure_of(|| {
        let shared = Arc::new((Mutex::new(0), Condvar::new()));
        let waiters = [1, 2].map(|wanted| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let number = shared.0.lock().unwrap();
                drop(shared.1.wait_while(number, |number| *number != wanted).unwrap());
            })
        });
        for (number, waiter) in (1..).zip(waiters) {
            *shared.0.lock().unwrap() = number;
            shared.1.notify_one();
            waiter.join().unwrap();
        }
    });
    assert_eq!(failure.fault, Fault::Deadlock);
    let wanted = "thread 1 waits for a notification of Condvar#1; the last one, at faults.rs:";
    assert!(failure.headline.contains(wanted), "{failure:?}");
    assert!(failure.headline.ends_with(", woke thread 2, which waits again"), "{failure:?}");
}

#[test]
fn a_notification_before_the_wait_is_lost() {
    let failure = failure_of(|| {
        let pair = (Mutex::new(false), Condvar::new());
        pair.1.notify_one();
        drop(pair.1.wait_while(pair.0.lock().unwrap(), |set| !*set));
    });
    assert_eq!(failure.fault, Fault::LostWakeUp);
    assert!(failure.headline.contains("waits for a notification of Condvar#1"), "{failure:?}");
    assert!(failure.headline.contains("main notified it at faults.rs:"), "{failure:?}");
}

#[test]
fn a_thread_left_behind_is_named_with_the_line_that_spawned_it() {
    let failure = failure_of(|| {
        let (sender, receiver) = mpsc::channel::<u8>();
        thread::Builder::new().name("left".to_owned()).spawn(move || receiver.recv()).unwrap();
        let _kept_for_ever = Box::leak(Box::new(sender));
    });
    assert_eq!(failure.fault, Fault::LeakedThread);
    assert!(failure.headline.starts_with("left, spawned at faults.rs:"), "{failure:?}");
    assert!(failure.headline.ends_with(" never ends, although the body has returned"), "{failure:?}");
}

#[test]
fn a_thread_that_outlives_the_body_but_ends_is_no_leak() {
    is_quiet(|| drop(thread::spawn(|| thread::sleep(Duration::from_secs(3600)))));
}

#[test]
fn spinning_is_a_busy_wait_and_names_who_spins() {
    let failure = failure_of(|| {
        let done = Arc::new(Mutex::new(false));
        let theirs = Arc::clone(&done);
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(1));
            *theirs.lock().unwrap() = true;
        });
        // Under the adversarial clock the sleep may be over at once, but not in every schedule.
        while !*done.lock().unwrap() {
            thread::yield_now();
        }
    });
    assert_eq!(failure.fault, Fault::BusyWait);
    assert!(failure.headline.starts_with("main keeps running at faults.rs:"), "{failure:?}");
}

#[test]
fn sleeping_in_a_loop_is_polling_only_beyond_the_limit() {
    fn sleeps(count: u32) -> Option<Fault> {
        let body = move || {
            let start = Instant::now();
            for _ in 0..count {
                thread::sleep(Duration::from_millis(1));
            }
            assert!(start.elapsed() >= Duration::from_millis(u64::from(count)));
        };
        let options = Options { clock: Clock::Timed, ..Options::default() };
        let ran = explore(1, 10, options, Arc::new(body)).failure?;
        Some(ran.failure.expect("the run failed").fault)
    }
    assert_eq!((sleeps(64), sleeps(65)), (None, Some(Fault::SleepPolling)));
}

#[test]
fn sleeps_between_which_the_thread_is_woken_are_no_polling() {
    is_quiet(|| {
        let (jobs, receiver) = mpsc::sync_channel(0);
        let worker = thread::spawn(move || {
            for pause in receiver {
                thread::sleep(pause);
            }
        });
        (0..80).for_each(|_| jobs.send(Duration::from_millis(1)).unwrap());
        drop(jobs);
        worker.join().unwrap();
    });
}

#[test]
fn the_explorer_goes_on_after_a_failure() {
    let mut explorer = Explorer::new(1, Options::default());
    let stuck: interleave::Body = Arc::new(|| {
        let lock = Mutex::new(());
        let (_first, _second) = (lock.lock(), lock.lock());
    });
    let fine: interleave::Body = Arc::new(|| drop(thread::spawn(|| ()).join()));
    for _ in 0..20 {
        assert!(explorer.next(&stuck).failure.is_some());
        assert!(explorer.next(&fine).failure.is_none());
    }
}

#[test]
fn a_lock_that_outlives_schedules_and_that_a_stuck_thread_holds_does_not_hang_the_next_one() {
    let lock = Mutex::new(0);
    let mut explorer = Explorer::new(1, Options::default());
    let body: interleave::Body = Arc::new(move || {
        let (_first, _second) = (lock.lock(), lock.lock());
    });
    let first = explorer.next(&body);
    assert!(!first.is_tainted());
    assert_eq!(first.failure.expect("locked twice").fault, Fault::SelfDeadlock);
    let second = explorer.next(&body);
    assert!(second.is_tainted());
    let second = second.failure.expect("still locked");
    assert!(second.headline.contains("still held by a thread of an earlier schedule"), "{second:?}");
}

#[test]
fn of_two_hooks_that_call_the_one_before_them_one_may_be_lost() {
    let failure = failure_of(|| {
        let called = Arc::new(AtomicUsize::new(0));
        let chain = |called: Arc<AtomicUsize>| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                called.fetch_add(1, Ordering::Relaxed);
                before(info);
            }));
        };
        thread::scope(|scope| {
            scope.spawn(|| chain(Arc::clone(&called)));
            scope.spawn(|| chain(Arc::clone(&called)));
        });
        assert!(panic::catch_unwind(|| panic!("on purpose")).is_err());
        assert_eq!(called.load(Ordering::Relaxed), 2);
    });
    assert_eq!(failure.fault, Fault::Panic, "{failure:?}");
}
