//! Parking: tokens that merge, get swallowed or come too late, and homemade locks on top of it.

use std::collections::VecDeque;

use interleave::Fault::{Deadlock, Panic};
use interleave_std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, Ordering::*};
use interleave_std::sync::{Arc, Mutex};
use interleave_std::thread::{self, Thread};
use interleave_std::time::{Duration, Instant};

use crate::case::{Case, bug, correct};

/// Two events for one thread, raised by two others. There is one token for both.
fn two_events(park_first: bool) {
    let events = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
    let waiter = {
        let events = Arc::clone(&events);
        thread::spawn(move || {
            for event in &*events {
                if park_first {
                    loop {
                        thread::park();
                        if event.load(SeqCst) {
                            break;
                        }
                    }
                } else {
                    while !event.load(SeqCst) {
                        thread::park();
                    }
                }
            }
        })
    };
    thread::scope(|scope| {
        for event in &*events {
            let waiter = waiter.thread();
            scope.spawn(move || {
                event.store(true, SeqCst);
                waiter.unpark();
            });
        }
    });
    waiter.join().unwrap();
}

/// A lock whose waiters park in a queue.
#[derive(Default)]
struct ParkingLock {
    locked: AtomicBool,
    queue: Mutex<VecDeque<Thread>>,
}

impl ParkingLock {
    fn try_lock(&self) -> bool {
        !self.locked.swap(true, SeqCst)
    }

    fn queue_up(&self) {
        self.queue.lock().unwrap().push_back(thread::current());
    }

    fn leave_queue(&self) {
        let me = thread::current().id();
        self.queue.lock().unwrap().retain(|thread| thread.id() != me);
    }

    fn lock_without_second_try(&self) {
        while !self.try_lock() {
            self.queue_up();
            thread::park();
            self.leave_queue();
        }
    }

    fn lock(&self) {
        while !self.try_lock() {
            self.queue_up();
            if self.try_lock() {
                break;
            }
            thread::park();
        }
        self.leave_queue();
    }

    fn unlock(&self) {
        self.locked.store(false, SeqCst);
        let first = self.queue.lock().unwrap().pop_front();
        if let Some(first) = first {
            first.unpark();
        }
    }
}

fn parking_lock(threads: usize, lock: fn(&ParkingLock)) {
    let (parking, count) = (ParkingLock::default(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                lock(&parking);
                let before = count.load(SeqCst);
                count.store(before + 1, SeqCst);
                parking.unlock();
            });
        }
    });
    assert_eq!(count.into_inner(), threads, "an update inside the lock got lost");
}

/// Sleeps for a while by parking, though anything may end the park.
fn nap(to_the_end: bool) {
    let napper = thread::spawn(move || {
        let (start, length) = (Instant::now(), Duration::from_millis(20));
        loop {
            let left = length.saturating_sub(start.elapsed());
            if left.is_zero() {
                break;
            }
            thread::park_timeout(left);
            if !to_the_end {
                break;
            }
        }
        start.elapsed() >= length
    });
    napper.thread().unpark();
    assert!(napper.join().unwrap(), "the nap was cut short");
}

/// One unpark, one park, in whatever order: the token is kept.
fn park_once() {
    let parked = thread::spawn(thread::park);
    parked.thread().unpark();
    parked.join().unwrap();
}

/// The worker tells main that it is done, by its own idea of who main is.
fn done(caller_known_outside: bool) {
    let done = Arc::new(AtomicBool::new(false));
    let caller = thread::current();
    let worker = {
        let done = Arc::clone(&done);
        thread::spawn(move || {
            done.store(true, SeqCst);
            let caller = if caller_known_outside { caller } else { thread::current() };
            caller.unpark();
        })
    };
    while !done.load(SeqCst) {
        thread::park();
    }
    worker.join().unwrap();
}

/// The loop can end without a park, by the flag alone; then only the flag's ordering makes the data known.
fn data_behind_the_flag(store: Ordering, load: Ordering) {
    let shared = Arc::new((AtomicUsize::new(0), AtomicBool::new(false)));
    let reader = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            while !shared.1.load(load) {
                thread::park();
            }
            shared.0.load(Relaxed)
        })
    };
    shared.0.store(42, Relaxed);
    shared.1.store(true, store);
    reader.thread().unpark();
    assert_eq!(reader.join().unwrap(), 42, "the flag came before the data");
}

/// The flag itself is all that matters: unpark hands it over to the park that takes the token.
fn relaxed_flags() {
    let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
    let waiter = {
        let flags = Arc::clone(&flags);
        thread::spawn(move || {
            while !flags.iter().all(|flag| flag.load(Relaxed)) {
                thread::park();
            }
        })
    };
    thread::scope(|scope| {
        for flag in &*flags {
            let waiter = waiter.thread();
            scope.spawn(move || {
                flag.store(true, Relaxed);
                waiter.unpark();
            });
        }
    });
    waiter.join().unwrap();
}

/// The waiter says who it is, then waits; the setter wakes whoever has said so by then.
fn registered(set: fn(&AtomicBool, &Mutex<Option<Thread>>)) {
    let (flag, waiter) = (AtomicBool::new(false), Mutex::new(None));
    thread::scope(|scope| {
        scope.spawn(|| {
            *waiter.lock().unwrap() = Some(thread::current());
            while !flag.load(SeqCst) {
                thread::park();
            }
        });
        set(&flag, &waiter);
    });
}

fn wake(waiter: &Mutex<Option<Thread>>) {
    if let Some(waiter) = &*waiter.lock().unwrap() {
        waiter.unpark();
    }
}

/// Counts what it has been given, but by how often it woke up.
fn three_items(count_wake_ups: bool) {
    let items = Arc::new(AtomicUsize::new(0));
    let consumer = {
        let items = Arc::clone(&items);
        thread::spawn(move || {
            let mut got = 0;
            while got < 3 {
                if count_wake_ups {
                    thread::park();
                    got += 1;
                } else {
                    match items.swap(0, SeqCst) {
                        0 => thread::park(),
                        some => got += some,
                    }
                }
            }
        })
    };
    for _ in 0..3 {
        items.fetch_add(1, SeqCst);
        consumer.thread().unpark();
    }
    consumer.join().unwrap();
}

pub(crate) const CASES: &[Case] = &[
    // Wrong: the first loop may take the one token for both events, and the second parks before it looks.
    bug("park_before_the_look", &[Deadlock], || two_events(true)),
    // Right: the second event's token may be gone, but then its flag is up already.
    correct("park_after_the_look", || two_events(false)),
    // Wrong: the unlock fits between the failed try and the queue, nobody is woken.
    bug("parking_lock_without_second_try", &[Deadlock], || {
        parking_lock(2, ParkingLock::lock_without_second_try);
    }),
    // Right: a second try after queueing up; stale entries and stale tokens do no harm.
    correct("parking_lock", || parking_lock(2, ParkingLock::lock)),
    // Right: the same with a third thread that may overtake the woken one.
    correct("parking_lock_with_overtaking", || parking_lock(3, ParkingLock::lock)),
    // Wrong: park_timeout ends early, by the unpark or for no reason.
    bug("nap_cut_short", &[Panic], || nap(false)),
    // Right: naps again for what is left.
    correct("nap_to_the_end", || nap(true)),
    // Right: no flag and no loop, but nothing is concluded from the return either, and the token is kept.
    correct("park_once_unpark_once", park_once),
    // Wrong: inside the worker the current thread is the worker, so main is never woken.
    bug("unparks_itself", &[Deadlock], || done(false)),
    // Right: main's handle is taken by main.
    correct("unparks_its_caller", || done(true)),
    // Wrong: the loop ends by a relaxed flag without a park, and the data is still old.
    bug("park_behind_a_relaxed_flag", &[Panic], || data_behind_the_flag(Relaxed, Relaxed)),
    // Right: the flag is released and acquired, whether or not there is a park.
    correct("park_behind_an_acquired_flag", || data_behind_the_flag(Release, Acquire)),
    // Right: relaxed flags with nothing behind them; a park that takes the token sees the store before it.
    correct("park_relaxed_flags_alone", relaxed_flags),
    // Wrong: looks for a waiter, then raises the flag; in between the waiter registers and goes to sleep.
    bug("park_waiter_looked_up_too_early", &[Deadlock], || {
        registered(|flag, waiter| {
            wake(waiter);
            flag.store(true, SeqCst);
        });
    }),
    // Right: if nobody has registered yet, the one who does will see the flag.
    correct("park_waiter_looked_up_after_the_flag", || {
        registered(|flag, waiter| {
            flag.store(true, SeqCst);
            wake(waiter);
        });
    }),
    // Wrong: three unparks may merge into one token.
    bug("park_counts_wake_ups", &[Deadlock], || three_items(true)),
    // Right: wake-ups are hints, the number of items is in the counter.
    correct("park_counts_items", || three_items(false)),
];
