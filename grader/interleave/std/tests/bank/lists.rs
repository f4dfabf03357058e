//! A list behind a lock, and counters: updates that must not get lost.

use interleave::Fault::Panic;
use interleave_std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use interleave_std::sync::{Arc, Mutex};
use interleave_std::thread;

use crate::case::{Case, bug, correct};

type List = Mutex<Vec<i32>>;

/// Two threads remove from a list of one: exactly one may get it.
fn one_element_two_removers(remove: fn(&List) -> Option<i32>) {
    let list = Arc::new(Mutex::new(vec![7]));
    let removers = [(); 2].map(|()| {
        let list = Arc::clone(&list);
        thread::spawn(move || remove(&list))
    });
    let got = removers.map(|remover| remover.join().expect("a remover panicked"));
    assert_eq!(got.iter().flatten().count(), 1);
}

fn remove_after_check(list: &List) -> Option<i32> {
    if list.lock().unwrap().is_empty() { None } else { Some(list.lock().unwrap().remove(0)) }
}

fn remove_under_one_lock(list: &List) -> Option<i32> {
    list.lock().unwrap().pop()
}

/// Two threads add two numbers each: four must be there.
fn two_adders(add: fn(&List, i32)) {
    let list = Arc::new(Mutex::new(Vec::new()));
    let adders = [0, 10].map(|base| {
        let list = Arc::clone(&list);
        thread::spawn(move || (0..2).for_each(|offset| add(&list, base + offset)))
    });
    for adder in adders {
        adder.join().unwrap();
    }
    assert_eq!(list.lock().unwrap().len(), 4);
}

fn add_to_a_copy(list: &List, number: i32) {
    let mut copy = list.lock().unwrap().clone();
    copy.push(number);
    *list.lock().unwrap() = copy;
}

fn add_in_place(list: &List, number: i32) {
    list.lock().unwrap().push(number);
}

fn add_if_lock_is_free(list: &List, number: i32) {
    if let Ok(mut list) = list.try_lock() {
        list.push(number);
    }
}

fn counter(add: fn(&AtomicUsize)) {
    let count = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..2).for_each(|_| add(&count)));
        }
    });
    assert_eq!(count.into_inner(), 4);
}

fn load_then_store(count: &AtomicUsize) {
    let before = count.load(SeqCst);
    count.store(before + 1, SeqCst);
}

fn exchange_loop(count: &AtomicUsize) {
    let mut before = count.load(Relaxed);
    while let Err(found) = count.compare_exchange_weak(before, before + 1, Relaxed, Relaxed) {
        before = found;
    }
}

/// An exchange that may fail is tried once only.
fn one_weak_exchange(count: &AtomicUsize) {
    let before = count.load(SeqCst);
    let _ = count.compare_exchange_weak(before, before + 1, SeqCst, SeqCst);
}

fn initialise(claim: fn(&AtomicBool) -> bool) {
    let shared = Arc::new((AtomicBool::new(false), AtomicUsize::new(0)));
    let threads = [(); 2].map(|()| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            if claim(&shared.0) {
                shared.1.fetch_add(1, SeqCst);
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(shared.1.load(SeqCst), 1, "initialised more than once");
}

fn claim_by_load(flag: &AtomicBool) -> bool {
    let free = !flag.load(SeqCst);
    flag.store(true, SeqCst);
    free
}

fn claim_by_swap(flag: &AtomicBool) -> bool {
    !flag.swap(true, SeqCst)
}

/// The total is read in two parts although money moves between them.
fn accounts(read_together: bool) {
    let accounts = Mutex::new([50, 50]);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut accounts = accounts.lock().unwrap();
            accounts[0] -= 10;
            accounts[1] += 10;
        });
        let total = if read_together {
            accounts.lock().unwrap().iter().sum::<i32>()
        } else {
            let first = accounts.lock().unwrap()[0];
            first + accounts.lock().unwrap()[1]
        };
        assert_eq!(total, 100);
    });
}

pub(crate) const CASES: &[Case] = &[
    bug("list_check_then_remove", &[Panic], || one_element_two_removers(remove_after_check)),
    correct("list_remove_under_one_lock", || one_element_two_removers(remove_under_one_lock)),
    bug("list_copy_out_write_back", &[Panic], || two_adders(add_to_a_copy)),
    correct("list_add_in_place", || two_adders(add_in_place)),
    bug("list_add_dropped_if_lock_is_taken", &[Panic], || two_adders(add_if_lock_is_free)),
    bug("counter_load_then_store", &[Panic], || counter(load_then_store)),
    bug("counter_one_weak_exchange", &[Panic], || counter(one_weak_exchange)),
    correct("counter_exchange_loop", || counter(exchange_loop)),
    correct("counter_fetch_add", || {
        counter(|count| {
            count.fetch_add(1, Relaxed);
        });
    }),
    correct("counter_fetch_update", || {
        counter(|count| {
            count.fetch_update(Relaxed, Relaxed, |before| Some(before + 1)).unwrap();
        });
    }),
    bug("initialised_twice", &[Panic], || initialise(claim_by_load)),
    correct("initialised_once_by_swap", || initialise(claim_by_swap)),
    bug("accounts_read_in_two_parts", &[Panic], || accounts(false)),
    correct("accounts_read_together", || accounts(true)),
];
