//! What weak memory allows: publication, home-made locks, fences.

use interleave::Fault::{BusyWait, Panic};
use interleave_std::hint::spin_loop;
use interleave_std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, Ordering::*, fence};
use interleave_std::sync::{Arc, Barrier, Condvar, Mutex, Once, RwLock, mpsc};
use interleave_std::thread;

use crate::case::{Case, bug, correct};

fn publish(store: Ordering, load: Ordering) {
    let shared = Arc::new((AtomicUsize::new(0), AtomicBool::new(false)));
    let writer = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            shared.0.store(42, Relaxed);
            shared.1.store(true, store);
        })
    };
    if shared.1.load(load) {
        assert_eq!(shared.0.load(Relaxed), 42, "the flag came before the data");
    }
    writer.join().unwrap();
}

fn publish_by_fences(both: bool) {
    let (data, ready) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            data.store(42, Relaxed);
            fence(Release);
            ready.store(true, Relaxed);
        });
        if ready.load(Relaxed) {
            if both {
                fence(Acquire);
            }
            assert_eq!(data.load(Relaxed), 42, "the flag came before the data");
        }
    });
}

/// A counter in the middle of a release sequence must not hide the release that began it.
fn release_sequence(middle: Ordering, plain_store: bool) {
    let (data, state) = (AtomicUsize::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            data.store(42, Relaxed);
            state.store(1, Release);
        });
        scope.spawn(|| {
            if plain_store {
                if state.load(Relaxed) == 1 {
                    state.store(2, middle);
                }
            } else {
                let _ = state.compare_exchange(1, 2, middle, Relaxed);
            }
        });
        if state.load(Acquire) == 2 {
            assert_eq!(data.load(Relaxed), 42, "the release sequence was broken");
        }
    });
}

fn spin_lock(unlock: Ordering) {
    let (locked, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while locked.compare_exchange(false, true, Acquire, Relaxed).is_err() {
                    spin_loop();
                }
                let before = count.load(Relaxed);
                count.store(before + 1, Relaxed);
                locked.store(false, unlock);
            });
        }
    });
    assert_eq!(count.into_inner(), 2, "an update inside the lock got lost");
}

fn spin_lock_without_hint(threads: usize, rounds: usize) {
    let (locked, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for _ in 0..rounds {
                    while locked.swap(true, Acquire) {}
                    count.fetch_add(1, Relaxed);
                    locked.store(false, Release);
                }
            });
        }
    });
    assert_eq!(count.into_inner(), threads * rounds);
}

/// Takes numbers in turn; whoever is not served yet keeps looking, and yields to nobody.
fn ticket_lock(threads: usize, rounds: usize) {
    let (next, served, count) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for _ in 0..rounds {
                    let mine = next.fetch_add(1, Relaxed);
                    while served.load(Acquire) != mine {}
                    count.fetch_add(1, Relaxed);
                    served.store(mine + 1, Release);
                }
            });
        }
    });
    assert_eq!(count.into_inner(), threads * rounds);
}

/// Each raises its own flag and looks at the other's: at most one may find it down.
fn dekker(store: Ordering, load: Ordering, fenced: bool) {
    let flags = [AtomicBool::new(false), AtomicBool::new(false)];
    let alone = AtomicUsize::new(0);
    thread::scope(|scope| {
        for me in 0..2 {
            let (flags, alone) = (&flags, &alone);
            scope.spawn(move || {
                flags[me].store(true, store);
                if fenced {
                    fence(SeqCst);
                }
                if !flags[1 - me].load(load) {
                    alone.fetch_add(1, SeqCst);
                }
            });
        }
    });
    assert!(alone.into_inner() < 2, "both found the other's flag down");
}

/// Two writers, two readers: with acquire loads the readers may disagree about who came first.
fn independent_reads(order: Ordering, store: Ordering) {
    let values = [AtomicBool::new(false), AtomicBool::new(false)];
    let disagree = AtomicUsize::new(0);
    thread::scope(|scope| {
        for value in &values {
            scope.spawn(move || value.store(true, store));
        }
        for first in 0..2 {
            let (values, disagree) = (&values, &disagree);
            scope.spawn(move || {
                if values[first].load(order) && !values[1 - first].load(order) {
                    disagree.fetch_add(1, SeqCst);
                }
            });
        }
    });
    assert!(disagree.into_inner() < 2, "the readers saw different orders");
}

/// Coherence: one thread never sees a value go back, however weak the ordering.
fn coherent() {
    let value = AtomicU32::new(0);
    thread::scope(|scope| {
        scope.spawn(|| (1..=3).for_each(|next| value.store(next, Relaxed)));
        scope.spawn(|| {
            let first = value.load(Relaxed);
            assert!(first <= value.load(Relaxed), "a value went back");
        });
    });
}

/// What happened before a spawn, or before the end that a join waits for, is known.
fn known_through_spawn_and_join() {
    let value = Arc::new(AtomicU32::new(0));
    value.store(1, Relaxed);
    let child = {
        let value = Arc::clone(&value);
        thread::spawn(move || {
            assert_eq!(value.load(Relaxed), 1);
            value.store(2, Relaxed);
        })
    };
    child.join().unwrap();
    assert_eq!(value.load(Relaxed), 2);
}

/// Hands a number over to another thread, whose load is relaxed: the hand-over itself must make it known.
fn handed_over(give: fn(&Meeting), take: fn(&Meeting)) {
    let meeting = Meeting::new();
    let number = AtomicU32::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            take(&meeting);
            assert_eq!(number.load(Relaxed), 7, "met, but the number is not known");
        });
        number.store(7, Relaxed);
        give(&meeting);
    });
}

struct Meeting {
    barrier: Barrier,
    once: Once,
    lock: RwLock<bool>,
    pair: (Mutex<bool>, Condvar),
    buffered: (mpsc::SyncSender<()>, Mutex<mpsc::Receiver<()>>),
    direct: (mpsc::SyncSender<()>, Mutex<mpsc::Receiver<()>>),
}

impl Meeting {
    fn new() -> Self {
        let channel = |capacity| {
            let (sender, receiver) = mpsc::sync_channel(capacity);
            (sender, Mutex::new(receiver))
        };
        Self {
            barrier: Barrier::new(2),
            once: Once::new(),
            lock: RwLock::new(false),
            pair: (Mutex::new(false), Condvar::new()),
            buffered: channel(1),
            direct: channel(0),
        }
    }

    fn meet(&self) {
        self.barrier.wait();
    }

    fn set(&self) {
        *self.pair.0.lock().unwrap() = true;
        self.pair.1.notify_all();
    }

    fn wait(&self) {
        drop(self.pair.1.wait_while(self.pair.0.lock().unwrap(), |set| !*set).unwrap());
    }

    fn write(&self) {
        *self.lock.write().unwrap() = true;
    }

    fn read(&self) {
        while !*self.lock.read().unwrap() {
            thread::yield_now();
        }
    }
}

/// Waits for a flag that nobody raises.
fn spin_for_ever() {
    let flag = AtomicBool::new(false);
    while !flag.load(Acquire) {
        spin_loop();
    }
}

/// A stack of indices: an exchange that sees the same head again takes the wrong next one.
fn stack(tagged: bool) {
    const NONE: u32 = 9;
    let next = [AtomicU32::new(1), AtomicU32::new(2), AtomicU32::new(NONE)];
    // The tag counts the changes of the head.
    let head = AtomicU32::new(0);
    let step = if tagged { 16 } else { 0 };
    let pop = || loop {
        let seen = head.load(SeqCst);
        let top = seen % 16;
        if top == NONE {
            return None;
        }
        let after = next[top as usize].load(SeqCst);
        if head.compare_exchange(seen, seen - top + after + step, SeqCst, SeqCst).is_ok() {
            return Some(top);
        }
    };
    let push = |item: u32| loop {
        let seen = head.load(SeqCst);
        next[item as usize].store(seen % 16, SeqCst);
        if head.compare_exchange(seen, seen - seen % 16 + item + step, SeqCst, SeqCst).is_ok() {
            return;
        }
    };
    let (mine, theirs) = thread::scope(|scope| {
        let other = scope.spawn(|| {
            let (first, second) = (pop(), pop());
            first.into_iter().for_each(push);
            second
        });
        (pop(), other.join().unwrap())
    });
    let mut all = [mine, theirs].into_iter().flatten().collect::<Vec<_>>();
    while let Some(item) = pop() {
        all.push(item);
        assert!(all.len() <= 3, "an item was popped twice: {all:?}");
    }
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2]);
}

pub(crate) const CASES: &[Case] = &[
    bug("publication_relaxed", &[Panic], || publish(Relaxed, Relaxed)),
    bug("publication_store_relaxed", &[Panic], || publish(Relaxed, Acquire)),
    bug("publication_load_relaxed", &[Panic], || publish(Release, Relaxed)),
    correct("publication", || publish(Release, Acquire)),
    correct("publication_sequential", || publish(SeqCst, SeqCst)),
    bug("publication_one_fence", &[Panic], || publish_by_fences(false)),
    correct("publication_two_fences", || publish_by_fences(true)),
    bug("release_sequence_broken_by_store", &[Panic], || release_sequence(Relaxed, true)),
    correct("release_sequence_through_exchange", || release_sequence(Relaxed, false)),
    bug("spin_lock_unlocks_relaxed", &[Panic], || spin_lock(Relaxed)),
    correct("spin_lock", || spin_lock(Release)),
    correct("spin_lock_without_hint", || spin_lock_without_hint(2, 1)),
    correct("spin_lock_without_hint_contended", || spin_lock_without_hint(4, 5)),
    correct("ticket_lock", || ticket_lock(4, 4)),
    correct("ticket_lock_of_many", || ticket_lock(6, 6)),
    bug("dekker_acquire_release", &[Panic], || dekker(Release, Acquire, false)),
    correct("dekker_sequential", || dekker(SeqCst, SeqCst, false)),
    correct("dekker_with_fences", || dekker(Relaxed, Relaxed, true)),
    bug("independent_reads_acquire", &[Panic], || independent_reads(Acquire, Release)),
    correct("independent_reads_sequential", || independent_reads(SeqCst, SeqCst)),
    correct("coherence", coherent),
    correct("known_through_spawn_and_join", known_through_spawn_and_join),
    correct("known_through_barrier", || handed_over(Meeting::meet, Meeting::meet)),
    correct("known_through_condvar", || handed_over(Meeting::set, Meeting::wait)),
    correct("known_through_rwlock", || handed_over(Meeting::write, Meeting::read)),
    correct("known_through_once", || {
        handed_over(|meeting| meeting.once.call_once(|| ()), |meeting| meeting.once.wait())
    }),
    correct("known_through_channel", || {
        handed_over(
            |meeting| meeting.buffered.0.send(()).unwrap(),
            |meeting| meeting.buffered.1.lock().unwrap().recv().unwrap(),
        );
    }),
    correct("known_through_meeting", || {
        handed_over(
            |meeting| meeting.direct.1.lock().unwrap().recv().unwrap(),
            |meeting| meeting.direct.0.send(()).unwrap(),
        );
    }),
    bug("spin_for_ever", &[BusyWait], spin_for_ever),
    bug("stack_same_head_again", &[Panic], || stack(false)),
    correct("stack_with_tags", || stack(true)),
];
