//! Orders of locks: accounts, rooms from both ends, philosophers with manners, listeners under the lock.

use interleave::Fault::{Deadlock, Panic, SelfDeadlock};
use interleave_std::sync::{Condvar, Mutex, RwLock};
use interleave_std::thread;

use crate::case::{Case, bug, correct};

type Accounts = [Mutex<i32>; 3];

/// Three transfers in a ring, or the same one twice.
fn transfers(pairs: &[(usize, usize)], transfer: fn(&Accounts, usize, usize)) {
    let accounts = [(); 3].map(|()| Mutex::new(10));
    thread::scope(|scope| {
        for &(from, to) in pairs {
            let accounts = &accounts;
            scope.spawn(move || transfer(accounts, from, to));
        }
    });
    assert_eq!(accounts.map(|account| account.into_inner().unwrap()).iter().sum::<i32>(), 30);
}

const RING: [(usize, usize); 3] = [(0, 1), (1, 2), (2, 0)];
const THERE_AND_BACK: [(usize, usize); 2] = [(0, 1), (1, 0)];
const TO_ITSELF: [(usize, usize); 2] = [(0, 1), (1, 1)];

fn from_then_to(accounts: &Accounts, from: usize, to: usize) {
    let mut from = accounts[from].lock().unwrap();
    let mut to = accounts[to].lock().unwrap();
    *from -= 1;
    *to += 1;
}

fn lower_then_higher(accounts: &Accounts, from: usize, to: usize) {
    let mut lower = accounts[from.min(to)].lock().unwrap();
    let mut higher = accounts[from.max(to)].lock().unwrap();
    let amount = if from < to { 1 } else { -1 };
    *lower -= amount;
    *higher += amount;
}

fn lower_then_higher_unless_same(accounts: &Accounts, from: usize, to: usize) {
    if from != to {
        lower_then_higher(accounts, from, to);
    }
}

fn one_after_the_other(accounts: &Accounts, from: usize, to: usize) {
    // On the way the money is in neither account, which only matters to somebody who looks.
    *accounts[from].lock().unwrap() -= 1;
    *accounts[to].lock().unwrap() += 1;
}

fn copies_written_back(accounts: &Accounts, from: usize, to: usize) {
    let (before_from, before_to) = (read(&accounts[from]), read(&accounts[to]));
    *accounts[from].lock().unwrap() = before_from - 1;
    *accounts[to].lock().unwrap() = before_to + 1;
}

fn read(account: &Mutex<i32>) -> i32 {
    *account.lock().unwrap()
}

/// A list 0, 1, 2: each node has a lock of its own and knows the next. Node 3 is put behind node 1 or 0.
fn insert_and_remove(hand_over_hand: bool) {
    let list = [Some(1), Some(2), None, None].map(Mutex::new);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut before = list[0].lock().unwrap();
            let removed = list[1].lock().unwrap();
            *before = *removed;
        });
        let mut behind = list[0].lock().unwrap();
        if *behind == Some(1) {
            if !hand_over_hand {
                drop(behind);
            }
            // With the assignment the first guard is dropped, after the second has been taken.
            behind = list[1].lock().unwrap();
        }
        *list[3].lock().unwrap() = *behind;
        *behind = Some(3);
    });
    let (mut found, mut next) = (Vec::new(), Some(0));
    while let Some(at) = next {
        found.push(at);
        next = *list[at].lock().unwrap();
    }
    assert!(found.contains(&3), "inserted behind a node that was gone: {found:?}");
}

/// One walks forwards through three rooms and another backwards, with one foot in each of two rooms, or not.
fn from_both_ends(backwards_keeps_a_foot: bool) {
    let rooms = [(); 3].map(|()| Mutex::new(0));
    let walk = |order: [usize; 3], keeps_a_foot: bool| {
        let mut behind = None;
        for room in order {
            let mut visits = rooms[room].lock().unwrap();
            *visits += 1;
            behind = keeps_a_foot.then_some(visits);
        }
        drop(behind);
    };
    thread::scope(|scope| {
        scope.spawn(|| walk([2, 1, 0], backwards_keeps_a_foot));
        walk([0, 1, 2], true);
    });
    assert_eq!(rooms.map(|room| room.into_inner().unwrap()), [2, 2, 2]);
}

/// How three philosophers keep from starving.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manners {
    TwoSeats,
    ThreeSeats,
    OneLeftHanded,
}

fn philosophers(manners: Manners) {
    let (forks, eaten) = ([(); 3].map(|()| Mutex::new(())), Mutex::new(0));
    let seats = (Mutex::new(if manners == Manners::TwoSeats { 2 } else { 3 }), Condvar::new());
    thread::scope(|scope| {
        for seat in 0..3 {
            let (forks, seats, eaten) = (&forks, &seats, &eaten);
            scope.spawn(move || {
                *seats.1.wait_while(seats.0.lock().unwrap(), |free| *free == 0).unwrap() -= 1;
                let (mut first, mut second) = (seat, (seat + 1) % 3);
                if manners == Manners::OneLeftHanded && seat == 1 {
                    (first, second) = (second, first);
                }
                {
                    let _first = forks[first].lock().unwrap();
                    let _second = forks[second].lock().unwrap();
                    *eaten.lock().unwrap() += 1;
                }
                *seats.0.lock().unwrap() += 1;
                seats.1.notify_one();
            });
        }
    });
    assert_eq!(eaten.into_inner().unwrap(), 3);
}

/// Listeners by number. Listener 1 unsubscribes as soon as it hears of anything.
fn fire(listeners: &Mutex<Vec<usize>>, heard: &Mutex<usize>, copy_first: bool) {
    let hear = |listener: &usize| {
        *heard.lock().unwrap() += 1;
        if *listener == 1 {
            listeners.lock().unwrap().retain(|other| *other != 1);
        }
    };
    if copy_first {
        let listeners = listeners.lock().unwrap().clone();
        listeners.iter().for_each(hear);
    } else {
        listeners.lock().unwrap().iter().for_each(hear);
    }
}

fn listener_unsubscribes(copy_first: bool) {
    let (listeners, heard) = (Mutex::new(vec![0, 1]), Mutex::new(0));
    thread::scope(|scope| {
        scope.spawn(|| fire(&listeners, &heard, copy_first));
        fire(&listeners, &heard, copy_first);
    });
    // The second may have copied the list before the first listener was off it.
    assert!((3..=4).contains(&*heard.lock().unwrap()));
    assert_eq!(*listeners.lock().unwrap(), [0]);
}

/// A listener locks the account inside the list; a subscriber has the account and wants the list.
fn subscribes_while_holding(subscribe_first: bool) {
    let (listeners, account) = (Mutex::new(vec![0]), Mutex::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let listeners = listeners.lock().unwrap();
            listeners.iter().for_each(|_| *account.lock().unwrap() += 1);
        });
        if subscribe_first {
            listeners.lock().unwrap().push(1);
            *account.lock().unwrap() += 10;
        } else {
            let mut account = account.lock().unwrap();
            listeners.lock().unwrap().push(1);
            *account += 10;
        }
    });
    assert!([11, 12].contains(&account.into_inner().unwrap()));
}

/// A reader-writer lock and a plain one, taken in opposite orders.
fn mixed(second_writes: bool, same_order: bool) {
    let (table, log) = (RwLock::new(1), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        scope.spawn(|| {
            let table = table.read().unwrap();
            log.lock().unwrap().push(*table);
        });
        match (second_writes, same_order) {
            (true, true) => {
                let mut table = table.write().unwrap();
                log.lock().unwrap().push(0);
                *table = 2;
            }
            (true, false) => {
                let mut log = log.lock().unwrap();
                *table.write().unwrap() = 2;
                log.push(0);
            }
            (false, _) => {
                let mut log = log.lock().unwrap();
                log.push(*table.read().unwrap());
            }
        }
    });
    assert_eq!(log.into_inner().unwrap().len(), 2);
}

pub(crate) const CASES: &[Case] = &[
    // Wrong: each of three holds the account that the one before it wants.
    bug("transfers_in_a_ring", &[Deadlock], || transfers(&RING, from_then_to)),
    // Wrong: there and back at the same time.
    bug("transfers_there_and_back", &[Deadlock], || transfers(&THERE_AND_BACK, from_then_to)),
    // Right: the lower account first, whatever the direction.
    correct("transfers_lower_account_first", || transfers(&RING, lower_then_higher)),
    // Wrong: in order, but from an account to itself the lock is taken twice.
    bug("transfer_to_itself", &[SelfDeadlock, Deadlock], || transfers(&TO_ITSELF, lower_then_higher)),
    // Right: nothing is locked for a transfer to itself.
    correct("transfer_to_itself_is_nothing", || transfers(&TO_ITSELF, lower_then_higher_unless_same)),
    // Right: never two locks at once, and nobody looks in between.
    correct("transfers_one_lock_at_a_time", || transfers(&RING, one_after_the_other)),
    // Wrong: what has been read before is written back over another's transfer.
    bug("transfers_written_back", &[Panic], || transfers(&RING, copies_written_back)),
    // Wrong: node 1 is removed between the two locks, and node 3 goes behind it.
    bug("list_without_hand_over", &[Panic], || insert_and_remove(false)),
    // Right: the next lock is taken before the last one is given up.
    correct("list_hand_over_hand", || insert_and_remove(true)),
    // Wrong: both have a foot in one room and want the other's.
    bug("rooms_from_both_ends", &[Deadlock], || from_both_ends(true)),
    // Right: the one who walks against the order holds one lock at a time.
    correct("rooms_without_a_foot_behind", || from_both_ends(false)),
    // Right: two seats for three philosophers, so one of the two always gets both forks.
    correct("philosophers_with_two_seats", || philosophers(Manners::TwoSeats)),
    // Wrong: a seat for everybody is no restriction.
    bug("philosophers_with_three_seats", &[Deadlock], || philosophers(Manners::ThreeSeats)),
    // Right: one takes his forks the other way round, which breaks the ring.
    correct("philosophers_one_left_handed", || philosophers(Manners::OneLeftHanded)),
    // Wrong: the listener wants the lock of the list that is being gone through.
    bug("listener_called_under_the_lock", &[SelfDeadlock, Deadlock], || listener_unsubscribes(false)),
    // Right: goes through a copy; a listener may still be called after it has gone.
    correct("listener_called_from_a_copy", || listener_unsubscribes(true)),
    // Wrong: list and account in one thread, account and list in the other.
    bug("subscribes_while_holding", &[Deadlock], || subscribes_while_holding(false)),
    // Right: subscribes first, and holds nothing then.
    correct("subscribes_before_holding", || subscribes_while_holding(true)),
    // Wrong: the one reads the table and wants the log, the other has the log and wants to write the table.
    bug("table_and_log_crosswise", &[Deadlock], || mixed(true, false)),
    // Right: the table before the log, for reading and for writing.
    correct("table_before_log", || mixed(true, true)),
    // Right: crosswise, but both only read the table, and nobody writes it.
    correct("table_and_log_crosswise_for_reading", || mixed(false, false)),
];
