//! Semaphores and events over a condition variable.

use interleave::Fault::{Deadlock, LostWakeUp, Panic};
use interleave_std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use interleave_std::sync::{Arc, Condvar, Mutex};
use interleave_std::thread;

use crate::case::{Case, bug, correct};

struct Semaphore {
    permits: Mutex<usize>,
    freed: Condvar,
}

impl Semaphore {
    fn new(permits: usize) -> Self {
        Self { permits: Mutex::new(permits), freed: Condvar::new() }
    }

    fn acquire(&self) {
        let permits = self.permits.lock().unwrap();
        *self.freed.wait_while(permits, |permits| *permits == 0).unwrap() -= 1;
    }

    fn acquire_without_loop(&self) {
        let mut permits = self.permits.lock().unwrap();
        if *permits == 0 {
            permits = self.freed.wait(permits).unwrap();
        }
        *permits = permits.checked_sub(1).expect("took a permit that was not there");
    }

    fn release(&self) {
        *self.permits.lock().unwrap() += 1;
        self.freed.notify_one();
    }

    fn release_and_notify_from_zero_only(&self) {
        let mut permits = self.permits.lock().unwrap();
        *permits += 1;
        if *permits == 1 {
            self.freed.notify_one();
        }
    }

    fn release_twice(&self) {
        self.release();
        self.release();
    }

    fn release_silently(&self) {
        *self.permits.lock().unwrap() += 1;
    }
}

/// Never more threads inside than there are permits.
fn bounded(threads: usize, permits: usize, acquire: fn(&Semaphore), release: fn(&Semaphore)) {
    let shared = Arc::new((Semaphore::new(permits), AtomicUsize::new(0)));
    let threads = (0..threads).map(|_| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            let (semaphore, inside) = &*shared;
            acquire(semaphore);
            assert!(inside.fetch_add(1, SeqCst) < permits, "too many inside");
            inside.fetch_sub(1, SeqCst);
            release(semaphore);
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.join().expect("a thread inside panicked");
    }
}

/// Two permits given, two threads waiting: both must get through.
fn two_waiters_two_permits(release: fn(&Semaphore)) {
    let semaphore = Arc::new(Semaphore::new(0));
    let waiters = [(); 2].map(|()| {
        let semaphore = Arc::clone(&semaphore);
        thread::spawn(move || semaphore.acquire())
    });
    release(&semaphore);
    release(&semaphore);
    for waiter in waiters {
        waiter.join().unwrap();
    }
}

/// One permit, kept in an atomic.
fn atomic_permit(try_acquire: fn(&AtomicUsize) -> bool) {
    let shared = Arc::new((AtomicUsize::new(1), AtomicUsize::new(0)));
    let threads = [(); 2].map(|()| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            let (permits, inside) = &*shared;
            if try_acquire(permits) {
                assert_eq!(inside.fetch_add(1, SeqCst), 0, "too many inside");
                inside.fetch_sub(1, SeqCst);
                permits.fetch_add(1, SeqCst);
            }
        })
    });
    for thread in threads {
        thread.join().expect("a thread inside panicked");
    }
}

fn look_then_take(permits: &AtomicUsize) -> bool {
    let free = permits.load(SeqCst) > 0;
    if free {
        permits.fetch_sub(1, SeqCst);
    }
    free
}

fn take_by_exchange(permits: &AtomicUsize) -> bool {
    permits.compare_exchange(1, 0, SeqCst, SeqCst).is_ok()
}

#[derive(Default)]
struct Event {
    flag: AtomicBool,
    set: Mutex<bool>,
    changed: Condvar,
}

impl Event {
    fn wait(&self) {
        let mut set = self.set.lock().unwrap();
        while !*set {
            set = self.changed.wait(set).unwrap();
        }
    }

    fn wait_without_predicate(&self) {
        drop(self.changed.wait(self.set.lock().unwrap()).unwrap());
    }

    fn wait_without_loop(&self) {
        let mut set = self.set.lock().unwrap();
        if !*set {
            set = self.changed.wait(set).unwrap();
        }
        assert!(*set, "came back before the event");
    }

    /// Looks at the flag before it takes the lock: the notification fits in between.
    fn wait_after_unlocked_look(&self) {
        if self.flag.load(SeqCst) {
            return;
        }
        let mut set = self.set.lock().unwrap();
        loop {
            set = self.changed.wait(set).unwrap();
            if self.flag.load(SeqCst) {
                return;
            }
        }
    }

    /// Right by itself, but the setter does not take the lock.
    fn wait_for_flag(&self) {
        let mut set = self.set.lock().unwrap();
        while !self.flag.load(SeqCst) {
            set = self.changed.wait(set).unwrap();
        }
    }

    fn set(&self) {
        *self.set.lock().unwrap() = true;
        self.changed.notify_all();
    }

    fn set_for_one(&self) {
        *self.set.lock().unwrap() = true;
        self.changed.notify_one();
    }

    fn set_without_lock(&self) {
        self.flag.store(true, SeqCst);
        self.changed.notify_all();
    }

    /// The notification comes first, the change after it.
    fn notify_too_early(&self) {
        self.changed.notify_all();
        *self.set.lock().unwrap() = true;
    }

    fn set_under_lock(&self) {
        let mut set = self.set.lock().unwrap();
        *set = true;
        self.flag.store(true, SeqCst);
        self.changed.notify_all();
    }
}

fn event(waiters: usize, wait: fn(&Event), set: fn(&Event)) {
    let event = Arc::new(Event::default());
    let waiters = (0..waiters).map(|_| {
        let event = Arc::clone(&event);
        thread::spawn(move || wait(&event))
    });
    let waiters = waiters.collect::<Vec<_>>();
    set(&event);
    for waiter in waiters {
        waiter.join().expect("a waiter panicked");
    }
}

/// A counter of threads that are still at work, watched by a thread that waits for none to be left.
fn wait_group(notify_under_lock: bool) {
    let group = Arc::new((Mutex::new(2_u32), Condvar::new(), AtomicUsize::new(2)));
    for _ in 0..2 {
        let group = Arc::clone(&group);
        thread::spawn(move || {
            if notify_under_lock {
                *group.0.lock().unwrap() -= 1;
                group.1.notify_one();
            } else if group.2.fetch_sub(1, SeqCst) == 1 {
                group.1.notify_one();
            }
        });
    }
    let mut left = group.0.lock().unwrap();
    if notify_under_lock {
        while *left > 0 {
            left = group.1.wait(left).unwrap();
        }
    } else {
        while group.2.load(SeqCst) > 0 {
            left = group.1.wait(left).unwrap();
        }
    }
}

pub(crate) const CASES: &[Case] = &[
    bug("semaphore_if_instead_of_while", &[Panic, Deadlock, LostWakeUp], || {
        bounded(3, 1, Semaphore::acquire_without_loop, Semaphore::release);
    }),
    correct("semaphore", || bounded(3, 1, Semaphore::acquire, Semaphore::release)),
    correct("semaphore_of_two", || bounded(3, 2, Semaphore::acquire, Semaphore::release)),
    bug("semaphore_notifies_from_zero_only", &[Deadlock, LostWakeUp], || {
        two_waiters_two_permits(Semaphore::release_and_notify_from_zero_only);
    }),
    correct("semaphore_two_waiters", || two_waiters_two_permits(Semaphore::release)),
    bug("semaphore_never_notifies", &[Deadlock], || two_waiters_two_permits(Semaphore::release_silently)),
    bug("semaphore_double_release", &[Panic], || bounded(3, 1, Semaphore::acquire, Semaphore::release_twice)),
    bug("atomic_permit_look_then_take", &[Panic], || atomic_permit(look_then_take)),
    correct("atomic_permit_by_exchange", || atomic_permit(take_by_exchange)),
    bug("event_without_predicate", &[LostWakeUp], || {
        event(1, Event::wait_without_predicate, |event| event.changed.notify_all());
    }),
    bug("event_look_outside_lock", &[LostWakeUp], || {
        event(1, Event::wait_after_unlocked_look, Event::set_without_lock);
    }),
    bug("event_set_outside_lock", &[LostWakeUp], || event(1, Event::wait_for_flag, Event::set_without_lock)),
    correct("event_flag_set_under_lock", || event(1, Event::wait_for_flag, Event::set_under_lock)),
    bug("event_notify_one_for_two", &[Deadlock, LostWakeUp], || event(2, Event::wait, Event::set_for_one)),
    bug("event_notified_before_the_change", &[Deadlock, LostWakeUp], || {
        event(1, Event::wait, Event::notify_too_early)
    }),
    bug("event_trusts_every_wake_up", &[Panic], || event(1, Event::wait_without_loop, Event::set)),
    correct("event", || event(2, Event::wait, Event::set)),
    bug("wait_group_counts_outside_lock", &[LostWakeUp], || wait_group(false)),
    correct("wait_group", || wait_group(true)),
];
