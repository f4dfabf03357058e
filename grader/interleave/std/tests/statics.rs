//! Statics and thread-local values begin every schedule afresh, whatever the one before has done with them.

use std::sync::Arc as RealArc;

use interleave::{Body, Explorer, Options};
use interleave_std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use interleave_std::sync::{Barrier, LazyLock, Mutex, Once, OnceLock, RwLock};
use interleave_std::thread;

static COUNT: AtomicUsize = AtomicUsize::new(5);
static WORDS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static TABLE: RwLock<[Option<Box<u8>>; 3]> = RwLock::new([const { None }; 3]);
static ONCE: Once = Once::new();
static NAME: OnceLock<String> = OnceLock::new();
static LAZY: LazyLock<Mutex<Vec<usize>>> = LazyLock::new(|| Mutex::new(vec![COUNT.load(SeqCst)]));
static MEET: Barrier = Barrier::new(2);

struct Pair {
    left: AtomicUsize,
    right: Mutex<String>,
}

static PAIR: Pair = Pair { left: AtomicUsize::new(1), right: Mutex::new(String::new()) };

interleave_std::thread_local! {
    static LOCAL: std::cell::Cell<u32> = const { std::cell::Cell::new(3) };
}

fn explore(schedules: u32, body: fn()) {
    let body: Body = RealArc::new(body);
    let mut explorer = Explorer::new(1, Options::default());
    for _ in 0..schedules {
        let ran = explorer.next(&body);
        assert!(ran.failure.is_none(), "{:?}\n{}", ran.failure, ran.story().join("\n"));
    }
}

#[test]
fn every_kind_of_static_is_as_the_compiler_made_it() {
    explore(300, || {
        assert_eq!(COUNT.swap(9, SeqCst), 5);
        let other = thread::spawn(|| {
            WORDS.lock().unwrap().push("a word on the heap".to_owned());
            TABLE.write().unwrap()[1] = Some(Box::new(7));
            MEET.wait();
        });
        MEET.wait();
        other.join().unwrap();
        assert_eq!(WORDS.lock().unwrap().len(), 1);
        assert_eq!(TABLE.read().unwrap().iter().flatten().count(), 1);
        assert!(!ONCE.is_completed());
        ONCE.call_once(|| ());
        assert_eq!(NAME.get(), None);
        assert_eq!(NAME.get_or_init(|| "x".repeat(100)).len(), 100);
        LAZY.lock().unwrap().push(1);
        assert_eq!(*LAZY.lock().unwrap(), [9, 1]);
        assert_eq!(PAIR.left.fetch_add(1, SeqCst), 1);
        PAIR.right.lock().unwrap().push_str("text");
        assert_eq!(*PAIR.right.lock().unwrap(), "text");
    });
}

#[test]
fn a_static_is_no_longer_poisoned_or_held_in_the_next_schedule() {
    static HELD: Mutex<u8> = Mutex::new(0);
    let body: Body = RealArc::new(|| {
        assert!(!HELD.is_poisoned());
        let _guard = HELD.lock().unwrap();
        // It waits for itself: the schedule fails, and its thread keeps the lock for ever.
        drop(HELD.lock());
    });
    let mut explorer = Explorer::new(1, Options::default());
    for _ in 0..20 {
        let ran = explorer.next(&body);
        assert!(!ran.is_tainted());
        let failure = ran.failure.expect("the body cannot end");
        assert_eq!(failure.fault, interleave::Fault::SelfDeadlock, "{failure:?}");
    }
    explore(50, || {
        static POISONED: Mutex<u8> = Mutex::new(0);
        assert!(!POISONED.is_poisoned());
        thread::spawn(|| {
            let _guard = POISONED.lock().unwrap();
            panic!("poisons it");
        })
        .join()
        .unwrap_err();
        assert!(POISONED.is_poisoned());
    });
}

#[test]
fn a_static_that_is_used_outside_belongs_to_whoever_does_so() {
    static SEEN: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    SEEN.lock().unwrap().push(1);
    explore(10, || SEEN.lock().unwrap().push(2));
    assert_eq!(SEEN.lock().unwrap().len(), 11);
}

#[test]
fn what_lies_on_the_heap_keeps_its_value() {
    let kept = RealArc::new(Mutex::new(0));
    let inside = RealArc::clone(&kept);
    let body: Body = RealArc::new(move || *inside.lock().unwrap() += 1);
    let mut explorer = Explorer::new(1, Options::default());
    assert!((0..10).all(|_| explorer.next(&body).failure.is_none()));
    assert_eq!(*kept.lock().unwrap(), 10);
}

#[test]
fn thread_local_values_are_new_in_every_thread_of_every_schedule() {
    explore(100, || {
        let threads = [(); 3].map(|()| {
            thread::spawn(|| {
                assert_eq!(LOCAL.replace(4), 3);
                assert_eq!(LOCAL.get(), 4);
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(LOCAL.replace(9), 3);
    });
}
