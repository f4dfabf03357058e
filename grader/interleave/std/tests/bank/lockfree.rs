//! Structures without locks: stacks of indices, rings, handles, maxima, updates that run twice.

use interleave::Fault::{Deadlock, LostWakeUp, Panic};
use interleave_std::hint::spin_loop;
use interleave_std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, Ordering::*};
use interleave_std::sync::{Condvar, Mutex};
use interleave_std::thread;
use interleave_std::time::Duration;

use crate::case::{Case, bug, correct};

const NONE: u32 = 7;

/// Slots that are handed out and given back: a list of indices, linked through the slots.
struct FreeList {
    next: [AtomicU32; 3],
    /// The index in the low 3 bits, the generation above.
    head: AtomicU32,
    generation: u32,
}

impl FreeList {
    fn new(generations: bool) -> Self {
        Self {
            next: [1, 2, NONE].map(AtomicU32::new),
            head: AtomicU32::new(0),
            generation: if generations { 8 } else { 0 },
        }
    }

    /// Takes a slot, in a hurry or with a nap at the worst moment.
    fn take(&self, nap: bool) -> Option<u32> {
        let mut seen = self.head.load(Acquire);
        loop {
            let index = seen % 8;
            if index == NONE {
                return None;
            }
            let after = self.next[index as usize].load(Relaxed);
            if nap {
                thread::sleep(Duration::from_millis(1));
            }
            let new = seen - index + after + self.generation;
            match self.head.compare_exchange_weak(seen, new, AcqRel, Acquire) {
                Ok(_) => return Some(index),
                Err(changed) => seen = changed,
            }
        }
    }

    fn give_back(&self, index: u32) {
        let mut seen = self.head.load(Relaxed);
        loop {
            self.next[index as usize].store(seen % 8, Relaxed);
            let new = seen - seen % 8 + index + self.generation;
            match self.head.compare_exchange_weak(seen, new, Release, Relaxed) {
                Ok(_) => return,
                Err(changed) => seen = changed,
            }
        }
    }
}

/// One thread takes two slots and gives the first back while another is in the middle of taking one.
fn slots_handed_out(generations: bool) {
    let slots = FreeList::new(generations);
    let mut taken = thread::scope(|scope| {
        let other = scope.spawn(|| {
            let (first, second) = (slots.take(false), slots.take(false));
            first.into_iter().for_each(|slot| slots.give_back(slot));
            second
        });
        [slots.take(true), other.join().unwrap()].into_iter().flatten().collect::<Vec<_>>()
    });
    while let Some(slot) = slots.take(false) {
        taken.push(slot);
        assert!(taken.len() <= 3, "a slot was handed out twice: {taken:?}");
    }
    taken.sort_unstable();
    assert_eq!(taken, [0, 1, 2]);
}

/// Two threads push, and a third takes everything at once: nothing can come back, no generation is needed.
fn push_and_take_all(success: Ordering) {
    let next = [(); 2].map(|()| AtomicU32::new(NONE));
    let (head, pushed) = (AtomicU32::new(NONE), AtomicU32::new(0));
    let mut all = thread::scope(|scope| {
        for mine in 0..2 {
            let (next, head, pushed) = (&next, &head, &pushed);
            scope.spawn(move || {
                let mut seen = head.load(Relaxed);
                loop {
                    next[mine as usize].store(seen, Relaxed);
                    match head.compare_exchange_weak(seen, mine, success, Relaxed) {
                        Ok(_) => break,
                        Err(changed) => seen = changed,
                    }
                }
                pushed.fetch_add(1, Relaxed);
            });
        }
        // Waits for both, but does not learn by that what they have done.
        while pushed.load(Relaxed) < 2 {
            spin_loop();
        }
        let (mut all, mut at) = (Vec::new(), head.swap(NONE, Acquire));
        while at != NONE {
            all.push(at);
            at = next[at as usize].load(Relaxed);
        }
        all
    });
    all.sort_unstable();
    assert_eq!(all, [0, 1], "a link was not known to the one who took the list");
}

/// One producer, one consumer, two places.
#[derive(Default)]
struct Ring {
    places: [AtomicU32; 2],
    read: AtomicUsize,
    written: AtomicUsize,
}

impl Ring {
    fn push(&self, item: u32, publish: Ordering) {
        let at = self.written.load(Relaxed);
        while at - self.read.load(Acquire) == self.places.len() {
            spin_loop();
        }
        self.places[at % self.places.len()].store(item, Relaxed);
        self.written.store(at + 1, publish);
    }

    fn pop(&self, read_before_freeing: bool) -> u32 {
        let at = self.read.load(Relaxed);
        while self.written.load(Acquire) == at {
            spin_loop();
        }
        let place = &self.places[at % self.places.len()];
        if read_before_freeing {
            let item = place.load(Relaxed);
            self.read.store(at + 1, Release);
            item
        } else {
            self.read.store(at + 1, Release);
            place.load(Relaxed)
        }
    }
}

fn ring(publish: Ordering, read_before_freeing: bool) {
    let ring = Ring::default();
    thread::scope(|scope| {
        scope.spawn(|| (1..=3).for_each(|item| ring.push(item, publish)));
        for item in 1..=3 {
            assert_eq!(ring.pop(read_before_freeing), item, "not what was pushed");
        }
    });
}

/// Places in a table, named by handles. A handle may outlive what it names.
fn stale_handle(generations: bool) {
    // Generation, owner.
    let table = Mutex::new([(0_u32, None)]);
    let enter = |owner: &'static str| {
        let mut table = table.lock().unwrap();
        table[0].1.is_none().then(|| {
            table[0].1 = Some(owner);
            table[0].0
        })
    };
    let remove = |handle: u32| {
        let mut table = table.lock().unwrap();
        if !generations || table[0].0 == handle {
            table[0] = (table[0].0 + 1, None);
        }
    };
    let old = enter("old").unwrap();
    thread::scope(|scope| {
        // Both believe that the old entry is theirs to remove.
        scope.spawn(|| remove(old));
        scope.spawn(|| remove(old));
        let new = enter("new");
        thread::yield_now();
        let owner = table.lock().unwrap()[0].1;
        assert!(new.is_none() || owner == Some("new"), "a stale handle removed the new entry");
    });
}

/// Waits for a switch to be thrown, but it may have been thrown back by then.
fn thrown_twice(count_throws: bool) {
    // Position, number of throws.
    let (state, thrown) = (Mutex::new((false, 0)), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            let seen = (false, 0);
            let state = state.lock().unwrap();
            drop(if count_throws {
                thrown.wait_while(state, |state| state.1 == seen.1).unwrap()
            } else {
                thrown.wait_while(state, |state| state.0 == seen.0).unwrap()
            });
        });
        for _ in 0..2 {
            let mut state = state.lock().unwrap();
            *state = (!state.0, state.1 + 1);
            thrown.notify_all();
        }
    });
}

/// The highest of three bids.
fn highest(bid: fn(&AtomicU32, u32)) {
    let highest = AtomicU32::new(0);
    thread::scope(|scope| {
        for mine in [3, 1, 2] {
            let highest = &highest;
            scope.spawn(move || bid(highest, mine));
        }
    });
    assert_eq!(highest.into_inner(), 3, "a lower bid won");
}

fn look_then_store(highest: &AtomicU32, mine: u32) {
    if highest.load(SeqCst) < mine {
        highest.store(mine, SeqCst);
    }
}

fn exchange_while_lower(highest: &AtomicU32, mine: u32) {
    let mut seen = highest.load(Relaxed);
    while seen < mine {
        match highest.compare_exchange_weak(seen, mine, Relaxed, Relaxed) {
            Ok(_) => return,
            Err(higher) => seen = higher,
        }
    }
}

/// The function of an update may run more than once for one update.
fn tickets(side_effect_inside: bool) {
    let (left, sold) = (AtomicU32::new(2), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let taken = left.fetch_update(AcqRel, Acquire, |left| {
                    let after = left.checked_sub(1)?;
                    if side_effect_inside {
                        sold.fetch_add(1, Relaxed);
                    }
                    Some(after)
                });
                if taken.is_ok() && !side_effect_inside {
                    sold.fetch_add(1, Relaxed);
                }
            });
        }
    });
    assert_eq!((left.into_inner(), sold.into_inner()), (0, 2), "sold more than there were");
}

/// Two threads and as many jobs as are free: every job is taken by exactly one thread.
fn take_jobs(jobs: usize, take: fn(&AtomicBool) -> bool) {
    let free = [true, true].map(AtomicBool::new);
    let takers = AtomicUsize::new(0);
    thread::scope(|scope| {
        for me in 0..2 {
            let (job, takers) = (&free[me % jobs], &takers);
            scope.spawn(move || {
                if take(job) {
                    takers.fetch_add(1, Relaxed);
                }
            });
        }
    });
    assert_eq!(takers.into_inner(), jobs, "a job was taken twice or never");
}

/// A bit for each of two threads; whoever sets the last one has the duty.
fn last_bit(set: fn(&AtomicU32, u32) -> u32) {
    let (bits, duties) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        for me in 0..2 {
            let (bits, duties) = (&bits, &duties);
            scope.spawn(move || {
                if set(bits, 1 << me) == 3 {
                    duties.fetch_add(1, Relaxed);
                }
            });
        }
    });
    assert_eq!(duties.into_inner(), 1, "nobody or both had the duty");
}

pub(crate) const CASES: &[Case] = &[
    // Wrong: the head is the same slot again, but its link is not, and the slot behind it is already taken.
    bug("slots_without_generation", &[Panic], || slots_handed_out(false)),
    // Right: every change of the head has a generation of its own, so a stale link is never used.
    correct("slots_with_generation", || slots_handed_out(true)),
    // Wrong: the pushing exchange does not release the link, the taker may see an older one.
    bug("stack_pushes_relaxed", &[Panic], || push_and_take_all(Relaxed)),
    // Right: nothing is ever popped singly, and the second push continues the first one's release.
    correct("stack_take_all", || push_and_take_all(Release)),
    // Wrong: the counter may become known before the item.
    bug("ring_publishes_relaxed", &[Panic], || ring(Relaxed, true)),
    // Wrong: the place is free before it has been read, and the producer writes over it.
    bug("ring_frees_before_reading", &[Panic], || ring(Release, false)),
    // Right: relaxed places, and each side's own counter is read relaxed.
    correct("ring", || ring(Release, true)),
    // Wrong: the second removal by the same handle hits the entry that came after it.
    bug("handle_without_generation", &[Panic], || stale_handle(false)),
    // Right: the generation tells that the handle is stale.
    correct("handle_with_generation", || stale_handle(true)),
    // Wrong: the switch is back where it was before the waiter looks.
    bug("waits_for_a_change_that_is_undone", &[Deadlock, LostWakeUp], || thrown_twice(false)),
    // Right: the number of throws never goes back.
    correct("waits_for_a_count_of_changes", || thrown_twice(true)),
    // Wrong: a higher bid comes between the look and the store.
    bug("maximum_look_then_store", &[Panic], || highest(look_then_store)),
    // Right: relaxed, and the loop ends without an exchange when somebody was higher.
    correct("maximum_by_exchange", || highest(exchange_while_lower)),
    // Right: one relaxed operation for it all.
    correct("maximum_by_fetch_max", || {
        highest(|highest, mine| {
            highest.fetch_max(mine, Relaxed);
        });
    }),
    // Wrong: the update's function runs again if the exchange failed, and counts again.
    bug("update_with_a_side_effect", &[Panic], || tickets(true)),
    // Right: counts after the update has succeeded, and an update that gives up changes nothing.
    correct("update_then_side_effect", || tickets(false)),
    // Wrong: nobody else wants the job, but a weak exchange may fail all the same.
    bug("job_taken_by_weak_exchange", &[Panic], || {
        take_jobs(2, |free| free.compare_exchange_weak(true, false, SeqCst, SeqCst).is_ok());
    }),
    // Right: a strong exchange that nobody disturbs does not fail, relaxed or not.
    correct("job_taken_by_exchange", || {
        take_jobs(2, |free| free.compare_exchange(true, false, Relaxed, Relaxed).is_ok());
    }),
    // Right: two want one job, and relaxed exchanges are enough to give it to exactly one.
    correct("job_taken_by_one_of_two", || {
        take_jobs(1, |free| free.compare_exchange(true, false, Relaxed, Relaxed).is_ok());
    }),
    // Wrong: sets the bit by one operation and looks by another, so both see all bits set.
    bug("last_bit_by_two_operations", &[Panic], || {
        last_bit(|bits, mine| {
            bits.fetch_or(mine, SeqCst);
            bits.load(SeqCst)
        });
    }),
    // Right: relaxed, but what was there before tells who was last.
    correct("last_bit_by_one_operation", || last_bit(|bits, mine| bits.fetch_or(mine, Relaxed) | mine)),
];
