//! Panics, poison and scopes: exactly as the standard library has them.

use std::sync::Arc;

use interleave::{Explorer, Options};
use interleave_std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use interleave_std::sync::{Condvar, LazyLock, Mutex, Once, OnceLock, RwLock};
use interleave_std::thread;

/// Every schedule of the body must pass.
fn always(body: fn()) {
    let report = interleave::explore(2, 300, Options::default(), Arc::new(body));
    assert!(report.failure.is_none(), "{:?}", report.failure.map(|ran| (ran.failure.clone(), ran.story())));
}

#[test]
fn join_gives_the_value_of_the_panic() {
    always(|| {
        let panic =
            thread::spawn(|| panic!("number {}", interleave_std::hint::black_box(7))).join().unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some("number 7"));
        let panic = thread::spawn(|| resume_unwind(Box::new(7_u8))).join().unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&7_u8));
    });
}

#[test]
fn a_lock_is_poisoned_by_a_panic_of_its_holder_only() {
    always(|| {
        let lock = Arc::new(Mutex::new(1));
        let theirs = Arc::clone(&lock);
        let dying = thread::spawn(move || {
            let _guard = theirs.lock().unwrap();
            panic!("with the lock");
        });
        assert!(dying.join().is_err());
        assert!(lock.is_poisoned());
        let poison = lock.lock().unwrap_err();
        assert_eq!(**poison.get_ref(), 1);
        drop(poison);
        lock.clear_poison();
        assert!(lock.lock().is_ok());
    });
}

#[test]
fn a_reader_poisons_nothing_and_a_writer_does() {
    always(|| {
        let lock = RwLock::new(1);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let _guard = lock.read().unwrap();
            panic!("reading");
        }));
        assert!(caught.is_err() && !lock.is_poisoned());
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let _guard = lock.write().unwrap();
            panic!("writing");
        }));
        assert!(caught.is_err() && lock.is_poisoned() && lock.read().is_err());
    });
}

#[test]
fn a_waiting_thread_learns_of_poison_when_it_wakes() {
    always(|| {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let theirs = Arc::clone(&pair);
        let waiter = thread::spawn(move || {
            let mut set = theirs.0.lock().unwrap_or_else(|poison| poison.into_inner());
            while !*set {
                set = theirs.1.wait(set).unwrap_or_else(|poison| poison.into_inner());
            }
            theirs.0.is_poisoned()
        });
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let mut set = pair.0.lock().unwrap();
            *set = true;
            pair.1.notify_all();
            panic!("after the notification");
        }));
        assert!(caught.is_err());
        assert!(waiter.join().unwrap());
    });
}

#[test]
fn a_bystander_is_not_panicking() {
    always(|| {
        let lock = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&lock);
        let dying = thread::spawn(|| panic!("elsewhere"));
        let bystander = thread::spawn(move || {
            for _ in 0..3 {
                *theirs.lock().unwrap() += 1;
                assert!(!thread::panicking());
            }
        });
        assert!(dying.join().is_err());
        bystander.join().unwrap();
        assert!(!lock.is_poisoned());
    });
}

#[test]
fn a_scope_raises_what_nobody_has_asked_for() {
    always(|| {
        let panic = catch_unwind(|| {
            thread::scope(|scope| {
                scope.spawn(|| panic!("unasked"));
                scope.spawn(|| ());
            });
        });
        assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"a scoped thread panicked"));
    });
}

#[test]
fn a_scope_is_content_if_the_panic_has_been_asked_for() {
    always(|| {
        let asked = thread::scope(|scope| scope.spawn(|| -> u8 { panic!("asked") }).join().is_err());
        assert!(asked);
    });
}

#[test]
fn the_panic_of_the_scope_itself_comes_first() {
    always(|| {
        let panic = catch_unwind(|| {
            thread::scope(|scope| {
                scope.spawn(|| panic!("the thread"));
                resume_unwind(Box::new("the scope"));
            });
        });
        assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"the scope"));
    });
}

#[test]
fn a_scoped_handle_can_be_joined_by_a_sibling() {
    always(|| {
        let sum = thread::scope(|scope| {
            let first = scope.spawn(|| 1);
            let second = scope.spawn(move || first.join().unwrap() + 1);
            drop(second.thread().clone());
            second.join().unwrap()
        });
        assert_eq!(sum, 2);
    });
}

#[test]
fn once_is_poisoned_and_the_cells_follow_the_library() {
    always(|| {
        let once = Once::new();
        assert!(catch_unwind(AssertUnwindSafe(|| once.call_once(|| panic!("first")))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| once.call_once(|| ()))).is_err());
        once.call_once_force(|state| assert!(state.is_poisoned()));
        assert!(once.is_completed());

        let cell = OnceLock::new();
        assert!(catch_unwind(AssertUnwindSafe(|| *cell.get_or_init(|| -> u8 { panic!("first") }))).is_err());
        assert_eq!(cell.get_or_init(|| 5), &5);

        let lazy: LazyLock<u8> = LazyLock::new(|| panic!("first"));
        let message = |result: Result<u8, Box<dyn std::any::Any + Send>>| {
            result.unwrap_err().downcast_ref::<String>().cloned().unwrap_or_default()
        };
        assert!(catch_unwind(AssertUnwindSafe(|| *lazy)).is_err());
        let again = message(catch_unwind(AssertUnwindSafe(|| *lazy)));
        assert_eq!(again, "LazyLock instance has previously been poisoned");
    });
}

#[test]
fn nobody_is_interrupted_while_unwinding() {
    struct Busy(Arc<Mutex<Vec<&'static str>>>);
    impl Drop for Busy {
        fn drop(&mut self) {
            for _ in 0..3 {
                self.0.lock().unwrap_or_else(|poison| poison.into_inner()).push("unwinding");
            }
        }
    }
    always(|| {
        let log = Arc::new(Mutex::new(Vec::new()));
        let (busy, theirs) = (Busy(Arc::clone(&log)), Arc::clone(&log));
        let dying = thread::spawn(move || {
            let _busy = busy;
            panic!("now");
        });
        let other = thread::spawn(move || theirs.lock().map(|mut log| log.push("other")).unwrap());
        assert!(dying.join().is_err());
        other.join().unwrap();
        let log = log.lock().unwrap();
        let first = log.iter().position(|who| *who == "unwinding").unwrap();
        assert_eq!(log[first..first + 3], ["unwinding"; 3]);
    });
}

#[test]
fn every_machine_looks_alike() {
    always(|| assert_eq!(thread::available_parallelism().unwrap().get(), 4));
}

#[test]
fn sixty_threads_in_one_schedule() {
    let body: interleave::Body = Arc::new(|| {
        let count = Mutex::new(0);
        thread::scope(|scope| {
            for _ in 0..60 {
                scope.spawn(|| *count.lock().unwrap() += 1);
            }
        });
        assert_eq!(count.into_inner().unwrap(), 60);
    });
    let mut explorer = Explorer::new(1, Options::default());
    assert!((0..12).all(|_| explorer.next(&body).failure.is_none()));
}

#[test]
fn a_panic_hook_belongs_to_its_schedule() {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    static CALLED: AtomicUsize = AtomicUsize::new(0);
    let mut explorer = interleave::Explorer::new(1, interleave::Options::default());
    let sets: interleave::Body = std::sync::Arc::new(|| {
        interleave_std::panic::set_hook(Box::new(|_| {
            CALLED.fetch_add(1, Relaxed);
        }));
        let _ = interleave_std::thread::spawn(|| panic!("once")).join();
        let own = interleave_std::panic::take_hook();
        let _ = interleave_std::thread::spawn(|| panic!("silent")).join();
        interleave_std::panic::set_hook(own);
    });
    let panics: interleave::Body = std::sync::Arc::new(|| panic!("recorded all the same"));
    for count in 1..20 {
        assert!(explorer.next(&sets).failure.is_none());
        assert_eq!(CALLED.load(Relaxed), count);
        let failure = explorer.next(&panics).failure.expect("it panics");
        assert!(failure.headline.contains("recorded all the same"), "{failure:?}");
        assert_eq!(CALLED.load(Relaxed), count);
    }
}

/// All threads of a schedule share an operating-system thread, whose count of panics is not theirs.
#[test]
fn a_thread_that_waits_while_it_unwinds_makes_no_other_one_panic() {
    struct Joins(Option<thread::JoinHandle<()>>, Arc<RwLock<u8>>);

    impl Drop for Joins {
        fn drop(&mut self) {
            assert!(thread::panicking());
            let lock = Arc::clone(&self.1);
            self.0.take().expect("dropped once").join().expect("it does not panic");
            assert!(thread::panicking() && !lock.is_poisoned());
            // Taken while unwinding: not poisoned by that.
            drop(lock.write().unwrap());
            assert!(!lock.is_poisoned());
        }
    }

    always(|| {
        let lock = Arc::new(RwLock::new(1));
        let mutex = Arc::new(Mutex::new(1));
        let (theirs, theirs_too) = (Arc::clone(&lock), Arc::clone(&mutex));
        let other = thread::spawn(move || {
            for _ in 0..3 {
                *theirs.write().unwrap() += 1;
                *theirs_too.lock().unwrap() += 1;
                assert!(!thread::panicking());
            }
            let caught = catch_unwind(|| panic!("on its own"));
            assert!(caught.is_err() && !thread::panicking());
        });
        let joins = Joins(Some(other), Arc::clone(&lock));
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let _joins = joins;
            panic!("with a thread to wait for");
        }));
        assert!(caught.is_err() && !thread::panicking());
        assert_eq!((*lock.read().unwrap(), *mutex.lock().unwrap()), (4, 4));
    });
}

#[test]
fn a_declared_daemon_is_not_waited_for() {
    fn body() {
        let name = thread::Builder::new().name("beats".to_owned());
        let pulse = Arc::new(Mutex::new(0_u64));
        let theirs = Arc::clone(&pulse);
        name.spawn(move || {
            loop {
                *theirs.lock().unwrap() += 1;
                thread::sleep(std::time::Duration::from_secs(1));
            }
        })
        .unwrap();
        thread::sleep(std::time::Duration::from_secs(5));
        assert!(*pulse.lock().unwrap() <= 7);
    }
    let timed = Options { clock: interleave::Clock::Timed, ..Options::default() };
    let undeclared = interleave::explore(1, 1, timed.clone(), Arc::new(body));
    assert!(undeclared.failure.is_some());
    let options = Options { daemons: vec!["beats".into()], ..timed };
    let declared = interleave::explore(1, 2000, options, Arc::new(body));
    assert!(declared.failure.is_none(), "{:?}", declared.failure.map(|ran| ran.story()));
}

#[test]
fn a_schedule_inside_of_a_schedule_is_refused() {
    let body: interleave::Body = Arc::new(|| {
        let nested = catch_unwind(|| interleave::explore(1, 1, Options::default(), Arc::new(|| ())));
        assert!(nested.is_err());
    });
    assert!(Explorer::new(1, Options::default()).next(&body).failure.is_none());
}
