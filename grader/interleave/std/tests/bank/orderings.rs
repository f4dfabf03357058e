//! Orderings: chains of publication, initialisation under a lock, Peterson's lock, counts of references.

use interleave::Fault::Panic;
use interleave_std::hint::spin_loop;
use interleave_std::sync::Mutex;
use interleave_std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, Ordering::*, fence};
use interleave_std::thread;

use crate::case::{Case, bug, correct};

/// The data goes from the first to the third thread, by way of the second.
fn relay(first_load: Ordering, second_store: Ordering) {
    let (data, first, second) = (AtomicU32::new(0), AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            data.store(42, Relaxed);
            first.store(true, Release);
        });
        scope.spawn(|| {
            while !first.load(first_load) {
                spin_loop();
            }
            second.store(true, second_store);
        });
        while !second.load(Acquire) {
            spin_loop();
        }
        assert_eq!(data.load(Relaxed), 42, "the flag came before the data");
    });
}

/// Initialised by whoever is first, and looked at without the lock by everybody else.
struct Lazily {
    lock: Mutex<()>,
    ready: AtomicBool,
    data: AtomicU32,
}

fn lazily(get: fn(&Lazily) -> u32) {
    let lazily = Lazily { lock: Mutex::new(()), ready: AtomicBool::new(false), data: AtomicU32::new(0) };
    let work = || assert_eq!(get(&lazily), 42, "ready, but without the data");
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
}

impl Lazily {
    fn get(&self, look: Ordering, publish: Ordering) -> u32 {
        if !self.ready.load(look) {
            let _guard = self.lock.lock().unwrap();
            if !self.ready.load(Relaxed) {
                self.data.store(42, Relaxed);
                self.ready.store(true, publish);
            }
        }
        self.data.load(Relaxed)
    }

    fn get_ready_first(&self) -> u32 {
        if !self.ready.swap(true, SeqCst) {
            let _guard = self.lock.lock().unwrap();
            self.data.store(42, SeqCst);
        }
        self.data.load(SeqCst)
    }

    fn get_always_locked(&self) -> u32 {
        let _guard = self.lock.lock().unwrap();
        if !self.ready.load(Relaxed) {
            self.data.store(42, Relaxed);
            self.ready.store(true, Relaxed);
        }
        self.data.load(Relaxed)
    }
}

/// The loser of an exchange uses what the winner has published.
fn loser_reads(failure: Ordering) {
    let (state, data) = (AtomicU32::new(0), AtomicU32::new(0));
    let work = || match state.compare_exchange(0, 1, Acquire, failure) {
        Ok(_) => {
            data.store(42, Relaxed);
            state.store(2, Release);
        }
        Err(2) => assert_eq!(data.load(Relaxed), 42, "published, but not known"),
        Err(_) => (),
    };
    thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
}

/// Two share something, and the last one to let go looks at what both have left there.
fn last_reference(let_go: fn(&AtomicUsize) -> bool) {
    let (references, left) = (AtomicUsize::new(2), [AtomicU32::new(0), AtomicU32::new(0)]);
    thread::scope(|scope| {
        for mine in &left {
            let (references, left) = (&references, &left);
            scope.spawn(move || {
                mine.store(1, Relaxed);
                if let_go(references) {
                    let sum = left.iter().map(|left| left.load(Relaxed)).sum::<u32>();
                    assert_eq!(sum, 2, "the last one does not know what the other has left");
                }
            });
        }
    });
}

/// Peterson's lock for two.
#[derive(Default)]
struct Peterson {
    wants: [AtomicBool; 2],
    turn: AtomicUsize,
}

impl Peterson {
    fn lock(&self, me: usize, store: Ordering, load: Ordering) {
        self.wants[me].store(true, store);
        self.turn.store(1 - me, store);
        while self.wants[1 - me].load(load) && self.turn.load(load) == 1 - me {
            spin_loop();
        }
    }

    fn lock_turn_first(&self, me: usize) {
        self.turn.store(1 - me, SeqCst);
        self.wants[me].store(true, SeqCst);
        while self.wants[1 - me].load(SeqCst) && self.turn.load(SeqCst) == 1 - me {
            spin_loop();
        }
    }

    fn lock_fenced(&self, me: usize) {
        self.wants[me].store(true, Relaxed);
        fence(SeqCst);
        self.turn.store(1 - me, Relaxed);
        fence(SeqCst);
        while self.wants[1 - me].load(Acquire) && self.turn.load(Relaxed) == 1 - me {
            spin_loop();
        }
    }

    fn lock_fenced_once(&self, me: usize) {
        self.wants[me].store(true, Relaxed);
        self.turn.store(1 - me, Relaxed);
        fence(SeqCst);
        while self.wants[1 - me].load(Acquire) && self.turn.load(Relaxed) == 1 - me {
            spin_loop();
        }
    }

    /// The exchange reads the other's turn if it comes second, and with it the other's wish.
    fn lock_by_swap(&self, me: usize) {
        self.wants[me].store(true, Relaxed);
        self.turn.swap(1 - me, AcqRel);
        while self.wants[1 - me].load(Acquire) && self.turn.load(Relaxed) == 1 - me {
            spin_loop();
        }
    }
}

fn peterson(lock: fn(&Peterson, usize)) {
    let (peterson, inside) = (Peterson::default(), AtomicBool::new(false));
    thread::scope(|scope| {
        for me in 0..2 {
            let (peterson, inside) = (&peterson, &inside);
            scope.spawn(move || {
                lock(peterson, me);
                assert!(!inside.swap(true, Relaxed), "both are inside");
                (0..3).for_each(|_| thread::yield_now());
                inside.store(false, Relaxed);
                peterson.wants[me].store(false, Release);
            });
        }
    });
}

/// Each raises its flag and looks at the other's: at most one may find it down.
fn store_buffer(raise_and_look: [fn(&AtomicU32, &AtomicU32) -> u32; 2]) {
    let flags = [AtomicU32::new(0), AtomicU32::new(0)];
    let seen = thread::scope(|scope| {
        let threads = [0, 1].map(|me| {
            let (flags, raise_and_look) = (&flags, raise_and_look[me]);
            scope.spawn(move || raise_and_look(&flags[me], &flags[1 - me]))
        });
        threads.map(|thread| thread.join().unwrap())
    });
    assert_ne!(seen, [0, 0], "both found the other's flag down");
}

fn swap_then_load(mine: &AtomicU32, other: &AtomicU32) -> u32 {
    mine.swap(1, AcqRel);
    other.load(Acquire)
}

fn swap_then_add_nothing(mine: &AtomicU32, other: &AtomicU32) -> u32 {
    mine.swap(1, AcqRel);
    other.fetch_add(0, AcqRel)
}

fn all_sequential(mine: &AtomicU32, other: &AtomicU32) -> u32 {
    mine.store(1, SeqCst);
    other.load(SeqCst)
}

fn load_relaxed(mine: &AtomicU32, other: &AtomicU32) -> u32 {
    mine.store(1, SeqCst);
    other.load(Relaxed)
}

fn fenced(mine: &AtomicU32, other: &AtomicU32) -> u32 {
    mine.store(1, Relaxed);
    fence(SeqCst);
    other.load(Relaxed)
}

fn not_fenced(mine: &AtomicU32, other: &AtomicU32) -> u32 {
    mine.store(1, Release);
    other.load(Acquire)
}

/// A spinning lock around a plain read and write.
fn spinning(lock: fn(&AtomicBool), unlock: fn(&AtomicBool)) {
    let (locked, count) = (AtomicBool::new(false), AtomicU32::new(0));
    let work = || {
        lock(&locked);
        let before = count.load(Relaxed);
        count.store(before + 1, Relaxed);
        unlock(&locked);
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    assert_eq!(count.into_inner(), 2, "an update inside the lock got lost");
}

fn look_then_set(locked: &AtomicBool) {
    while locked.load(SeqCst) {
        spin_loop();
    }
    locked.store(true, SeqCst);
}

fn lock_relaxed(locked: &AtomicBool) {
    while locked.swap(true, Relaxed) {
        spin_loop();
    }
}

fn lock_relaxed_then_fence(locked: &AtomicBool) {
    while locked.swap(true, Relaxed) {
        spin_loop();
    }
    fence(Acquire);
}

fn look_and_swap(locked: &AtomicBool) {
    while locked.swap(true, Acquire) {
        while locked.load(Relaxed) {
            spin_loop();
        }
    }
}

fn release(locked: &AtomicBool) {
    locked.store(false, Release);
}

/// A lock with numbers, like at a counter.
fn numbered(draw: fn(&AtomicUsize) -> usize, publish: Ordering) {
    let (next, served, count) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicU32::new(0));
    let work = || {
        let mine = draw(&next);
        while served.load(Acquire) < mine {
            spin_loop();
        }
        let before = count.load(Relaxed);
        count.store(before + 1, Relaxed);
        served.store(mine + 1, publish);
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    assert_eq!(count.into_inner(), 2, "an update inside the lock got lost");
}

fn draw_in_two_steps(next: &AtomicUsize) -> usize {
    let mine = next.load(SeqCst);
    next.store(mine + 1, SeqCst);
    mine
}

/// Flag and number in one variable need no ordering, in two they do.
fn flag_and_number(one_variable: bool) {
    let (number, both) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            number.store(42, Relaxed);
            both.store(1 << 8 | 42, Relaxed);
        });
        let seen = both.load(Relaxed);
        if seen >> 8 == 1 {
            let number = if one_variable { seen & 0xff } else { number.load(Relaxed) };
            assert_eq!(number, 42, "the flag came before the number");
        }
    });
}

/// One fence covers several relaxed flags, before and after.
fn one_fence_for_many_flags(fenced: bool) {
    let (data, flags) = (AtomicU32::new(0), [(); 3].map(|()| AtomicBool::new(false)));
    thread::scope(|scope| {
        scope.spawn(|| {
            data.store(42, Relaxed);
            fence(Release);
            flags.iter().for_each(|flag| flag.store(true, Relaxed));
        });
        let raised = flags.iter().filter(|flag| flag.load(Relaxed)).count();
        if fenced && raised > 0 {
            fence(Acquire);
        }
        assert!(raised == 0 || data.load(Relaxed) == 42, "a flag came before the data");
    });
}

pub(crate) const CASES: &[Case] = &[
    // Right: what the first has released goes on with the second's release.
    correct("relay", || relay(Acquire, Release)),
    // Wrong: the second does not acquire what it has seen, so it has nothing to pass on.
    bug("relay_second_loads_relaxed", &[Panic], || relay(Relaxed, Release)),
    // Wrong: the second knows the data, but does not release it.
    bug("relay_second_stores_relaxed", &[Panic], || relay(Acquire, Relaxed)),
    // Right: looked at twice; the second look is under the lock and may be relaxed.
    correct("double_look", || lazily(|lazily| lazily.get(Acquire, Release))),
    // Wrong: the look without the lock sees the flag, but not the data.
    bug("double_look_relaxed", &[Panic], || lazily(|lazily| lazily.get(Relaxed, Release))),
    // Wrong: the flag is set under the lock, but whoever looks without it does not profit from that.
    bug("double_look_published_relaxed", &[Panic], || lazily(|lazily| lazily.get(Acquire, Relaxed))),
    // Wrong: sequential or not, the flag is up before the data is there.
    bug("double_look_ready_first", &[Panic], || lazily(Lazily::get_ready_first)),
    // Right: everything relaxed, and everything under the lock.
    correct("single_look_under_the_lock", || lazily(Lazily::get_always_locked)),
    // Wrong: an exchange that fails relaxed acquires nothing.
    bug("loser_reads_relaxed", &[Panic], || loser_reads(Relaxed)),
    // Right: the failing exchange acquires.
    correct("loser_reads_acquiring", || loser_reads(Acquire)),
    // Wrong: the last one knows that it is the last, and nothing else.
    bug("last_reference_relaxed", &[Panic], || {
        last_reference(|references| references.fetch_sub(1, Relaxed) == 1);
    }),
    // Wrong: both release, and nobody acquires.
    bug("last_reference_released_only", &[Panic], || {
        last_reference(|references| references.fetch_sub(1, Release) == 1);
    }),
    // Right: only the last one acquires, by a fence.
    correct("last_reference_with_fence", || {
        last_reference(|references| {
            let last = references.fetch_sub(1, Release) == 1;
            if last {
                fence(Acquire);
            }
            last
        });
    }),
    // Wrong: each one's wish may still be unknown to the other when it looks.
    bug("peterson_acquire_release", &[Panic], || {
        peterson(|peterson, me| peterson.lock(me, Release, Acquire));
    }),
    // Right: sequential.
    correct("peterson_sequential", || peterson(|peterson, me| peterson.lock(me, SeqCst, SeqCst))),
    // Wrong: sequential or not, the turn is given away before the wish is known.
    bug("peterson_turn_first", &[Panic], || peterson(Peterson::lock_turn_first)),
    // Right: relaxed stores, with a fence after each.
    correct("peterson_fenced", || peterson(Peterson::lock_fenced)),
    // Wrong: a turn may be known before the wish ahead of it; whose fence comes first may see no wish.
    bug("peterson_fenced_once", &[Panic], || peterson(Peterson::lock_fenced_once)),
    // Right: the second exchange of the turn acquires the first, and the wish before it.
    correct("peterson_by_swap", || peterson(Peterson::lock_by_swap)),
    // Wrong: an exchange is no fence, the load after it may be stale.
    bug("flags_swap_then_load", &[Panic], || store_buffer([swap_then_load, swap_then_load])),
    // Right: both look by an exchange that changes nothing, and the later of two exchanges sees the earlier.
    correct("flags_swap_then_add_nothing", || {
        store_buffer([swap_then_add_nothing, swap_then_add_nothing]);
    }),
    // Right: if the one looks by exchange, the other's exchange comes after it and acquires its flag.
    correct("flags_one_adds_nothing", || store_buffer([swap_then_add_nothing, swap_then_load])),
    // Wrong: one of the four operations is not in the order of the sequential ones.
    bug("flags_one_load_relaxed", &[Panic], || store_buffer([all_sequential, load_relaxed])),
    // Wrong: a fence on one side only.
    bug("flags_fenced_on_one_side", &[Panic], || store_buffer([fenced, not_fenced])),
    // Right: a fence on one side, sequential operations on the other: they are in one order.
    correct("flags_fenced_and_sequential", || store_buffer([fenced, all_sequential])),
    // Wrong: both see the lock open before either closes it.
    bug("spinning_look_then_set", &[Panic], || spinning(look_then_set, release)),
    // Wrong: has the lock, but not what its last holder did.
    bug("spinning_locks_relaxed", &[Panic], || spinning(lock_relaxed, release)),
    // Right: relaxed exchanges, and a fence once the lock is there.
    correct("spinning_locks_relaxed_then_fence", || spinning(lock_relaxed_then_fence, release)),
    // Right: waits on relaxed loads, decides by an acquiring exchange.
    correct("spinning_look_and_swap", || spinning(look_and_swap, release)),
    // Wrong: two draw the same number.
    bug("numbers_drawn_in_two_steps", &[Panic], || numbered(draw_in_two_steps, Release)),
    // Wrong: called, but without what the one before has done.
    bug("numbers_called_relaxed", &[Panic], || numbered(|next| next.fetch_add(1, Relaxed), Relaxed)),
    // Right: numbers may be drawn relaxed.
    correct("numbers_drawn_relaxed", || numbered(|next| next.fetch_add(1, Relaxed), Release)),
    // Wrong: two relaxed variables become known in any order.
    bug("flag_beside_the_number", &[Panic], || flag_and_number(false)),
    // Right: relaxed, but one variable cannot be seen in part.
    correct("flag_in_the_number", || flag_and_number(true)),
    // Wrong: the fence before the flags has no partner after them.
    bug("fence_without_partner", &[Panic], || one_fence_for_many_flags(false)),
    // Right: whichever flag was seen, one fence after them all is enough.
    correct("fence_for_many_flags", || one_fence_for_many_flags(true)),
];
