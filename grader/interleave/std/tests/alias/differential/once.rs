//! Once, OnceLock and LazyLock: exactly one run, poisoning, retry, waiting, texts.

use crate::helpers::{Program, attempt, said};

use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, LazyLock, Mutex, Once, OnceLock, mpsc};
use std::thread;

fn once_runs_once() -> String {
    let once = Once::new();
    let runs = AtomicUsize::new(0);
    let before = once.is_completed();
    let seen = thread::scope(|s| {
        let handles: Vec<_> = (0..3)
            .map(|_| {
                s.spawn(|| {
                    once.call_once(|| {
                        thread::yield_now();
                        runs.fetch_add(1, Ordering::Relaxed);
                    });
                    // The run happened before each return of call_once.
                    (runs.load(Ordering::Relaxed), once.is_completed())
                })
            })
            .collect();
        handles.into_iter().map(|h| h.join().unwrap()).collect::<Vec<_>>()
    });
    once.call_once(|| panic!("never called"));
    once.call_once_force(|_| panic!("never called"));
    format!("{before} {seen:?} {once:?}")
}

fn once_poisoned() -> String {
    let once = Once::new();
    let first = attempt(|| once.call_once(|| panic!("first")));
    let second = attempt(|| once.call_once(|| ()));
    let third = attempt(|| once.call_once(|| ()));
    format!("{first:?}; {second:?}; {third:?}; {}", once.is_completed())
}

fn once_force_after_a_panic() -> String {
    let once = Once::new();
    let mut out = Vec::new();
    let first = attempt(|| {
        once.call_once_force(|state| {
            panic!("poisoned {}", state.is_poisoned());
        })
    });
    out.push(format!("{first:?}"));
    let second = attempt(|| once.call_once_force(|state| panic!("now {} {state:?}", state.is_poisoned())));
    out.push(format!("{second:?}"));
    once.call_once_force(|state| out.push(format!("done {}", state.is_poisoned())));
    out.push(format!("{}", once.is_completed()));
    out.push(format!("{:?}", attempt(|| once.call_once(|| ()))));
    out.push(format!("{:?}", attempt(|| once.wait())));
    out.join("\n")
}

fn once_poison_seen_by_other_threads() -> String {
    let once = Arc::new(Once::new());
    let (a, b) = (Arc::clone(&once), Arc::clone(&once));
    let first = thread::spawn(move || a.call_once(|| panic!("in a thread"))).join().map_err(said);
    let second = thread::spawn(move || b.call_once(|| ())).join().map_err(said);
    let mut poisoned = None;
    once.call_once_force(|s| poisoned = Some(s.is_poisoned()));
    format!("{first:?} {second:?} {poisoned:?}")
}

/// One caller runs and panics; the other one, whenever it comes, finds the poison or waits for it.
fn once_waiter_finds_the_poison() -> String {
    let once = Once::new();
    let (tell, told) = mpsc::channel();
    thread::scope(|s| {
        let runner = s.spawn(|| {
            once.call_once(|| {
                tell.send(()).unwrap();
                thread::yield_now();
                panic!("runner");
            })
        });
        told.recv().unwrap();
        let caller = s.spawn(|| once.call_once(|| ()));
        let waiter = s.spawn(|| once.wait());
        let results = [runner, caller, waiter].map(|h| h.join().map_err(said));
        let forced = s.spawn(|| {
            let mut seen = None;
            once.call_once_force(|state| seen = Some(state.is_poisoned()));
            once.wait_force();
            seen
        });
        format!("{results:?} {:?} {}", forced.join().unwrap(), once.is_completed())
    })
}

fn once_wait() -> String {
    let once = Once::new();
    let data = AtomicUsize::new(0);
    let seen = thread::scope(|s| {
        let waiters: Vec<_> = (0..2)
            .map(|n| {
                let (once, data) = (&once, &data);
                s.spawn(move || {
                    if n == 0 {
                        once.wait()
                    } else {
                        once.wait_force()
                    }
                    data.load(Ordering::Relaxed)
                })
            })
            .collect();
        once.call_once(|| data.store(9, Ordering::Relaxed));
        waiters.into_iter().map(|h| h.join().unwrap()).collect::<Vec<_>>()
    });
    once.wait();
    format!("{seen:?}")
}

fn static_once() -> String {
    static START: Once = Once::new();
    static VALUE: Mutex<i32> = Mutex::new(0);
    let handles: Vec<_> =
        (0..2).map(|_| thread::spawn(|| START.call_once(|| *VALUE.lock().unwrap() += 1))).collect();
    for h in handles {
        h.join().unwrap();
    }
    format!("{} {}", START.is_completed(), VALUE.lock().unwrap())
}

fn once_lock_basics() -> String {
    let mut cell = OnceLock::new();
    let mut out = vec![format!("{cell:?} {:?}", cell.get())];
    out.push(format!("{:?}", cell.get_mut()));
    out.push(format!("{:?}", cell.set(1)));
    out.push(format!("{:?}", cell.set(2)));
    out.push(format!("{cell:?} {:?}", cell.get()));
    *cell.get_mut().unwrap() += 10;
    out.push(format!("{}", cell.get_or_init(|| panic!("never called"))));
    out.push(format!("{:?} {cell:?}", cell.take()));
    out.push(format!("{:?}", cell.take()));
    out.push(format!("{}", cell.get_or_init(|| 5)));
    out.push(format!("{cell:#?}"));
    out.push(format!("{:?} {:?}", cell.into_inner(), OnceLock::<i32>::new().into_inner()));
    out.join("\n")
}

fn once_lock_traits() -> String {
    let from = OnceLock::from("x".to_string());
    let empty: OnceLock<String> = OnceLock::default();
    let cloned = from.clone();
    let equal = from == cloned;
    let empties = empty == empty.clone();
    let different = from == empty;
    empty.set("y".to_string()).unwrap();
    format!("{from:?} {cloned:?} {equal} {empties} {different} {}", from == empty)
}

fn once_lock_one_winner() -> String {
    let cell = OnceLock::new();
    let results = thread::scope(|s| {
        let handles: Vec<_> = (0..3)
            .map(|n| {
                let cell = &cell;
                s.spawn(move || (n, cell.set(n)))
            })
            .collect();
        handles.into_iter().map(|h| h.join().unwrap()).collect::<Vec<_>>()
    });
    let winners: Vec<i32> = results.iter().filter(|(_, r)| r.is_ok()).map(|(n, _)| *n).collect();
    let own_back = results.iter().all(|(n, r)| r.is_ok() || *r == Err(*n));
    format!("{} {own_back} {}", winners.len(), cell.get() == winners.first())
}

fn once_lock_get_or_init_once() -> String {
    let cell = OnceLock::new();
    let runs = AtomicUsize::new(0);
    let same = thread::scope(|s| {
        let handles: Vec<_> = (0..3)
            .map(|_| {
                s.spawn(|| {
                    let value: &Vec<usize> = cell.get_or_init(|| vec![runs.fetch_add(1, Ordering::Relaxed)]);
                    (value.as_ptr().addr(), value.clone())
                })
            })
            .collect();
        let all: Vec<_> = handles.into_iter().map(|h| h.join().unwrap()).collect();
        all.iter().all(|v| *v == all[0])
    });
    format!("{same} {} {:?}", runs.load(Ordering::Relaxed), cell.get())
}

fn once_lock_init_panics_then_works() -> String {
    let cell: OnceLock<i32> = OnceLock::new();
    let first = attempt(|| *cell.get_or_init(|| panic!("no value")));
    let between = format!("{cell:?} {:?}", cell.get());
    let second = attempt(|| *cell.get_or_init(|| 3));
    let other: OnceLock<i32> = OnceLock::new();
    let panicked = thread::scope(|s| s.spawn(|| *other.get_or_init(|| panic!("there"))).join().map_err(said));
    let set = other.set(4);
    format!("{first:?}; {between}; {second:?}; {panicked:?}; {set:?}; {other:?}")
}

/// Three inits at once of which only the one of thread 2 does not panic.
fn once_lock_some_inits_panic() -> String {
    let cell = OnceLock::new();
    let barrier = Barrier::new(3);
    let results = thread::scope(|s| {
        let handles: Vec<_> = (0..3)
            .map(|n| {
                let (cell, barrier) = (&cell, &barrier);
                s.spawn(move || {
                    barrier.wait();
                    let got = attempt(|| *cell.get_or_init(|| if n == 2 { "value" } else { panic!("init") }));
                    got == Ok("value") || (n != 2 && got == Err("init".into()))
                })
            })
            .collect();
        handles.into_iter().map(|h| h.join().unwrap()).collect::<Vec<_>>()
    });
    format!("{results:?} {cell:?}")
}

fn once_lock_wait() -> String {
    let cell = OnceLock::new();
    thread::scope(|s| {
        let a = s.spawn(|| *cell.wait() + 1);
        let b = s.spawn(|| *cell.wait() + 2);
        cell.set(40).unwrap();
        format!("{} {} {}", a.join().unwrap(), b.join().unwrap(), cell.wait())
    })
}

fn once_lock_drops_its_value() -> String {
    let count = Arc::new(());
    let cell = OnceLock::new();
    let lost = OnceLock::new();
    cell.set(Arc::clone(&count)).unwrap();
    let refused = cell.set(Arc::clone(&count));
    lost.set(Arc::clone(&count)).unwrap();
    let full = Arc::strong_count(&count);
    drop(refused);
    let after_refused = Arc::strong_count(&count);
    drop(cell);
    let after_cell = Arc::strong_count(&count);
    drop(lost.into_inner());
    format!("{full} {after_refused} {after_cell} {}", Arc::strong_count(&count))
}

fn static_once_lock() -> String {
    static CONFIG: OnceLock<Vec<&'static str>> = OnceLock::new();
    let a = thread::spawn(|| CONFIG.get_or_init(|| vec!["one", "two"]).len());
    let b = thread::spawn(|| CONFIG.get_or_init(|| vec!["one", "two"])[1]);
    format!("{} {} {CONFIG:?}", a.join().unwrap(), b.join().unwrap())
}

fn lazy_lock_basics() -> String {
    let runs = AtomicUsize::new(0);
    let lazy = LazyLock::new(|| {
        runs.fetch_add(1, Ordering::Relaxed);
        String::from("made")
    });
    let before = format!("{lazy:?} {}", runs.load(Ordering::Relaxed));
    let len = lazy.len();
    let forced: &String = LazyLock::force(&lazy);
    let derefed: &String = &lazy;
    let same = ptr::eq(forced, derefed);
    format!("{before} {len} {same} {lazy:?} {}", runs.load(Ordering::Relaxed))
}

fn lazy_lock_poisoned() -> String {
    let lazy: LazyLock<i32> = LazyLock::new(|| panic!("cannot make it"));
    let first = attempt(|| *lazy);
    let second = attempt(|| *lazy + 1);
    let third = attempt(|| *LazyLock::force(&lazy));
    format!("{first:?}; {second:?}; {third:?}; {lazy:?}")
}

fn lazy_lock_poison_in_threads() -> String {
    let lazy: LazyLock<i32> = LazyLock::new(|| panic!("made by nobody"));
    let mut texts = thread::scope(|s| {
        let handles: Vec<_> = (0..3).map(|_| s.spawn(|| *lazy)).collect();
        handles.into_iter().map(|h| said(h.join().unwrap_err())).collect::<Vec<_>>()
    });
    texts.sort();
    texts.join("; ")
}

fn lazy_lock_in_threads() -> String {
    let runs = AtomicUsize::new(0);
    let lazy = LazyLock::new(|| {
        thread::yield_now();
        runs.fetch_add(1, Ordering::Relaxed) + 1
    });
    let seen = thread::scope(|s| {
        let handles: Vec<_> = (0..3).map(|_| s.spawn(|| (*lazy, runs.load(Ordering::Relaxed)))).collect();
        handles.into_iter().map(|h| h.join().unwrap()).collect::<Vec<_>>()
    });
    format!("{seen:?}")
}

fn lazy_lock_static() -> String {
    static TABLE: LazyLock<Vec<u32>> = LazyLock::new(|| (0..5).map(|n| n * n).collect());
    static WORDS: LazyLock<Mutex<Vec<&'static str>>> = LazyLock::new(|| Mutex::new(vec!["start"]));
    *WORDS.lock().unwrap() = vec!["start"];
    let handles: Vec<_> = (0..2)
        .map(|n| {
            thread::spawn(move || {
                WORDS.lock().unwrap().push("more");
                TABLE[n + 2]
            })
        })
        .collect();
    let got: Vec<_> = handles.into_iter().map(|h| h.join().unwrap()).collect();
    format!("{got:?} {:?} {:?}", WORDS.lock().unwrap(), *TABLE)
}

/// Only the second access is told: the first one differs between a fresh and a used process.
fn lazy_lock_static_poisoned() -> String {
    static BROKEN: LazyLock<i32> = LazyLock::new(|| panic!("broken"));
    let first = attempt(|| *BROKEN).is_err();
    let second = attempt(|| *BROKEN);
    let there = thread::spawn(|| *BROKEN).join().map_err(said);
    format!("{first} {second:?} {there:?} {BROKEN:?}")
}

fn lazy_lock_chain() -> String {
    let base = LazyLock::new(|| 2);
    let double = LazyLock::new(|| *base * 10);
    let text = LazyLock::new(|| format!("{} and {}", *base, *double));
    let (a, b) = thread::scope(|s| {
        let a = s.spawn(|| text.clone());
        let b = s.spawn(|| *double);
        (a.join().unwrap(), b.join().unwrap())
    });
    format!("{a}; {b}; {base:?} {double:?} {text:?}")
}

fn lazy_lock_default_and_drop() -> String {
    let default: LazyLock<Vec<u8>> = LazyLock::default();
    let count = Arc::new(());
    let used = LazyLock::new({
        let count = Arc::clone(&count);
        move || count
    });
    let unused = LazyLock::new({
        let count = Arc::clone(&count);
        move || count
    });
    let before = Arc::strong_count(&count);
    let inside = Arc::strong_count(&used);
    drop(used);
    let after_used = Arc::strong_count(&count);
    drop(unused);
    format!("{:?} {before} {inside} {after_used} {}", *default, Arc::strong_count(&count))
}

fn lazy_lock_get_and_force_mut() -> String {
    let mut lazy = LazyLock::new(|| vec![1]);
    let before = [LazyLock::get(&lazy).is_none(), LazyLock::get_mut(&mut lazy).is_none()];
    LazyLock::force_mut(&mut lazy).push(2);
    let after = LazyLock::get_mut(&mut lazy).map(|v| v.len());
    let there = thread::scope(|s| s.spawn(|| LazyLock::get(&lazy).cloned()).join().unwrap());
    let mut bad: LazyLock<i32> = LazyLock::new(|| panic!("by force"));
    let first = attempt(|| *LazyLock::force_mut(&mut bad));
    let second = attempt(|| *LazyLock::force_mut(&mut bad));
    let third = attempt(|| LazyLock::get(&bad).copied());
    format!("{before:?} {after:?} {there:?} {first:?} {second:?} {third:?}")
}

pub const PROGRAMS: &[Program] = &[
    ("once::once_runs_once", once_runs_once),
    ("once::once_poisoned", once_poisoned),
    ("once::once_force_after_a_panic", once_force_after_a_panic),
    ("once::once_poison_seen_by_other_threads", once_poison_seen_by_other_threads),
    ("once::once_waiter_finds_the_poison", once_waiter_finds_the_poison),
    ("once::once_wait", once_wait),
    ("once::static_once", static_once),
    ("once::once_lock_basics", once_lock_basics),
    ("once::once_lock_traits", once_lock_traits),
    ("once::once_lock_one_winner", once_lock_one_winner),
    ("once::once_lock_get_or_init_once", once_lock_get_or_init_once),
    ("once::once_lock_init_panics_then_works", once_lock_init_panics_then_works),
    ("once::once_lock_some_inits_panic", once_lock_some_inits_panic),
    ("once::once_lock_wait", once_lock_wait),
    ("once::once_lock_drops_its_value", once_lock_drops_its_value),
    ("once::static_once_lock", static_once_lock),
    ("once::lazy_lock_basics", lazy_lock_basics),
    ("once::lazy_lock_poisoned", lazy_lock_poisoned),
    ("once::lazy_lock_poison_in_threads", lazy_lock_poison_in_threads),
    ("once::lazy_lock_in_threads", lazy_lock_in_threads),
    ("once::lazy_lock_static", lazy_lock_static),
    ("once::lazy_lock_static_poisoned", lazy_lock_static_poisoned),
    ("once::lazy_lock_chain", lazy_lock_chain),
    ("once::lazy_lock_default_and_drop", lazy_lock_default_and_drop),
    ("once::lazy_lock_get_and_force_mut", lazy_lock_get_and_force_mut),
];
