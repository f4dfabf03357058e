//! Once, OnceLock, LazyLock: races for the first value, initialisers that wait, initialisers that fail.

use interleave::Fault::{Deadlock, Panic, SelfDeadlock};
use interleave_std::panic::{AssertUnwindSafe, catch_unwind};
use interleave_std::sync::atomic::{AtomicUsize, Ordering::*};
use interleave_std::sync::{Arc, LazyLock, Mutex, Once, OnceLock};
use interleave_std::thread;

use crate::case::{Case, bug, correct};

/// Both threads end up with the number that the cell holds.
fn first_number(number: fn(&OnceLock<usize>, usize) -> usize) {
    let cell = OnceLock::new();
    thread::scope(|scope| {
        let threads = [1, 2].map(|mine| {
            let cell = &cell;
            scope.spawn(move || number(cell, mine))
        });
        let numbers = threads.map(|thread| thread.join().expect("a thread panicked"));
        assert_eq!(numbers[0], numbers[1], "each has a number of its own");
    });
}

fn look_then_set(cell: &OnceLock<usize>, mine: usize) -> usize {
    if cell.get().is_none() {
        cell.set(mine).expect("nobody has set it");
    }
    *cell.get().unwrap()
}

fn set_and_keep_mine(cell: &OnceLock<usize>, mine: usize) -> usize {
    match cell.get() {
        Some(number) => *number,
        None => {
            let _ = cell.set(mine);
            mine
        }
    }
}

fn set_and_look(cell: &OnceLock<usize>, mine: usize) -> usize {
    let _ = cell.set(mine);
    *cell.get().unwrap()
}

fn one_setter_wins() {
    let cell = OnceLock::new();
    let won = thread::scope(|scope| {
        let threads = [1, 2, 3].map(|mine| {
            let cell = &cell;
            scope.spawn(move || cell.set(mine).is_ok().then_some(mine))
        });
        threads.map(|thread| thread.join().unwrap())
    });
    let winners = won.into_iter().flatten().collect::<Vec<i32>>();
    assert_eq!(winners, [*cell.get().unwrap()]);
}

/// Two parts that each see to the other's being ready first.
fn two_parts(one_order: bool) {
    let parts = [Once::new(), Once::new()];
    thread::scope(|scope| {
        for me in 0..2 {
            let parts = &parts;
            scope.spawn(move || {
                let first = if one_order { 0 } else { me };
                parts[first].call_once(|| parts[1 - first].call_once(|| ()));
                assert!(parts[first].is_completed());
            });
        }
    });
}

/// The initialiser wants a lock that a thread holds which waits for the initialiser.
fn initialiser_wants_a_lock(look_before_locking: bool) {
    let (setting, cell) = (Mutex::new(5), OnceLock::new());
    let init = || *cell.get_or_init(|| *setting.lock().unwrap());
    thread::scope(|scope| {
        scope.spawn(init);
        if look_before_locking {
            let number = init();
            assert_eq!(*setting.lock().unwrap(), number);
        } else {
            let guard = setting.lock().unwrap();
            let number = cell.get_or_init(|| *guard);
            assert_eq!(*guard, *number);
        }
    });
}

/// The initialiser asks a helper thread, and the helper uses what is being initialised.
fn initialiser_asks_a_helper(helper_uses_the_cell: bool) {
    let cell = OnceLock::new();
    let ask = || {
        cell.get_or_init(|| {
            thread::scope(|scope| {
                let helper = scope.spawn(|| if helper_uses_the_cell { *cell.get_or_init(|| 1) } else { 1 });
                helper.join().unwrap()
            })
        })
    };
    thread::scope(|scope| {
        scope.spawn(ask);
        assert_eq!(*ask(), 1);
    });
}

/// The cell's initialiser ends up in the function that it initialises, but only if it is the first.
fn initialiser_calls_itself() {
    let (cell, level) = (OnceLock::new(), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| level.store(1, SeqCst));
        let number = cell.get_or_init(|| {
            // The level is thought to have been set by now.
            if level.load(SeqCst) == 0 { *cell.get_or_init(|| 1) } else { level.load(SeqCst) }
        });
        assert_eq!(*number, 1);
    });
}

/// The first thread's initialiser may fail; that must not be the second's problem.
fn first_fails(init: fn(&Once, bool)) {
    let once = Once::new();
    thread::scope(|scope| {
        let fails = scope.spawn(|| init(&once, true));
        let works = scope.spawn(|| init(&once, false));
        let _ = fails.join();
        assert!(works.join().is_ok(), "a healthy thread died of another's initialiser");
    });
}

/// A lazy value whose first source fails; it is thought to try again, like a cell.
fn tries_again(by_cell: bool) {
    let tries = Arc::new(AtomicUsize::new(0));
    let lazy = {
        let tries = Arc::clone(&tries);
        LazyLock::new(move || {
            assert!(tries.fetch_add(1, SeqCst) > 0, "the first try fails");
            7
        })
    };
    let cell = OnceLock::new();
    let get = || {
        if by_cell {
            *cell.get_or_init(|| {
                assert!(tries.fetch_add(1, SeqCst) > 0, "the first try fails");
                7
            })
        } else {
            *lazy
        }
    };
    let got = thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(|| catch_unwind(AssertUnwindSafe(get)).ok()));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(got.iter().flatten().count(), 1, "nobody got the value: {got:?}");
}

/// What was written before the cell was set is known to whoever finds it set.
fn cell_publishes(look: fn(&OnceLock<usize>) -> bool) {
    let (data, cell) = (AtomicUsize::new(0), OnceLock::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            data.store(42, Relaxed);
            let _ = cell.set(1);
        });
        if look(&cell) {
            assert_eq!(data.load(Relaxed), 42, "the cell came before the data");
        }
    });
}

/// The initialiser's captures are gone by the time that anybody has the value.
fn captures_are_dropped() {
    let capture = Arc::new(7);
    let lazy = {
        let capture = Arc::clone(&capture);
        LazyLock::new(move || *capture)
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                assert_eq!(*lazy, 7);
                assert_eq!(Arc::strong_count(&capture), 1);
            });
        }
    });
}

/// Initialised before the value is stored: the flag is a separate variable.
fn counted_initialiser(count_inside: bool) {
    let (cell, runs) = (OnceLock::new(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                if !count_inside && cell.get().is_none() {
                    runs.fetch_add(1, Relaxed);
                }
                cell.get_or_init(|| {
                    if count_inside {
                        runs.fetch_add(1, Relaxed);
                    }
                });
            });
        }
    });
    assert_eq!(runs.into_inner(), 1, "counted by somebody who did not initialise");
}

/// A cell that is taken back and filled again needs a lock around it, and then is right.
fn taken_back() {
    let cell = Mutex::new(OnceLock::from(1));
    thread::scope(|scope| {
        scope.spawn(|| cell.lock().unwrap().take());
        let number = *cell.lock().unwrap().get_or_init(|| 2);
        assert!(number == 1 || number == 2);
    });
    assert!(matches!(cell.into_inner().unwrap().get(), None | Some(2)));
}

pub(crate) const CASES: &[Case] = &[
    // Wrong: both see no value, the second set fails.
    bug("once_lock_look_then_set", &[Panic], || first_number(look_then_set)),
    // Wrong: the loser of the race keeps its own number.
    bug("once_lock_keeps_the_losers_number", &[Panic], || first_number(set_and_keep_mine)),
    // Right: the result of set does not matter, the cell is asked afterwards.
    correct("once_lock_set_and_look", || first_number(set_and_look)),
    // Right: three race for the cell, exactly one set succeeds and its number is there.
    correct("once_lock_one_setter_wins", one_setter_wins),
    // Wrong: each thread runs one initialiser and waits inside it for the other's.
    bug("once_two_parts_crosswise", &[Deadlock], || two_parts(false)),
    // Right: nested, but always in the same order.
    correct("once_two_parts_in_order", || two_parts(true)),
    // Wrong: main holds the lock and waits for the initialiser, which waits for the lock.
    bug("once_lock_initialiser_wants_a_lock", &[Deadlock], || initialiser_wants_a_lock(false)),
    // Right: the same lock, but taken after the cell.
    correct("once_lock_lock_after_the_cell", || initialiser_wants_a_lock(true)),
    // Wrong: the helper waits for the initialiser that waits for the helper.
    bug("once_lock_helper_uses_the_cell", &[Deadlock], || initialiser_asks_a_helper(true)),
    // Right: a thread is spawned and joined inside the initialiser while another waits for it.
    correct("once_lock_helper_inside_initialiser", || initialiser_asks_a_helper(false)),
    // Wrong: if the level has not been set yet, the initialiser waits for itself.
    bug("once_lock_initialiser_calls_itself", &[SelfDeadlock, Deadlock], initialiser_calls_itself),
    // Wrong: if the failing thread is first, the other finds the Once poisoned and panics.
    bug("once_poisoned_for_the_other", &[Panic], || {
        first_fails(|once, fails| once.call_once(|| assert!(!fails, "the initialiser fails")));
    }),
    // Right: call_once_force goes over the failed try.
    correct("once_forced_after_a_failure", || {
        first_fails(|once, fails| once.call_once_force(|_| assert!(!fails, "the initialiser fails")));
    }),
    // Wrong: a LazyLock that has failed once is poisoned for ever.
    bug("lazy_lock_thought_to_try_again", &[Panic], || tries_again(false)),
    // Right: a OnceLock whose initialiser panicked lets the next one try.
    correct("once_lock_tries_again", || tries_again(true)),
    // Right: relaxed data behind a cell, since get acquires what set has released.
    correct("once_lock_publishes", || cell_publishes(|cell| cell.get().is_some())),
    // Right: a set that fails has seen the other's set.
    correct("once_lock_failed_set_publishes", || cell_publishes(|cell| cell.set(2).is_err())),
    // Right: the initialiser is consumed, its captured Arc is gone before anybody has the value.
    correct("lazy_lock_drops_its_captures", captures_are_dropped),
    // Wrong: both look before either has initialised, and both count.
    bug("once_lock_counted_outside", &[Panic], || counted_initialiser(false)),
    // Right: the initialiser itself counts.
    correct("once_lock_counted_inside", || counted_initialiser(true)),
    // Right: take needs the whole cell, and the lock around it gives just that.
    correct("once_lock_taken_back", taken_back),
];
