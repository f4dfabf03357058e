//! Latches, events, semaphores of several permits, turns: who is woken, how often, and for what.

use std::collections::VecDeque;

use interleave::Fault::{Deadlock, LostWakeUp, Panic};
use interleave_std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use interleave_std::sync::{Arc, Condvar, Mutex};
use interleave_std::thread;
use interleave_std::time::Duration;

use crate::case::{Case, bug, correct};

/// Opens when it has been counted down to zero.
struct Latch {
    left: Mutex<usize>,
    open: Condvar,
}

impl Latch {
    fn new(left: usize) -> Self {
        Self { left: Mutex::new(left), open: Condvar::new() }
    }

    fn add(&self) {
        *self.left.lock().unwrap() += 1;
    }

    fn count_down(&self) {
        let mut left = self.left.lock().unwrap();
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.open.notify_all();
        }
    }

    fn wait(&self) {
        drop(self.open.wait_while(self.left.lock().unwrap(), |left| *left > 0).unwrap());
    }
}

struct CountsDown<'a>(&'a Latch);

impl Drop for CountsDown<'_> {
    fn drop(&mut self) {
        self.0.count_down();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    AtTheEnd,
    InDrop,
    Both,
}

/// Two workers, one of which may die of its work. Main goes on when both have ended.
fn latch(counts: Counts, one_dies: bool) {
    let shared = Arc::new((Latch::new(2), AtomicUsize::new(0)));
    for me in 0..2 {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            let (latch, done) = &*shared;
            if me == 1 {
                // The second takes its time.
                thread::sleep(Duration::from_millis(1));
            }
            let _counts = (counts != Counts::AtTheEnd).then(|| CountsDown(latch));
            done.fetch_add(1, SeqCst);
            assert!(me == 1 || !one_dies, "dies of its work");
            if counts != Counts::InDrop {
                latch.count_down();
            }
        });
    }
    shared.0.wait();
    assert_eq!(shared.1.load(SeqCst), 2, "the latch opened too early");
}

/// A group of workers that grows: each is counted in when it begins, by itself or by whoever starts it.
fn counted_in(by_the_starter: bool) {
    let shared = Arc::new((Latch::new(0), AtomicUsize::new(0)));
    for _ in 0..2 {
        if by_the_starter {
            shared.0.add();
        }
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            if !by_the_starter {
                shared.0.add();
            }
            shared.1.fetch_add(1, SeqCst);
            shared.0.count_down();
        });
    }
    shared.0.wait();
    assert_eq!(shared.1.load(SeqCst), 2, "the group was empty before it had begun");
}

/// Two signals for two waiters: a flag holds one, a counter both.
fn two_signals(most: usize) {
    let (signals, raised) = (Mutex::new(0), Condvar::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                *raised.wait_while(signals.lock().unwrap(), |signals| *signals == 0).unwrap() -= 1;
            });
        }
        for _ in 0..2 {
            let mut signals = signals.lock().unwrap();
            *signals = most.min(*signals + 1);
            raised.notify_one();
        }
    });
}

/// A semaphore that gives out several permits at once.
struct Permits {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Permits {
    fn acquire(&self, count: usize) {
        let free = self.free.lock().unwrap();
        *self.freed.wait_while(free, |free| *free < count).unwrap() -= count;
    }

    fn release(&self, count: usize, all: bool) {
        *self.free.lock().unwrap() += count;
        if all {
            self.freed.notify_all();
        } else {
            self.freed.notify_one();
        }
    }
}

/// Two threads need two permits each, of two.
fn two_permits_each(at_once: bool) {
    let permits = Permits { free: Mutex::new(2), freed: Condvar::new() };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                if at_once {
                    permits.acquire(2);
                } else {
                    permits.acquire(1);
                    permits.acquire(1);
                }
                permits.release(2, true);
            });
        }
    });
}

/// One needs two permits, another one. A single permit comes first, and it is enough for one of them.
fn permits_of_different_sizes(tell_all: bool) {
    let permits = Permits { free: Mutex::new(0), freed: Condvar::new() };
    thread::scope(|scope| {
        scope.spawn(|| permits.acquire(2));
        let small = scope.spawn(|| permits.acquire(1));
        permits.release(1, tell_all);
        small.join().unwrap();
        permits.release(2, tell_all);
    });
}

/// Three take turns, each woken by the one before it.
fn turns(tell_all: bool) {
    let (turn, changed) = (Mutex::new(0), Condvar::new());
    thread::scope(|scope| {
        for me in 0..3 {
            let (turn, changed) = (&turn, &changed);
            scope.spawn(move || {
                let mut turn = changed.wait_while(turn.lock().unwrap(), |turn| *turn != me).unwrap();
                *turn += 1;
                if tell_all {
                    changed.notify_all();
                } else {
                    changed.notify_one();
                }
            });
        }
    });
    assert_eq!(turn.into_inner().unwrap(), 3);
}

/// Two take turns. One notification is enough, since only the other can be waiting.
fn ping_pong() {
    let (ball, thrown) = (Mutex::new(0), Condvar::new());
    thread::scope(|scope| {
        for me in 0..2 {
            let (ball, thrown) = (&ball, &thrown);
            scope.spawn(move || {
                for _ in 0..2 {
                    *thrown.wait_while(ball.lock().unwrap(), |ball| *ball % 2 != me).unwrap() += 1;
                    thrown.notify_one();
                }
            });
        }
    });
    assert_eq!(ball.into_inner().unwrap(), 4);
}

/// Two conditions, one waiter for each, one condition variable for both.
fn two_conditions(tell: fn(&Condvar)) {
    let (state, changed) = (Mutex::new([false, false]), Condvar::new());
    thread::scope(|scope| {
        let waiters = [0, 1].map(|which: usize| {
            let (state, changed) = (&state, &changed);
            scope.spawn(move || {
                drop(changed.wait_while(state.lock().unwrap(), |state| !state[which]).unwrap());
            })
        });
        // The second condition comes true only when the first waiter has gone.
        for (which, waiter) in waiters.into_iter().enumerate() {
            state.lock().unwrap()[which] = true;
            tell(&changed);
            waiter.join().unwrap();
        }
    });
}

/// The flag is under one lock, the waiter waits with another.
fn flag_under_another_lock(same_lock: bool) {
    let (flag, other, raised) = (Mutex::new(false), Mutex::new(()), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            *flag.lock().unwrap() = true;
            raised.notify_all();
        });
        if same_lock {
            drop(raised.wait_while(flag.lock().unwrap(), |flag| !*flag).unwrap());
        } else {
            let mut guard = other.lock().unwrap();
            while !*flag.lock().unwrap() {
                guard = raised.wait(guard).unwrap();
            }
        }
    });
}

/// Two take from a list of one and one more that comes late; each is woken, looks, and takes a moment later.
fn woken_then_taken(under_one_lock: bool) {
    let (items, came) = (Mutex::new(VecDeque::from([1])), Condvar::new());
    let take = || {
        let mut guard = came.wait_while(items.lock().unwrap(), |items| items.is_empty()).unwrap();
        if !under_one_lock {
            drop(guard);
            guard = items.lock().unwrap();
        }
        guard.pop_front().expect("it was there a moment ago")
    };
    let sum = thread::scope(|scope| {
        let takers = [(); 2].map(|()| scope.spawn(take));
        items.lock().unwrap().push_back(2);
        came.notify_all();
        takers.map(|taker| taker.join().expect("a taker found nothing"))
    });
    assert_eq!(sum.iter().sum::<i32>(), 3);
}

/// More notifications than anybody needs, before, between and after.
fn notified_too_often() {
    let (ready, changed) = (Mutex::new(false), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            changed.notify_one();
            *ready.lock().unwrap() = true;
            changed.notify_one();
            changed.notify_all();
        });
        scope.spawn(|| (0..2).for_each(|_| changed.notify_all()));
        drop(changed.wait_while(ready.lock().unwrap(), |ready| !*ready).unwrap());
    });
    changed.notify_all();
}

/// A queue that can be closed while some wait to put in and others to take out.
fn closed_while_waiting(tell_both_sides: bool) {
    // Items, closed.
    let queue = Mutex::new((VecDeque::from([0]), false));
    let (not_full, not_empty) = (Condvar::new(), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            let guard = queue.lock().unwrap();
            let mut guard =
                not_full.wait_while(guard, |(items, closed)| !items.is_empty() && !*closed).unwrap();
            if !guard.1 {
                guard.0.push_back(1);
                not_empty.notify_one();
            }
        });
        queue.lock().unwrap().1 = true;
        not_empty.notify_all();
        if tell_both_sides {
            not_full.notify_all();
        }
    });
}

pub(crate) const CASES: &[Case] = &[
    // Wrong: the one that dies does not count down.
    bug("latch_not_counted_down_by_the_dead", &[Deadlock, LostWakeUp], || latch(Counts::AtTheEnd, true)),
    // Right: counts down when dropped, dead or alive, and poisons nothing by that.
    correct("latch_counted_down_in_drop", || latch(Counts::InDrop, true)),
    // Wrong: counts down at its end and again when dropped, which is the other's count.
    bug("latch_counted_down_twice", &[Panic], || latch(Counts::Both, false)),
    // Right: counts down once, when all is done.
    correct("latch", || latch(Counts::AtTheEnd, false)),
    // Wrong: the group is still empty when main waits for it, since nobody has begun.
    bug("group_counted_in_by_its_members", &[Panic], || counted_in(false)),
    // Right: counted in before the thread is started.
    correct("group_counted_in_by_the_starter", || counted_in(true)),
    // Wrong: the second signal finds the flag still up and is lost.
    bug("two_signals_one_flag", &[Deadlock, LostWakeUp], || two_signals(1)),
    // Right: signals are counted.
    correct("two_signals_counted", || two_signals(2)),
    // Wrong: each has one permit and waits for another.
    bug("permits_one_by_one", &[Deadlock, LostWakeUp], || two_permits_each(false)),
    // Right: takes both or none.
    correct("permits_at_once", || two_permits_each(true)),
    // Wrong: the one notification may wake the thread for which the permit is not enough.
    bug("permits_told_to_one", &[Deadlock, LostWakeUp], || permits_of_different_sizes(false)),
    // Right: all are woken, and whoever has enough goes on.
    correct("permits_told_to_all", || permits_of_different_sizes(true)),
    // Wrong: the one notification may wake the thread whose turn it is not.
    bug("turns_told_to_one", &[Deadlock, LostWakeUp], || turns(false)),
    // Right: all are woken, one goes on.
    correct("turns_told_to_all", || turns(true)),
    // Right: with two there is only one who can be waiting, so one notification is enough.
    correct("turns_of_two_told_to_one", ping_pong),
    // Wrong: the notification of the first condition may wake the waiter for the second.
    bug("two_conditions_told_to_one", &[Deadlock, LostWakeUp], || two_conditions(Condvar::notify_one)),
    // Right: both wake and look at what is theirs.
    correct("two_conditions_told_to_all", || two_conditions(Condvar::notify_all)),
    // Wrong: the flag goes up between the look and the wait, since the waiter's lock does not keep it down.
    bug("flag_under_another_lock", &[Deadlock, LostWakeUp], || flag_under_another_lock(false)),
    // Right: waits with the lock that the flag is under.
    correct("flag_under_the_same_lock", || flag_under_another_lock(true)),
    // Wrong: both have seen the one item, and take it after they have given up the lock.
    bug("woken_then_unlocked_then_taken", &[Panic], || woken_then_taken(false)),
    // Right: takes under the lock that the wait has given back.
    correct("woken_and_taken", || woken_then_taken(true)),
    // Right: notifications that nobody needs do no harm.
    correct("notified_too_often", notified_too_often),
    // Wrong: only the side that takes out is told of the end.
    bug("queue_closed_for_one_side", &[Deadlock], || closed_while_waiting(false)),
    // Right: both sides are told.
    correct("queue_closed_for_both_sides", || closed_while_waiting(true)),
];
