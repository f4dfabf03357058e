//! Bodies that ask for much. Each ends in a verdict, and nothing is left of it.

use std::sync::Arc as RealArc;
use std::time::Duration;

use interleave::{Body, Clock, Explorer, Fault, Options, Ran};
use interleave_std::sync::atomic::{AtomicU64, Ordering::*};
use interleave_std::sync::{Arc, Mutex, mpsc};
use interleave_std::thread;

fn once(options: Options, body: impl Fn() + Send + Sync + 'static) -> Ran {
    let body: Body = RealArc::new(body);
    Explorer::new(1, options).next(&body)
}

fn fault(ran: &Ran) -> Option<Fault> {
    ran.failure.as_ref().map(|failure| failure.fault)
}

/// Bytes of memory that this process has in use, pages as the kernel counts them.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux has /proc");
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number of pages") * 4096
}

#[test]
fn two_hundred_threads() {
    let ran = once(Options { max_steps: 100_000, ..Options::default() }, || {
        let sum = Arc::new(Mutex::new(0));
        let threads: Vec<_> = (0..200)
            .map(|_| {
                let sum = Arc::clone(&sum);
                thread::spawn(move || *sum.lock().unwrap() += 1)
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*sum.lock().unwrap(), 200);
    });
    assert_eq!(fault(&ran), None, "{:?}", ran.failure);
}

#[test]
fn a_million_steps_take_no_more_memory_than_some_thousands() {
    let options = Options { max_steps: 3_000_000, ..Options::default() };
    let before = resident_bytes();
    let ran = once(options, || {
        let sum = AtomicU64::new(0);
        for number in 0..1_000_000 {
            sum.store(number, Relaxed);
        }
        panic!("the end");
    });
    assert_eq!(fault(&ran), Some(Fault::Panic));
    assert!(ran.steps >= 1_000_000);
    let story = ran.story();
    assert!(story.len() < 50_000 && story[0].ends_with("earlier steps"), "{}", story.len());
    assert!(story.last().is_some_and(|line| line.contains("the end")));
    // Other tests of this program take some, too.
    assert!(resident_bytes().saturating_sub(before) < 200 << 20);
}

#[test]
fn deep_recursion_with_locks_held_on_the_way() {
    fn go_down(locks: &[Mutex<usize>]) -> usize {
        match locks {
            [] => 0,
            [first, rest @ ..] => {
                let guard = first.lock().unwrap();
                *guard + go_down(rest)
            }
        }
    }
    let ran = once(Options { max_steps: 50_000, ..Options::default() }, || {
        let locks: Vec<_> = (0..2000).map(Mutex::new).collect();
        assert_eq!(go_down(&locks), 1999 * 1000);
    });
    assert_eq!(fault(&ran), None, "{:?}", ran.failure);
}

#[test]
fn a_panic_in_a_destructor_is_a_verdict() {
    struct Falls;
    impl Drop for Falls {
        fn drop(&mut self) {
            panic!("while it is dropped");
        }
    }
    let ran = once(Options::default(), || {
        let result = thread::spawn(|| drop(Falls)).join();
        assert!(result.is_err());
        let _falls = Falls;
    });
    let failure = ran.failure.expect("nothing catches the second one");
    assert_eq!(failure.fault, Fault::Panic);
    assert!(failure.headline.contains("while it is dropped"), "{failure:?}");
}

#[test]
fn a_panic_in_a_destructor_of_a_thread_local_is_a_verdict() {
    struct Falls;
    impl Drop for Falls {
        fn drop(&mut self) {
            panic!("as the thread goes");
        }
    }
    interleave_std::thread_local! {
        static FALLS: Falls = const { Falls };
    }
    let ran = once(Options::default(), || {
        let _ = thread::spawn(|| FALLS.with(|_| ())).join();
    });
    let failure = ran.failure.expect("the real library aborts the program");
    assert_eq!(failure.fault, Fault::Panic);
    assert!(failure.headline.contains("as the thread goes"), "{failure:?}");
}

#[test]
fn a_thread_that_sleeps_for_a_year_is_waited_for_and_one_that_waits_for_ever_is_not() {
    let year = Duration::from_secs(365 * 86_400);
    let sleeps = once(Options { clock: Clock::Timed, ..Options::default() }, move || {
        thread::spawn(move || thread::sleep(year));
    });
    assert_eq!(fault(&sleeps), None, "{:?}", sleeps.failure);
    let waits = once(Options::default(), || {
        thread::spawn(|| {
            loop {
                thread::park();
            }
        });
    });
    assert_eq!(fault(&waits), Some(Fault::LeakedThread));
}

fn count(folder: &str) -> usize {
    std::fs::read_dir(folder).expect("Linux has /proc").count()
}

/// Alone in its program, since it counts what the whole process has.
#[test]
fn many_schedules_leave_nothing_behind() {
    if std::env::var_os("INTERLEAVE_ALONE").is_none() {
        let own = std::env::current_exe().expect("a test has a file");
        let output = std::process::Command::new(own)
            .args(["--exact", "many_schedules_leave_nothing_behind", "--nocapture"])
            .env("INTERLEAVE_ALONE", "1")
            .output()
            .expect("it can be started again");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let body: Body = RealArc::new(|| {
        let (sender, receiver) = mpsc::channel();
        let shared = Arc::new(Mutex::new(vec![0]));
        let threads = [1, 2].map(|number| {
            let (sender, shared) = (sender.clone(), Arc::clone(&shared));
            thread::spawn(move || {
                shared.lock().unwrap().push(number);
                sender.send("a text on the heap".repeat(number)).unwrap();
            })
        });
        drop(sender);
        assert_eq!(receiver.iter().count(), 2);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    let schedules = if std::env::var_os("RACECOURSE_DEEP").is_some() { 100_000 } else { 5000 };
    let mut explorer = Explorer::new(1, Options::default());
    let mut run = |schedules: u32| {
        assert!((0..schedules).all(|_| explorer.next(&body).failure.is_none()));
        (count("/proc/self/task"), count("/proc/self/fd"), resident_bytes())
    };
    let (threads, files, bytes) = run(1000);
    let (threads_then, files_then, bytes_then) = run(schedules);
    assert!(threads_then <= threads, "{threads} threads, then {threads_then}");
    assert_eq!(files_then, files);
    assert!(bytes_then < bytes + (1 << 20), "{bytes} bytes, then {bytes_then}");
    failed_schedules_leave_their_values_only();
}

/// No destructor runs in a thread that is given up, but its stack serves another one.
fn failed_schedules_leave_their_values_only() {
    let body: Body = RealArc::new(|| {
        let locks = Arc::new((Mutex::new(()), Mutex::new(())));
        let theirs = Arc::clone(&locks);
        let other = thread::spawn(move || {
            let _first = theirs.1.lock().unwrap();
            let _second = theirs.0.lock().unwrap();
        });
        let _first = locks.0.lock().unwrap();
        let _second = locks.1.lock().unwrap();
        thread::sleep(Duration::from_secs(1));
        drop((_second, _first));
        other.join().unwrap();
        panic!("every schedule fails");
    });
    let mut explorer = Explorer::new(1, Options::default());
    let mut run = |schedules: u32| {
        assert!((0..schedules).all(|_| explorer.next(&body).failure.is_some()));
        let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux has /proc");
        (count("/proc/self/task"), maps.lines().count(), resident_bytes())
    };
    let (threads, maps, bytes) = run(500);
    let (threads_then, maps_then, bytes_then) = run(5000);
    assert_eq!(threads_then, threads);
    assert!(maps_then <= maps + 8, "{maps} mappings, then {maps_then}");
    assert!(bytes_then < bytes + (32 << 20), "{bytes} bytes, then {bytes_then}");
}
