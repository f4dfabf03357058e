//! Lock order, home-made locks and barriers, reader-writer locks.

use interleave::Fault::{Deadlock, LostWakeUp, Panic, SelfDeadlock};
use interleave_std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use interleave_std::sync::{Arc, Barrier, Condvar, Mutex, Once, RwLock, TryLockError};
use interleave_std::thread;
use interleave_std::time::Duration;

use crate::case::{Case, bug, correct, timed};

fn two_locks(same_order: bool) {
    let locks = Arc::new((Mutex::new(1), Mutex::new(2)));
    let other = {
        let locks = Arc::clone(&locks);
        thread::spawn(move || {
            let (first, second) = if same_order { (&locks.0, &locks.1) } else { (&locks.1, &locks.0) };
            let _first = first.lock().unwrap();
            let _second = second.lock().unwrap();
        })
    };
    {
        let _first = locks.0.lock().unwrap();
        let _second = locks.1.lock().unwrap();
    }
    other.join().unwrap();
}

fn philosophers(ordered: bool) {
    let forks = [(); 3].map(|()| Mutex::new(()));
    thread::scope(|scope| {
        for seat in 0..3 {
            let forks = &forks;
            scope.spawn(move || {
                let (left, right) = (seat, (seat + 1) % 3);
                let (first, second) =
                    if ordered { (left.min(right), left.max(right)) } else { (left, right) };
                let _first = forks[first].lock().unwrap();
                let _second = forks[second].lock().unwrap();
            });
        }
    });
}

/// Takes the second lock only if it is free, and starts again if not.
fn back_off() {
    let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
    let threads = [false, true].map(|swapped| {
        let locks = Arc::clone(&locks);
        thread::spawn(move || {
            let (mine, yours) = if swapped { (&locks.1, &locks.0) } else { (&locks.0, &locks.1) };
            loop {
                let mut mine = mine.lock().unwrap();
                match yours.try_lock() {
                    Ok(mut yours) => {
                        *mine += 1;
                        *yours += 1;
                        return;
                    }
                    Err(TryLockError::WouldBlock) => {
                        drop(mine);
                        thread::yield_now();
                    }
                    Err(TryLockError::Poisoned(_)) => unreachable!(),
                }
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!((*locks.0.lock().unwrap(), *locks.1.lock().unwrap()), (2, 2));
}

/// Opposite orders are harmless behind a third lock.
fn gate_lock() {
    let locks = Arc::new((Mutex::new(()), Mutex::new(()), Mutex::new(())));
    let threads = [false, true].map(|swapped| {
        let locks = Arc::clone(&locks);
        thread::spawn(move || {
            let _gate = locks.2.lock().unwrap();
            let (first, second) = if swapped { (&locks.1, &locks.0) } else { (&locks.0, &locks.1) };
            let _first = first.lock().unwrap();
            let _second = second.lock().unwrap();
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

fn join_while_holding(release_first: bool) {
    let number = Arc::new(Mutex::new(0));
    let guard = number.lock().unwrap();
    let other = {
        let number = Arc::clone(&number);
        thread::spawn(move || *number.lock().unwrap() += 1)
    };
    if release_first {
        drop(guard);
        other.join().unwrap();
    } else {
        other.join().unwrap();
        drop(guard);
    }
}

fn relock() {
    let number = Mutex::new(1);
    let guard = number.lock().unwrap();
    assert_eq!(*guard + *number.lock().unwrap(), 2);
}

/// The condition variable gives up only the inner lock; the thread that would notify needs the outer one.
fn wait_inside_another_lock(hold_outer: bool) {
    let shared = Arc::new((Mutex::new(()), Mutex::new(false), Condvar::new()));
    let setter = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            let _outer = shared.0.lock().unwrap();
            *shared.1.lock().unwrap() = true;
            shared.2.notify_one();
        })
    };
    let outer = shared.0.lock().unwrap();
    let kept = hold_outer.then_some(outer);
    let set = shared.1.lock().unwrap();
    drop(shared.2.wait_while(set, |set| !*set).unwrap());
    drop(kept);
    setter.join().unwrap();
}

struct Reentrant {
    owner: Mutex<(usize, usize)>,
    freed: Condvar,
}

impl Reentrant {
    fn lock(&self, me: usize) {
        let mut owner = self.owner.lock().unwrap();
        while owner.0 != 0 && owner.0 != me {
            owner = self.freed.wait(owner).unwrap();
        }
        *owner = (me, owner.1 + 1);
    }

    fn unlock(&self, count: bool) {
        let mut owner = self.owner.lock().unwrap();
        owner.1 = if count { owner.1 - 1 } else { 0 };
        if owner.1 == 0 {
            owner.0 = 0;
            self.freed.notify_one();
        }
    }
}

fn reentrant(count: bool) {
    let shared =
        Arc::new((Reentrant { owner: Mutex::default(), freed: Condvar::new() }, AtomicUsize::new(0)));
    let threads = [1, 2].map(|me| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            shared.0.lock(me);
            shared.0.lock(me);
            shared.0.unlock(count);
            let before = shared.1.load(SeqCst);
            shared.1.store(before + 1, SeqCst);
            shared.0.unlock(count);
        })
    });
    for thread in threads {
        thread.join().expect("a holder panicked");
    }
    assert_eq!(shared.1.load(SeqCst), 2, "an update inside the lock got lost");
}

struct HomeMadeBarrier {
    /// Arrived, round.
    state: Mutex<(usize, usize)>,
    changed: Condvar,
}

impl HomeMadeBarrier {
    fn wait(&self, rounds: bool) {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        if state.0 == 2 {
            *state = (0, state.1 + 1);
            self.changed.notify_all();
            return;
        }
        let round = state.1;
        // Without rounds a thread can miss that the barrier opened, because the next round has begun.
        while if rounds { state.1 == round } else { state.0 != 0 } {
            state = self.changed.wait(state).unwrap();
        }
    }
}

fn home_made_barrier(rounds: bool) {
    let barrier = HomeMadeBarrier { state: Mutex::default(), changed: Condvar::new() };
    let twice = || (0..2).for_each(|_| barrier.wait(rounds));
    thread::scope(|scope| {
        scope.spawn(twice);
        twice();
    });
}

struct ReadersWriter {
    /// Readers inside, writer inside, writers waiting.
    state: Mutex<(usize, bool, usize)>,
    changed: Condvar,
    writers_first: bool,
}

impl ReadersWriter {
    fn read(&self) {
        let mut state = self.state.lock().unwrap();
        while state.1 || (self.writers_first && state.2 > 0) {
            state = self.changed.wait(state).unwrap();
        }
        state.0 += 1;
    }

    fn end_read(&self) {
        self.state.lock().unwrap().0 -= 1;
        self.changed.notify_all();
    }

    fn write(&self) {
        let mut state = self.state.lock().unwrap();
        state.2 += 1;
        while state.1 || state.0 > 0 {
            state = self.changed.wait(state).unwrap();
        }
        *state = (0, true, state.2 - 1);
    }

    fn end_write(&self) {
        self.state.lock().unwrap().1 = false;
        self.changed.notify_all();
    }
}

/// A reader that comes after a waiting writer must not overtake it. Sleeping means "until all have settled".
fn writer_waits(writers_first: bool) {
    let lock = ReadersWriter { state: Mutex::default(), changed: Condvar::new(), writers_first };
    let log = Mutex::new(Vec::new());
    let settle = || thread::sleep(Duration::from_millis(10));
    thread::scope(|scope| {
        lock.read();
        scope.spawn(|| {
            lock.write();
            log.lock().unwrap().push("writer");
            lock.end_write();
        });
        settle();
        scope.spawn(|| {
            lock.read();
            log.lock().unwrap().push("reader");
            lock.end_read();
        });
        settle();
        lock.end_read();
    });
    assert_eq!(log.into_inner().unwrap(), ["writer", "reader"]);
}

fn rwlock_read_then_write(hold_read: bool) {
    let number = RwLock::new(1);
    let seen = number.read().unwrap();
    let next = *seen + 1;
    let kept = hold_read.then_some(seen);
    *number.write().unwrap() = next;
    drop(kept);
}

/// Each thread reads, then writes what it has read plus one.
fn rwlock_update(in_one: bool) {
    let number = RwLock::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                if in_one {
                    *number.write().unwrap() += 1;
                } else {
                    let seen = *number.read().unwrap();
                    *number.write().unwrap() = seen + 1;
                }
            });
        }
    });
    assert_eq!(*number.read().unwrap(), 2);
}

fn rwlock_readers_and_writer() {
    let pair = RwLock::new((0, 0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut pair = pair.write().unwrap();
            pair.0 += 1;
            pair.1 += 1;
        });
        for _ in 0..2 {
            scope.spawn(|| {
                let pair = pair.read().unwrap();
                assert_eq!(pair.0, pair.1);
            });
        }
    });
}

fn rwlock_two_readers_meet() {
    let (lock, barrier) = (RwLock::new(()), Barrier::new(2));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let _guard = lock.read().unwrap();
                barrier.wait();
            });
        }
    });
}

fn barrier_of(size: usize) {
    let (barrier, arrived, leaders) = (Barrier::new(size), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for round in 1..=2 {
                    arrived.fetch_add(1, SeqCst);
                    leaders.fetch_add(usize::from(barrier.wait().is_leader()), SeqCst);
                    assert!(arrived.load(SeqCst) >= 2 * round, "the barrier opened too early");
                }
            });
        }
    });
    assert_eq!(leaders.into_inner(), 2);
}

fn once(inside_itself: bool) {
    let (once, runs) = (Once::new(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                once.call_once(|| {
                    runs.fetch_add(1, SeqCst);
                    if inside_itself {
                        once.call_once(|| ());
                    }
                });
                assert_eq!(runs.load(SeqCst), 1);
            });
        }
    });
}

pub(crate) const CASES: &[Case] = &[
    bug("locks_in_opposite_order", &[Deadlock], || two_locks(false)),
    correct("locks_in_one_order", || two_locks(true)),
    bug("philosophers", &[Deadlock], || philosophers(false)),
    correct("philosophers_in_order", || philosophers(true)),
    correct("locks_with_back_off", back_off),
    correct("locks_behind_a_gate", gate_lock),
    bug("join_while_holding_the_lock", &[Deadlock], || join_while_holding(false)),
    correct("join_after_unlock", || join_while_holding(true)),
    bug("mutex_locked_again", &[SelfDeadlock], relock),
    bug("wait_while_holding_another_lock", &[Deadlock, LostWakeUp], || wait_inside_another_lock(true)),
    correct("wait_holding_one_lock_only", || wait_inside_another_lock(false)),
    bug("reentrant_lock_forgets_its_depth", &[Panic], || reentrant(false)),
    correct("reentrant_lock", || reentrant(true)),
    bug("barrier_without_rounds", &[Deadlock, LostWakeUp], || home_made_barrier(false)),
    correct("barrier_with_rounds", || home_made_barrier(true)),
    timed(bug("reader_overtakes_writer", &[Panic], || writer_waits(false))),
    timed(correct("writer_before_later_reader", || writer_waits(true))),
    bug("rwlock_write_while_reading", &[SelfDeadlock], || rwlock_read_then_write(true)),
    correct("rwlock_write_after_reading", || rwlock_read_then_write(false)),
    bug("rwlock_update_in_two_steps", &[Panic], || rwlock_update(false)),
    correct("rwlock_update_in_one_step", || rwlock_update(true)),
    correct("rwlock_readers_and_writer", rwlock_readers_and_writer),
    correct("rwlock_two_readers_meet", rwlock_two_readers_meet),
    bug("barrier_for_too_many", &[Deadlock], || barrier_of(3)),
    correct("barrier", || barrier_of(2)),
    bug("once_inside_itself", &[SelfDeadlock], || once(true)),
    correct("once", || once(false)),
];
