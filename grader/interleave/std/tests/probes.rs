//! What a driver can learn from inside a body, and that asking changes nothing.

use std::sync::Arc;

use interleave::probe::{self, ThreadRef, Waiting};
use interleave::{Body, Clock, Explorer, Fault, Options};
use interleave_std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use interleave_std::sync::{Barrier, Condvar, Mutex, RwLock, mpsc};
use interleave_std::thread;
use interleave_std::time::Duration;

/// Runs a body under schedules in which a sleep means "until all have settled".
fn settled(body: impl Fn() + Send + Sync + 'static) {
    let report =
        interleave::explore(5, 60, Options { clock: Clock::Timed, ..Options::default() }, Arc::new(body));
    assert!(report.failure.is_none(), "{:?}", report.failure.map(|ran| (ran.failure.clone(), ran.story())));
}

fn settle() {
    thread::sleep(Duration::from_millis(1));
}

#[test]
fn outside_a_schedule_there_is_nothing_to_learn() {
    assert_eq!(probe::current(), None);
    assert_eq!(probe::alive(), []);
    assert_eq!(probe::waiting(ThreadRef(0)), Waiting::No);
    assert_eq!(probe::locks_held(ThreadRef(0)), [""; 0]);
    assert_eq!((probe::sleeps(), probe::now()), (0, Duration::ZERO));
    assert!(!probe::has_finished(ThreadRef(0)));
    probe::note("ignored".to_owned());
}

#[test]
fn threads_are_alive_until_they_have_finished() {
    settled(|| {
        assert_eq!(probe::current(), Some(ThreadRef(0)));
        let worker = thread::spawn(|| assert_eq!(probe::current(), Some(ThreadRef(1))));
        assert!(probe::alive().contains(&ThreadRef(0)));
        worker.join().unwrap();
        assert!(probe::has_finished(ThreadRef(1)) && !probe::has_finished(ThreadRef(0)));
        assert_eq!(probe::alive(), [ThreadRef(0)]);
        assert!(!probe::has_finished(ThreadRef(9)), "there is no such thread");
    });
}

#[test]
fn a_thread_that_unwinds_finishes_too() {
    settled(|| {
        drop(thread::spawn(|| panic!("unwinds")));
        settle();
        assert!(probe::has_finished(ThreadRef(1)));
    });
}

#[test]
fn no_more_threads_than_are_left_and_then_as_many_as_one_likes() {
    settled(|| {
        let refused = probe::with_threads_left(1, || {
            let first = thread::Builder::new().spawn(|| 7).expect("there is one left");
            let second = thread::Builder::new().spawn(|| 8).map(drop);
            assert_eq!((first.join().unwrap(), probe::started()), (7, 2));
            second.expect_err("there was only one")
        });
        assert_eq!(refused.kind(), std::io::ErrorKind::WouldBlock);
        assert_eq!(thread::spawn(|| 9).join().unwrap(), 9);
    });
}

#[test]
fn a_refused_thread_is_a_panic_of_spawn_and_nobody_is_blamed_but_the_body() {
    let body = || probe::with_threads_left(0, || drop(thread::spawn(|| ())));
    let report = interleave::explore(5, 9, Options::default(), Arc::new(body));
    let ran = report.failure.expect("`spawn` panics");
    assert_eq!(ran.failure.as_ref().map(|failure| failure.fault), Some(Fault::Panic));
    assert!(!ran.is_tainted());
    assert!(ran.story().iter().any(|line| line.contains("refused")), "{:?}", ran.story());
}

#[test]
fn the_stage_keeps_its_locks_to_itself_and_shows_whom_it_starts() {
    let body = || {
        let lock = Mutex::new(0);
        thread::spawn(|| probe::note("is there".to_owned())).join().unwrap();
        *lock.lock().unwrap() += 1;
    };
    let ran = Explorer::new(5, Options::default()).next(&(Arc::new(body) as Body));
    let has = |story: &[String], words: &str| story.iter().any(|line| line.contains(words));
    let [all, some] = [ran.story(), ran.story_without(|file| file == file!())];
    assert!(has(&all, "unlock Mutex#1") && !has(&some, "Mutex#1"), "{all:?} {some:?}");
    assert!(["spawn", "is there", "join"].iter().all(|words| has(&some, words)), "{some:?}");
    // Who is left keeps its number, and a file that is no stage loses nothing.
    assert!(
        some.iter().all(|line| all.iter().any(|other| other.trim_start() == line.trim_start())),
        "{some:?}"
    );
    assert_eq!(ran.story_without(|file| file == "src/pool.rs"), all);
}

#[test]
fn waiting_for_a_lock_names_the_holders() {
    settled(|| {
        let lock = Arc::new(Mutex::new(vec![0_u64]));
        let guard = lock.lock().unwrap();
        let theirs = Arc::clone(&lock);
        let worker = thread::spawn(move || theirs.lock().map(|list| list.len()).unwrap());
        settle();
        assert_eq!(probe::waiting(ThreadRef(1)), Waiting::LockHeldBy(vec![ThreadRef(0)]));
        assert_eq!(probe::waiting(ThreadRef(0)), Waiting::No);
        let held = probe::locks_held(ThreadRef(0));
        assert_eq!(held.len(), 1);
        assert!(held[0].starts_with("Mutex#1<Vec<u64>> since probes.rs:"), "{held:?}");
        drop(guard);
        assert_eq!(worker.join().unwrap(), 1);
        assert!(probe::locks_held(ThreadRef(0)).is_empty());
    });
}

#[test]
fn readers_all_count_as_holders() {
    settled(|| {
        let lock = Arc::new(RwLock::new(0));
        let guards = (lock.read().unwrap(), lock.read().unwrap());
        let theirs = Arc::clone(&lock);
        let writer = thread::spawn(move || *theirs.write().unwrap() = 1);
        settle();
        assert_eq!(probe::waiting(ThreadRef(1)), Waiting::LockHeldBy(vec![ThreadRef(0), ThreadRef(0)]));
        drop(guards);
        writer.join().unwrap();
    });
}

#[test]
fn every_kind_of_wait_has_its_name() {
    settled(|| {
        let pair = Arc::new((Mutex::new(false), Condvar::new(), Barrier::new(2)));
        let (sender, receiver) = mpsc::channel::<u8>();
        let sharing = || Arc::clone(&pair);
        let (waits, meets) = (sharing(), sharing());
        let on_condvar =
            thread::spawn(move || drop(waits.1.wait_while(waits.0.lock().unwrap(), |set| !*set)));
        let at_barrier = thread::spawn(move || meets.2.wait().is_leader());
        let receiving = thread::spawn(move || receiver.recv().is_err());
        let parked = thread::spawn(|| thread::park_timeout(Duration::from_secs(1)));
        let asleep = thread::spawn(|| thread::sleep(Duration::from_secs(2)));
        let joining = thread::spawn(move || asleep.join().is_ok());
        settle();
        let waits = (1..=6).map(|thread| probe::waiting(ThreadRef(thread))).collect::<Vec<_>>();
        let expected = [
            Waiting::Condvar,
            Waiting::Barrier,
            Waiting::Channel,
            Waiting::Park,
            Waiting::Sleep,
            Waiting::Join(ThreadRef(5)),
        ];
        // A park may return for no reason, and then the thread is gone.
        for (thread, (wait, expected)) in waits.iter().zip(&expected).enumerate() {
            assert!(
                wait == expected || *wait == Waiting::No && thread == 3,
                "thread {}: {wait:?}",
                thread + 1
            );
        }
        assert!((1..=6).all(|thread| probe::locks_held(ThreadRef(thread)).is_empty()));
        *pair.0.lock().unwrap() = true;
        pair.1.notify_one();
        pair.2.wait();
        drop(sender);
        assert!(receiving.join().unwrap() && joining.join().unwrap());
        at_barrier.join().unwrap();
        on_condvar.join().unwrap();
        parked.join().unwrap();
    });
}

#[test]
fn sleeps_are_counted_and_time_is_virtual() {
    settled(|| {
        thread::sleep(Duration::from_secs(3600));
        let worker = thread::spawn(|| thread::sleep(Duration::from_secs(60)));
        worker.join().unwrap();
        assert_eq!((probe::sleeps(), probe::now()), (2, Duration::from_secs(3660)));
    });
}

fn three_updates() {
    let lock = Arc::new(Mutex::new(0));
    let workers = [(); 2].map(|()| {
        let lock = Arc::clone(&lock);
        thread::spawn(move || *lock.lock().unwrap() += 1)
    });
    *lock.lock().unwrap() += 1;
    for worker in workers {
        worker.join().unwrap();
    }
}

#[test]
fn asking_changes_no_schedule() {
    let silent: Body = Arc::new(three_updates);
    let curious: Body = Arc::new(|| {
        let _ = (probe::alive(), probe::sleeps(), probe::now(), probe::waiting(ThreadRef(1)));
        let _ = (probe::locks_held(ThreadRef(0)), probe::has_finished(ThreadRef(1)), probe::current());
        three_updates();
        let _ = probe::alive();
    });
    let stories = |body: &Body| {
        let mut explorer = Explorer::new(11, Options::default());
        (0..30).map(|_| explorer.next(body).story()).collect::<Vec<_>>()
    };
    assert_eq!(stories(&silent), stories(&curious));
}

#[test]
fn a_note_is_a_line_of_the_story_and_no_step() {
    let body: Body = Arc::new(|| probe::note("two\nlines".to_owned()));
    let ran = Explorer::new(1, Options::default()).next(&body);
    let story = ran.story().join("\n");
    assert!(story.contains("main  -- two; lines"), "{story}");
    assert_eq!(ran.steps, 1, "only the end of the thread is a step");
}

#[test]
fn a_wait_with_a_meaning_is_told_by_it_and_blames_no_notification() {
    let body = |meaning: bool| {
        move || {
            let (came, gate) = (Mutex::new(false), Condvar::new());
            gate.notify_all();
            let wait = || drop(gate.wait_while(came.lock().unwrap(), |came| !*came));
            if meaning { probe::waiting_for("a task to begin", wait) } else { wait() }
        }
    };
    let headline = |meaning: bool| {
        let report = interleave::explore(5, 10, Options::default(), Arc::new(body(meaning)));
        report.failure.unwrap().failure.clone().unwrap().headline
    };
    assert_eq!(headline(true), "no thread can go on: main waits for a task to begin");
    assert!(headline(false).contains("when nobody was waiting"), "{}", headline(false));
    assert_eq!(probe::waiting_for("nothing", || 7), 7, "outside a schedule it just waits");
}

#[test]
fn a_meaning_ends_with_its_wait() {
    let report = interleave::explore(
        5,
        10,
        Options::default(),
        Arc::new(|| {
            probe::waiting_for("a task to begin", || ());
            drop(Condvar::new().wait(Mutex::new(()).lock().unwrap()));
        }),
    );
    let headline = report.failure.unwrap().failure.clone().unwrap().headline;
    assert!(headline.contains("a notification of Condvar#1"), "{headline}");
}

#[test]
fn a_panic_that_is_meant_is_no_failure() {
    struct WaitsForEver;
    impl Drop for WaitsForEver {
        fn drop(&mut self) {
            drop(Condvar::new().wait(Mutex::new(()).lock().unwrap()));
        }
    }
    let body = |meant: bool| {
        move || {
            let owner = || {
                let _held = WaitsForEver;
                panic!("stuck");
            };
            if meant { probe::panicking_on_purpose(owner) } else { owner() }
        }
    };
    let kind = |meant: bool| {
        let report = interleave::explore(5, 10, Options::default(), Arc::new(body(meant)));
        report.failure.unwrap().failure.clone().unwrap().fault
    };
    assert_eq!([kind(true), kind(false)], [Fault::Deadlock, Fault::Panic]);
    // It ends with its body.
    let twice = || {
        drop(interleave_std::panic::catch_unwind(|| probe::panicking_on_purpose(|| panic!("meant"))));
        let _held = WaitsForEver;
        panic!("stuck");
    };
    let report = interleave::explore(5, 10, Options::default(), Arc::new(twice));
    assert_eq!(report.failure.unwrap().failure.clone().unwrap().fault, Fault::Panic);
}

#[test]
fn whoever_hurries_goes_first_until_it_waits_or_yields() {
    let body = || {
        let count = Arc::new(AtomicU32::new(0));
        let others: Vec<_> = (0..2)
            .map(|_| {
                let count = Arc::clone(&count);
                thread::spawn(move || (0..5).for_each(|_| _ = count.fetch_add(1, SeqCst)))
            })
            .collect();
        probe::hurry();
        let before = count.load(SeqCst);
        assert!((0..9).all(|_| count.load(SeqCst) == before), "somebody else took a step");
        // Nobody hurries for ever: each of these turns lets somebody else go first.
        (0..200).filter(|_| count.load(SeqCst) < 10).for_each(|_| thread::yield_now());
        assert_eq!(count.load(SeqCst), 10);
        others.into_iter().for_each(|other| other.join().unwrap());
    };
    let report = interleave::explore(7, 300, Options::default(), Arc::new(body));
    assert!(report.failure.is_none(), "{:?}", report.failure.map(|run| run.failure));
}
