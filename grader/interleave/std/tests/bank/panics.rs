//! Panics: who hears of them, what they poison, what they leave behind.

use interleave::Fault::{Deadlock, LostWakeUp, Panic};
use interleave_std::panic::{AssertUnwindSafe, catch_unwind};
use interleave_std::sync::{Arc, Condvar, Mutex};
use interleave_std::thread;

use crate::case::{Case, bug, correct};

#[derive(Default)]
struct Permit {
    taken: Mutex<bool>,
    freed: Condvar,
}

impl Permit {
    fn acquire(&self) {
        let taken = self.taken.lock().unwrap();
        *self.freed.wait_while(taken, |taken| *taken).unwrap() = true;
    }

    fn release(&self) {
        *self.taken.lock().unwrap() = false;
        self.freed.notify_one();
    }
}

struct GivenBack<'a>(&'a Permit);

impl Drop for GivenBack<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}

fn panic_with_permit(guarded: bool) {
    let permit = Arc::new(Permit::default());
    let workers = [true, false].map(|fails| {
        let permit = Arc::clone(&permit);
        thread::spawn(move || {
            permit.acquire();
            let guard = guarded.then(|| GivenBack(&permit));
            assert!(!fails, "the work failed");
            if guard.is_none() {
                permit.release();
            }
        })
    });
    assert_eq!(workers.map(|worker| worker.join().is_err()), [true, false]);
}

type Task = fn() -> i32;

fn run_all(tasks: [Task; 2], report: bool) -> Result<Vec<i32>, String> {
    let threads = tasks.map(thread::spawn);
    let mut results = Vec::new();
    for thread in threads {
        match thread.join() {
            Ok(result) => results.push(result),
            Err(panic) if report => return Err((*panic.downcast_ref::<&str>().unwrap_or(&"?")).to_owned()),
            Err(_) => (),
        }
    }
    Ok(results)
}

const ONE_FAILS: [Task; 2] = [|| 1, || panic!("boom")];

/// A thread dies half-way through an update of two halves that belong together.
fn half_updated(recover: fn(&Mutex<(i32, i32)>)) {
    let pair = Arc::new(Mutex::new((0, 0)));
    let dying = {
        let pair = Arc::clone(&pair);
        thread::spawn(move || {
            let mut pair = pair.lock().unwrap();
            pair.0 += 1;
            assert!(pair.0 > 1, "half-way");
            pair.1 += 1;
        })
    };
    assert!(dying.join().is_err());
    recover(&pair);
    let pair = pair.lock().unwrap_or_else(|poison| poison.into_inner());
    assert_eq!(pair.0, pair.1, "the halves no longer belong together");
}

fn ignore_poison(pair: &Mutex<(i32, i32)>) {
    let mut pair = pair.lock().unwrap_or_else(|poison| poison.into_inner());
    pair.0 += 1;
    pair.1 += 1;
}

fn repair(pair: &Mutex<(i32, i32)>) {
    let mut guard = pair.lock().unwrap_or_else(|poison| {
        let mut guard = poison.into_inner();
        guard.1 = guard.0;
        pair.clear_poison();
        guard
    });
    guard.0 += 1;
    guard.1 += 1;
}

/// One thread unwinds while another holds its own lock, which must stay clean.
fn bystander() {
    let (doomed, clean) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
    let dying = {
        let doomed = Arc::clone(&doomed);
        thread::spawn(move || {
            let _guard = doomed.lock().unwrap();
            panic!("dies with the lock");
        })
    };
    let bystander = {
        let clean = Arc::clone(&clean);
        thread::spawn(move || {
            for _ in 0..2 {
                *clean.lock().unwrap() += 1;
                assert!(!thread::panicking());
            }
        })
    };
    assert!(dying.join().is_err());
    bystander.join().unwrap();
    assert!(doomed.is_poisoned() && !clean.is_poisoned());
}

fn scope_raises_again() {
    let unasked = catch_unwind(|| thread::scope(|scope| drop(scope.spawn(|| panic!("unasked")))));
    assert_eq!(unasked.unwrap_err().downcast_ref(), Some(&"a scoped thread panicked"));
    let asked = thread::scope(|scope| scope.spawn(|| -> i32 { panic!("asked") }).join().is_err());
    assert!(asked);
}

/// Nobody asks for the result, so a failed check inside the thread is never heard of.
fn unheard(join: bool) {
    let total = Arc::new(Mutex::new(0));
    let worker = {
        let total = Arc::clone(&total);
        thread::spawn(move || {
            let mut total = total.lock().unwrap();
            assert_eq!(*total, 0);
            *total = 1;
        })
    };
    if join {
        worker.join().unwrap();
    }
    assert_eq!(*total.lock().unwrap(), 1, "the thread was never joined");
}

/// A worker that panics while it holds the lock takes the others down with it.
fn poison_spreads(catch_outside: bool) {
    let done = Arc::new(Mutex::new(0));
    let workers = [true, false].map(|fails| {
        let done = Arc::clone(&done);
        thread::spawn(move || {
            let work = || assert!(!fails, "the work failed");
            if catch_outside {
                let _ = catch_unwind(AssertUnwindSafe(work));
                *done.lock().unwrap() += 1;
            } else {
                let mut done = done.lock().unwrap();
                work();
                *done += 1;
            }
        })
    });
    let [_, healthy] = workers.map(|worker| worker.join());
    assert!(healthy.is_ok(), "a healthy worker died of another's panic");
}

pub(crate) const CASES: &[Case] = &[
    bug("permit_lost_in_a_panic", &[Deadlock, LostWakeUp], || panic_with_permit(false)),
    correct("permit_given_back_by_a_guard", || panic_with_permit(true)),
    bug("panic_swallowed", &[Panic], || assert!(run_all(ONE_FAILS, false).is_err())),
    correct("panic_reported", || assert_eq!(run_all(ONE_FAILS, true), Err("boom".to_owned()))),
    bug("poison_ignored", &[Panic], || half_updated(ignore_poison)),
    correct("poison_repaired", || half_updated(repair)),
    correct("bystander_not_poisoned", bystander),
    correct("scope_raises_again", scope_raises_again),
    bug("never_joined", &[Panic], || unheard(false)),
    correct("joined", || unheard(true)),
    bug("poison_spreads_to_a_healthy_worker", &[Panic], || poison_spreads(false)),
    correct("panic_caught_outside_the_lock", || poison_spreads(true)),
];
