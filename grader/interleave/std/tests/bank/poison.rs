//! Poison: who sees it, who heals it, and what it does not tell.

use interleave::Fault::{BusyWait, Deadlock, LostWakeUp, Panic};
use interleave_std::panic::{AssertUnwindSafe, catch_unwind};
use interleave_std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use interleave_std::thread;

use crate::case::{Case, bug, correct};

/// Two halves that belong together.
type Pair = Mutex<(i32, i32)>;

fn lock_anyway<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Dies between the first half and the second.
fn break_in_two(pair: &Pair) {
    let broken = catch_unwind(AssertUnwindSafe(|| {
        let mut pair = lock_anyway(pair);
        pair.0 += 1;
        panic!("half-way");
    }));
    assert!(broken.is_err());
}

/// One thread heals the pair, another looks at it or breaks it again. If it is clean, it must be whole.
fn heal(heal: fn(&Pair), other: fn(&Pair)) {
    let pair = Mutex::new((0, 0));
    break_in_two(&pair);
    thread::scope(|scope| {
        scope.spawn(|| heal(&pair));
        other(&pair);
    });
    look(&pair);
}

fn look(pair: &Pair) {
    if let Ok(pair) = pair.lock() {
        assert_eq!(pair.0, pair.1, "clean, but broken");
    }
}

fn clear_then_repair(pair: &Pair) {
    pair.clear_poison();
    let mut pair = lock_anyway(pair);
    pair.1 = pair.0;
}

fn repair_then_clear(pair: &Pair) {
    let mut guard = lock_anyway(pair);
    guard.1 = guard.0;
    pair.clear_poison();
}

fn repair_then_clear_later(pair: &Pair) {
    let mut guard = lock_anyway(pair);
    guard.1 = guard.0;
    drop(guard);
    pair.clear_poison();
}

/// A thread that panics with the lock.
fn dies_with(lock: &Arc<Mutex<i32>>) -> thread::JoinHandle<()> {
    let lock = Arc::clone(lock);
    thread::spawn(move || {
        let _guard = lock.lock();
        panic!("dies with the lock");
    })
}

/// Another holder may die at any moment: clean a moment ago does not mean clean.
fn count_unless_poisoned(count: fn(&Mutex<i32>)) {
    let number = Arc::new(Mutex::new(0));
    let dying = dies_with(&number);
    count(&number);
    assert!(dying.join().is_err());
    assert!(number.is_poisoned());
}

fn look_then_unwrap(number: &Mutex<i32>) {
    if !number.is_poisoned() {
        *number.lock().unwrap() += 1;
    }
}

fn lock_and_see(number: &Mutex<i32>) {
    if let Ok(mut number) = number.lock() {
        *number += 1;
    }
}

/// Moves money to an account that may be closed. The panic in the middle poisons nothing useful.
fn transfer_to_closed(look_first: bool) {
    let (from, to) = (Mutex::new(10), Mutex::new((0, false)));
    thread::scope(|scope| {
        scope.spawn(|| lock_anyway(&to).1 = true);
        let _ = catch_unwind(AssertUnwindSafe(|| {
            if !look_first {
                *from.lock().unwrap() -= 5;
            }
            let mut to = lock_anyway(&to);
            assert!(!to.1, "the account is closed");
            if look_first {
                *from.lock().unwrap() -= 5;
            }
            to.0 += 5;
        }));
    });
    assert_eq!(*lock_anyway(&from) + lock_anyway(&to).0, 10, "money got lost in a panic");
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Notifier {
    DiesBefore,
    DiesAfter,
}

/// The flag's setter dies with the lock. The waiter sees both flag and poison, if it wakes up at all.
fn setter_dies(notifier: Notifier, minds_poison: bool) {
    let shared = Arc::new((Mutex::new(false), Condvar::new()));
    let waiter = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            let mut set = shared.0.lock().unwrap_or_else(|poison| {
                assert!(!minds_poison);
                poison.into_inner()
            });
            while !*set {
                set = shared.1.wait(set).unwrap_or_else(|poison| {
                    assert!(!minds_poison);
                    poison.into_inner()
                });
            }
        })
    };
    let dead = catch_unwind(AssertUnwindSafe(|| {
        let mut set = lock_anyway(&shared.0);
        *set = true;
        assert!(notifier == Notifier::DiesAfter, "dies before it tells");
        shared.1.notify_all();
        panic!("dies after it has told");
    }));
    assert!(dead.is_err());
    waiter.join().expect("the waiter died of the setter's poison");
}

/// Two workers count until one finds that it is enough, and its poison stops the other.
fn poison_as_a_stop_sign() {
    let number = Mutex::new(0);
    let ended = thread::scope(|scope| {
        let workers = [(); 2].map(|()| {
            scope.spawn(|| {
                while let Ok(mut number) = number.lock() {
                    assert!(*number < 3, "enough");
                    *number += 1;
                }
            })
        });
        workers.map(|worker| worker.join().is_ok())
    });
    assert_ne!(ended[0], ended[1]);
    assert_eq!(*lock_anyway(&number), 3);
}

/// Tries until it has the lock. A poisoned lock is free, but not without an error.
fn tries_until_free(poison_is_free: bool) {
    let number = Arc::new(Mutex::new(0));
    let dying = dies_with(&number);
    let guard = loop {
        match number.try_lock() {
            Ok(guard) => break guard,
            Err(TryLockError::Poisoned(poison)) if poison_is_free => break poison.into_inner(),
            Err(_) => thread::yield_now(),
        }
    };
    drop(guard);
    assert!(dying.join().is_err());
}

/// A reader that dies poisons nothing, and nobody need care.
fn reader_dies() {
    let number = RwLock::new(0);
    thread::scope(|scope| {
        let dying = scope.spawn(|| {
            let _guard = number.read().unwrap();
            panic!("dies reading");
        });
        *number.write().unwrap() += 1;
        assert!(dying.join().is_err());
    });
    assert_eq!(number.into_inner().unwrap(), 1);
}

/// The only owner that is left takes the number out, poisoned or not.
fn last_owner_takes_it(minds_poison: bool) {
    let number = Arc::new(Mutex::new(1));
    let workers = [1, 2].map(|limit| {
        let number = Arc::clone(&number);
        thread::spawn(move || {
            let mut number = lock_anyway(&number);
            *number += 1;
            assert!(*number > limit, "dies if it comes first");
        })
    });
    let dead = workers.map(|worker| worker.join().is_err());
    let number = Arc::into_inner(number).unwrap();
    let number = if minds_poison {
        number.into_inner().expect("poisoned")
    } else {
        number.into_inner().unwrap_or_else(PoisonError::into_inner)
    };
    assert_eq!(number, 3, "{dead:?}");
}

pub(crate) const CASES: &[Case] = &[
    // Wrong: between the clearing and the repair the other thread finds a clean but broken pair.
    bug("poison_cleared_before_the_repair", &[Panic], || heal(clear_then_repair, look)),
    // Right: cleared under the guard of the repair.
    correct("poison_cleared_under_the_guard", || heal(repair_then_clear, look)),
    // Right: as long as nobody breaks it again, the clearing may come after the guard.
    correct("poison_cleared_after_the_guard", || heal(repair_then_clear_later, look)),
    // Wrong: the pair is broken again after the guard, and the clearing is for the wrong poison.
    bug("poison_of_another_cleared", &[Panic], || heal(repair_then_clear_later, break_in_two)),
    // Right: broken before the repair or after the clearing, never in between.
    correct("poison_comes_again", || heal(repair_then_clear, break_in_two)),
    // Wrong: the other dies between the look and the lock.
    bug("poison_looked_for_then_unwrapped", &[Panic], || count_unless_poisoned(look_then_unwrap)),
    // Right: the lock itself tells.
    correct("poison_told_by_the_lock", || count_unless_poisoned(lock_and_see)),
    // Wrong: the money has left one account when the other turns out to be closed.
    bug("panic_between_two_locks", &[Panic], || transfer_to_closed(false)),
    // Right: nothing is changed before everything has been looked at.
    correct("panic_before_any_change", || transfer_to_closed(true)),
    // Wrong: poison wakes nobody; a waiter that sleeps by then is never told.
    bug("poison_wakes_nobody", &[Deadlock, LostWakeUp], || setter_dies(Notifier::DiesBefore, false)),
    // Wrong: the flag is up, but the waiter dies of the poison that comes with it.
    bug("waiter_dies_of_poison", &[Panic], || setter_dies(Notifier::DiesAfter, true)),
    // Right: the waiter looks at the flag, poisoned or not.
    correct("waiter_survives_poison", || setter_dies(Notifier::DiesAfter, false)),
    // Right: exactly one worker dies, and the other ends at its poison.
    correct("poison_as_a_stop_sign", poison_as_a_stop_sign),
    // Wrong: takes the poison for a lock that is held, and tries for ever.
    bug("poison_taken_for_a_held_lock", &[BusyWait], || tries_until_free(false)),
    // Right: a poisoned try is a success with a warning.
    correct("poison_taken_for_a_free_lock", || tries_until_free(true)),
    // Right: guards for reading do not poison, whoever is first.
    correct("reader_dies_without_poison", reader_dies),
    // Wrong: one of the workers may have died, and then the number comes with an error.
    bug("last_owner_minds_poison", &[Panic], || last_owner_takes_it(true)),
    // Right: every worker has added one before it died or not.
    correct("last_owner_ignores_poison", || last_owner_takes_it(false)),
];
