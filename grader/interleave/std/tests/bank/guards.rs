//! Guards that live too long or not long enough: scrutinees, statements, fields, destructors.

use std::collections::{HashMap, VecDeque};

use interleave::Fault::{Deadlock, Panic, SelfDeadlock};
use interleave_std::sync::{Arc, Mutex, MutexGuard, RwLock, Weak, mpsc};
use interleave_std::thread;

use crate::case::{Case, bug, correct};

/// Two threads each move the last number to the front, through a helper that locks for itself.
fn rotate(step: fn(&Mutex<VecDeque<i32>>)) {
    let numbers = Mutex::new(VecDeque::from([1, 2, 3]));
    thread::scope(|scope| {
        scope.spawn(|| step(&numbers));
        step(&numbers);
    });
    assert_eq!(numbers.into_inner().unwrap(), [2, 3, 1]);
}

fn put_in_front(numbers: &Mutex<VecDeque<i32>>, number: i32) {
    numbers.lock().unwrap().push_front(number);
}

fn by_if_let(numbers: &Mutex<VecDeque<i32>>) {
    if let Some(last) = numbers.lock().unwrap().pop_back() {
        put_in_front(numbers, last);
    }
}

fn by_match(numbers: &Mutex<VecDeque<i32>>) {
    match numbers.lock().unwrap().pop_back() {
        Some(last) => put_in_front(numbers, last),
        None => unreachable!(),
    }
}

fn by_let(numbers: &Mutex<VecDeque<i32>>) {
    let last = numbers.lock().unwrap().pop_back();
    if let Some(last) = last {
        put_in_front(numbers, last);
    }
}

fn by_let_else(numbers: &Mutex<VecDeque<i32>>) {
    let Some(last) = numbers.lock().unwrap().pop_back() else { return };
    put_in_front(numbers, last);
}

/// Adds a number unless it is there already.
fn add_once(add: fn(&Mutex<Vec<i32>>, i32)) {
    let numbers = Mutex::new(vec![0]);
    thread::scope(|scope| {
        scope.spawn(|| add(&numbers, 1));
        add(&numbers, 2);
    });
    assert_eq!(numbers.into_inner().unwrap().len(), 3);
}

fn in_the_else_of_if_let(numbers: &Mutex<Vec<i32>>, number: i32) {
    if let Some(_there) = numbers.lock().unwrap().iter().find(|there| **there == number) {
        unreachable!();
    } else {
        numbers.lock().unwrap().push(number);
    }
}

fn in_the_block_of_if(numbers: &Mutex<Vec<i32>>, number: i32) {
    if !numbers.lock().unwrap().contains(&number) {
        numbers.lock().unwrap().push(number);
    }
}

fn in_the_arm_of_match(numbers: &Mutex<Vec<i32>>, number: i32) {
    match numbers.lock().unwrap().contains(&number) {
        true => unreachable!(),
        false => numbers.lock().unwrap().push(number),
    }
}

/// The worker hands each number out and waits for the receipt, whose giver looks into the queue first.
fn receipts(hold_while_waiting: bool) {
    let queue = Mutex::new(vec![1, 2]);
    let (numbers, taken) = mpsc::channel();
    let (receipts, receipt) = mpsc::channel();
    thread::scope(|scope| {
        let queue = &queue;
        scope.spawn(move || {
            for number in taken {
                let left = queue.lock().unwrap().len();
                receipts.send(number + left).unwrap();
            }
        });
        if hold_while_waiting {
            while let Some(number) = queue.lock().unwrap().pop() {
                numbers.send(number).unwrap();
                receipt.recv().unwrap();
            }
        } else {
            loop {
                let Some(number) = queue.lock().unwrap().pop() else { break };
                numbers.send(number).unwrap();
                receipt.recv().unwrap();
            }
        }
        drop(numbers);
    });
}

/// Both numbers of a pair, read in one statement or in two.
fn read_both(read: fn(&Mutex<i32>, &Mutex<i32>) -> i32) {
    let pair = (Mutex::new(1), Mutex::new(2));
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(read(&pair.0, &pair.1), 3));
        assert_eq!(read(&pair.1, &pair.0), 3);
    });
}

fn in_one_statement(first: &Mutex<i32>, second: &Mutex<i32>) -> i32 {
    *first.lock().unwrap() + *second.lock().unwrap()
}

fn in_two_statements(first: &Mutex<i32>, second: &Mutex<i32>) -> i32 {
    let first = *first.lock().unwrap();
    let second = *second.lock().unwrap();
    first + second
}

fn in_two_blocks(first: &Mutex<i32>, second: &Mutex<i32>) -> i32 {
    // In this edition the guard in the last expression of a block is gone with the block.
    [{ *first.lock().unwrap() }, { *second.lock().unwrap() }].iter().sum()
}

/// A table that is filled when something is asked for the first time.
fn lengths(look_up: fn(&RwLock<HashMap<&'static str, usize>>, &'static str) -> usize) {
    let table = RwLock::new(HashMap::new());
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(look_up(&table, "four"), 4));
        assert_eq!(look_up(&table, "four"), 4);
    });
}

fn fill_in_the_same_statement(table: &RwLock<HashMap<&'static str, usize>>, word: &'static str) -> usize {
    table.read().unwrap().get(word).copied().unwrap_or_else(|| {
        table.write().unwrap().insert(word, word.len());
        word.len()
    })
}

fn fill_in_the_next_statement(table: &RwLock<HashMap<&'static str, usize>>, word: &'static str) -> usize {
    let found = table.read().unwrap().get(word).copied();
    found.unwrap_or_else(|| *table.write().unwrap().entry(word).or_insert(word.len()))
}

/// A critical section that is entered by a guard of the program's own.
struct Entered<'a>(#[expect(dead_code, reason = "held")] MutexGuard<'a, ()>);

fn enter(section: &Mutex<()>) -> Entered<'_> {
    Entered(section.lock().unwrap())
}

/// Reads and writes a number in two steps, inside the section or so it seems.
fn two_steps(hold: bool) {
    let (section, number) = (Mutex::new(()), Mutex::new(0));
    let step = || {
        let _inside;
        if hold {
            _inside = enter(&section);
        } else {
            let _ = enter(&section);
        }
        let before = *number.lock().unwrap();
        *number.lock().unwrap() = before + 1;
    };
    thread::scope(|scope| {
        scope.spawn(step);
        step();
    });
    assert_eq!(*number.lock().unwrap(), 2, "an update got lost");
}

/// Full channel, and a consumer that needs the lock which the producer holds while it sends.
fn send_while_holding(hold: bool) {
    let sent = Mutex::new(0);
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in receiver {
                assert!(*sent.lock().unwrap() >= number);
            }
        });
        for number in 1..=3 {
            let mut count = sent.lock().unwrap();
            *count += 1;
            if !hold {
                drop(count);
                sender.send(number).unwrap();
            } else {
                sender.send(number).unwrap();
                drop(count);
            }
        }
        drop(sender);
    });
}

/// Tells its registry when it goes.
struct Member(Weak<Mutex<Registry>>);

#[derive(Default)]
struct Registry {
    member: Option<Member>,
    gone: usize,
}

impl Drop for Member {
    fn drop(&mut self) {
        if let Some(registry) = self.0.upgrade() {
            registry.lock().unwrap().gone += 1;
        }
    }
}

/// One thread replaces the member, another looks on. The old member is dropped inside the lock, or after it.
fn replace_member(take_out_first: bool) {
    let registry = Arc::new(Mutex::new(Registry::default()));
    registry.lock().unwrap().member = Some(Member(Arc::downgrade(&registry)));
    thread::scope(|scope| {
        scope.spawn(|| {
            if take_out_first {
                let old = registry.lock().unwrap().member.take();
                drop(old);
            } else {
                registry.lock().unwrap().member = None;
            }
        });
        assert!(registry.lock().unwrap().gone <= 1);
    });
    assert_eq!(registry.lock().unwrap().gone, 1);
}

/// A condition that holds the guard to its end, and a second part that needs the lock again.
fn both_conditions(condition: fn(&Mutex<i32>) -> bool) {
    let number = Mutex::new(1);
    thread::scope(|scope| {
        scope.spawn(|| *number.lock().unwrap() += 1);
        assert!(condition(&number));
    });
}

fn in_one_expression(number: &Mutex<i32>) -> bool {
    *number.lock().unwrap() < *number.lock().unwrap() + 1
}

fn in_lazy_and(number: &Mutex<i32>) -> bool {
    // The operands of a lazy boolean operator end the life of their temporaries.
    *number.lock().unwrap() > 0 && *number.lock().unwrap() > 0
}

pub(crate) const CASES: &[Case] = &[
    // Wrong: the guard in the scrutinee lives to the end of the block, where the lock is taken again.
    bug("guard_in_if_let", &[SelfDeadlock, Deadlock], || rotate(by_if_let)),
    // Wrong: the guard in the scrutinee lives to the end of the match.
    bug("guard_in_match", &[SelfDeadlock, Deadlock], || rotate(by_match)),
    // Wrong: no deadlock, but both may have popped before either has pushed, and the order differs.
    bug("guard_gone_between_two_steps", &[Panic], || rotate(by_let)),
    // Wrong: the same by let-else, whose guard lives to the semicolon only.
    bug("guard_gone_after_let_else", &[Panic], || rotate(by_let_else)),
    // Right: in this edition the scrutinee's guard is gone before the else block.
    correct("guard_gone_in_the_else_of_if_let", || add_once(in_the_else_of_if_let)),
    // Right: the condition of a plain if is over when its block begins.
    correct("guard_gone_in_the_block_of_if", || add_once(in_the_block_of_if)),
    // Wrong: a match holds its scrutinee's guard although it yields only a bool.
    bug("guard_in_match_of_a_bool", &[SelfDeadlock, Deadlock], || add_once(in_the_arm_of_match)),
    // Wrong: while-let holds the lock during its body, and the receipt's giver waits for the lock.
    bug("guard_in_while_let", &[Deadlock], || receipts(true)),
    // Right: let-else inside a loop holds it for the statement only.
    correct("guard_gone_in_the_loop", || receipts(false)),
    // Wrong: both guards live to the end of the expression, in opposite orders.
    bug("guards_of_one_statement", &[Deadlock], || read_both(in_one_statement)),
    // Right: one guard at a time.
    correct("guards_of_two_statements", || read_both(in_two_statements)),
    // Right: one guard at a time, since each is gone at the end of its block.
    correct("guards_of_two_blocks", || read_both(in_two_blocks)),
    // Wrong: the read guard lives while the closure wants to write.
    bug("guard_alive_in_the_default", &[SelfDeadlock, Deadlock], || lengths(fill_in_the_same_statement)),
    // Right: the read guard is gone; two may fill in, with the same length.
    correct("guard_gone_before_the_default", || lengths(fill_in_the_next_statement)),
    // Wrong: `let _ =` drops the guard at once, both threads are inside.
    bug("guard_dropped_at_once", &[Panic], || two_steps(false)),
    // Right: a named binding keeps it, even one that is initialised later.
    correct("guard_kept_by_late_initialisation", || two_steps(true)),
    // Wrong: the producer waits for room with the lock that the consumer needs to make room.
    bug("guard_held_while_sending", &[Deadlock], || send_while_holding(true)),
    // Right: unlocks, then sends.
    correct("guard_dropped_before_sending", || send_while_holding(false)),
    // Wrong: the assignment drops the old member inside the lock, and its destructor locks.
    bug("destructor_locks_inside_the_lock", &[SelfDeadlock, Deadlock], || replace_member(false)),
    // Right: the old member is taken out and dropped when the lock is free.
    correct("destructor_locks_after_the_lock", || replace_member(true)),
    // Wrong: both sides of a comparison hold their guards to its end.
    bug("guard_on_both_sides", &[SelfDeadlock, Deadlock], || both_conditions(in_one_expression)),
    // Right: && drops the guard of its left side before it looks at the right.
    correct("guard_on_both_sides_of_a_lazy_and", || both_conditions(in_lazy_and)),
];
