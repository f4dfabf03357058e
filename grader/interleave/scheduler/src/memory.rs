//! The memory model: each atomic keeps its stores, and a load may read an old one.
//!
//! Follows C++20 without load buffering; `SeqCst` loads read the newest store. Both err towards missing an exotic
//! outcome, never towards one that the language forbids. Knows nothing of scheduling or of the story.

use std::sync::atomic::Ordering;

use crate::chance::Chance;
use crate::clock::VectorClock;

/// One value that an atomic had.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) bits: u64,
    thread: usize,
    moment: u32,
    /// What a thread learns that reads this store with acquire ordering.
    released: VectorClock,
    /// Its place among the sequentially consistent stores, from 1; 0 if it is none.
    place: u32,
}

/// What is one order for all: sequentially consistent stores and fences.
#[derive(Clone, Debug, Default)]
pub(crate) struct Total {
    /// What was known before any of the fences.
    clock: VectorClock,
    /// How many stores there were.
    stores: u32,
}

impl Total {
    fn place(&mut self, order: Ordering) -> u32 {
        if order != Ordering::SeqCst {
            return 0;
        }
        self.stores += 1;
        self.stores
    }
}

/// All stores of one atomic in modification order, and how far each thread has seen it.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    stores: Vec<Store>,
    /// For each thread, the stores that it has seen, each newer than the one before, and when.
    seen: Vec<Vec<Sight>>,
}

/// A thread has seen a store.
#[derive(Clone, Copy, Debug)]
struct Sight {
    /// By the thread's own clock.
    moment: u32,
    store: usize,
}

/// More stores than any program needs that is small enough to be explored; older ones are forgotten, so that a long loop
/// takes no more memory than a short one.
const MOST_STORES: usize = 128;

/// The part of a thread that the memory model needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    /// What the thread knows.
    pub(crate) clock: VectorClock,
    /// What an acquire fence would add.
    pub(crate) pending: VectorClock,
    /// What a relaxed store passes on because of the last release fence.
    pub(crate) fenced: VectorClock,
    /// How many sequentially consistent stores came before its last such fence.
    pub(crate) stores_before: u32,
}

pub(crate) fn acquires(order: Ordering) -> bool {
    matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst)
}

pub(crate) fn releases(order: Ordering) -> bool {
    matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst)
}

impl History {
    /// Makes the newest store agree with the cell itself, which exclusive access (`get_mut`, an earlier schedule)
    /// may have changed behind our back. Whoever shares the atomic afterwards knows of that change.
    pub(crate) fn settle(&mut self, actual: u64) {
        if self.stores.last().is_none_or(|newest| newest.bits != actual) {
            let first =
                Store { bits: actual, thread: 0, moment: 0, released: VectorClock::default(), place: 0 };
            self.stores.clear();
            self.stores.push(first);
            self.seen.clear();
        }
    }

    fn newest(&self) -> usize {
        self.stores.len() - 1
    }

    /// Reads; the flag says whether a newer store existed.
    pub(crate) fn load(
        &mut self,
        reader: usize,
        view: &mut View,
        order: Ordering,
        chance: &mut Chance,
    ) -> (u64, bool) {
        let newest = self.newest();
        let age = match order {
            Ordering::SeqCst => 0,
            _ => chance.age(newest - self.oldest_allowed(reader, view)),
        };
        let chosen = newest - age;
        self.observe(reader, view, chosen, order);
        (self.stores[chosen].bits, chosen < newest)
    }

    /// The newest value, as every read-modify-write must see it.
    pub(crate) fn current(&self) -> u64 {
        self.stores[self.newest()].bits
    }

    /// A read-modify-write that fails: only its load happens.
    pub(crate) fn load_newest(&mut self, reader: usize, view: &mut View, order: Ordering) {
        let newest = self.newest();
        self.observe(reader, view, newest, order);
    }

    pub(crate) fn store(
        &mut self,
        writer: usize,
        view: &mut View,
        bits: u64,
        order: Ordering,
        total: &mut Total,
    ) {
        view.clock.tick(writer);
        let released = if releases(order) { view.clock.clone() } else { view.fenced.clone() };
        self.push(writer, view, bits, released, total.place(order));
    }

    /// A read-modify-write that succeeds. It continues the release sequence of the store that it replaces.
    pub(crate) fn replace(
        &mut self,
        thread: usize,
        view: &mut View,
        bits: u64,
        order: Ordering,
        total: &mut Total,
    ) {
        self.load_newest(thread, view, order);
        view.clock.tick(thread);
        let mut released = if releases(order) { view.clock.clone() } else { view.fenced.clone() };
        released.join(&self.stores[self.newest()].released);
        self.push(thread, view, bits, released, total.place(order));
    }

    fn push(&mut self, thread: usize, view: &View, bits: u64, released: VectorClock, place: u32) {
        let moment = view.clock.get(thread);
        self.stores.push(Store { bits, thread, moment, released, place });
        self.mark_seen(thread, Sight { moment, store: self.newest() });
        if self.stores.len() > 2 * MOST_STORES {
            self.forget(MOST_STORES);
        }
    }

    /// Forgets the oldest stores.
    fn forget(&mut self, count: usize) {
        self.stores.drain(..count);
        for seen in &mut self.seen {
            seen.iter_mut().for_each(|sight| sight.store = sight.store.saturating_sub(count));
            // Of those that were forgotten the last one says it all.
            let forgotten = seen.partition_point(|sight| sight.store == 0);
            seen.drain(..forgotten.saturating_sub(1));
        }
    }

    /// Coherence and happens-before hide everything older than this: what the reader knows to have been stored, what was
    /// stored before its last fence in the one order for all, and what it knows anybody, itself included, to have seen.
    fn oldest_allowed(&self, reader: usize, view: &View) -> usize {
        let clock = &view.clock;
        let before_fence = |store: &Store| (1..=view.stores_before).contains(&store.place);
        let known = |store: &Store| clock.get(store.thread) >= store.moment || before_fence(store);
        let stored = self.stores.iter().rposition(known).unwrap_or(0);
        let seen = self.seen.iter().enumerate().filter_map(|(thread, seen)| {
            let now = if thread == reader { u32::MAX } else { clock.get(thread) };
            let count = seen.partition_point(|sight| sight.moment <= now);
            Some(seen[count.checked_sub(1)?].store)
        });
        seen.fold(stored, usize::max)
    }

    fn observe(&mut self, reader: usize, view: &mut View, chosen: usize, order: Ordering) {
        // A moment of its own: who learns of an earlier one does not know of this.
        view.clock.tick(reader);
        self.mark_seen(reader, Sight { moment: view.clock.get(reader), store: chosen });
        let released = &self.stores[chosen].released;
        if acquires(order) {
            view.clock.join(released);
        } else {
            view.pending.join(released);
        }
    }

    fn mark_seen(&mut self, thread: usize, sight: Sight) {
        if self.seen.len() <= thread {
            self.seen.resize(thread + 1, Vec::new());
        }
        let seen = &mut self.seen[thread];
        if seen.last().is_none_or(|last| last.store < sight.store) {
            seen.push(sight);
        }
    }
}

/// `fence(order)`.
pub(crate) fn fence(thread: usize, view: &mut View, total: &mut Total, order: Ordering) {
    if acquires(order) {
        let pending = std::mem::take(&mut view.pending);
        view.clock.join(&pending);
    }
    if order == Ordering::SeqCst {
        view.clock.join(&total.clock);
        total.clock.join(&view.clock);
        view.stores_before = total.stores;
    }
    if releases(order) {
        view.fenced = view.clock.clone();
        view.clock.tick(thread);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};

    use super::{History, Total, View, fence};
    use crate::chance::Chance;

    /// What thread 1 may read from data after it has read 1 from a flag that thread 0 set after the data.
    fn published(store: Ordering, load: Ordering) -> BTreeSet<u64> {
        let mut seen = BTreeSet::new();
        for index in 0..200 {
            let mut chance = Chance::drawn(1, index, 20);
            let (mut data, mut flag) = (History::default(), History::default());
            let (mut writer, mut reader, mut total) = (View::default(), View::default(), Total::default());
            data.settle(0);
            flag.settle(0);
            data.store(0, &mut writer, 42, Relaxed, &mut total);
            flag.store(0, &mut writer, 1, store, &mut total);
            if flag.load(1, &mut reader, load, &mut chance).0 == 1 {
                seen.insert(data.load(1, &mut reader, Relaxed, &mut chance).0);
            }
        }
        seen
    }

    #[test]
    fn publication_needs_release_and_acquire() {
        assert_eq!(published(Release, Acquire), BTreeSet::from([42]));
        assert_eq!(published(SeqCst, SeqCst), BTreeSet::from([42]));
        for (store, load) in [(Relaxed, Acquire), (Release, Relaxed), (Relaxed, Relaxed)] {
            assert_eq!(published(store, load), BTreeSet::from([0, 42]), "{store:?} {load:?}");
        }
    }

    #[test]
    fn a_thread_never_reads_backwards_nor_its_own_past() {
        for index in 0..200 {
            let mut chance = Chance::drawn(2, index, 20);
            let mut value = History::default();
            let (mut writer, mut reader, mut total) = (View::default(), View::default(), Total::default());
            value.settle(0);
            (1..=5).for_each(|bits| value.store(0, &mut writer, bits, Relaxed, &mut total));
            assert_eq!(value.load(0, &mut writer, Relaxed, &mut chance), (5, false));
            let first = value.load(1, &mut reader, Relaxed, &mut chance).0;
            assert!(value.load(1, &mut reader, Relaxed, &mut chance).0 >= first);
        }
    }

    #[test]
    fn fences_publish_through_relaxed_accesses() {
        for index in 0..200 {
            let mut chance = Chance::drawn(3, index, 20);
            let (mut data, mut flag) = (History::default(), History::default());
            let (mut writer, mut reader, mut total) = (View::default(), View::default(), Total::default());
            data.settle(0);
            flag.settle(0);
            data.store(0, &mut writer, 42, Relaxed, &mut total);
            fence(0, &mut writer, &mut total, Release);
            flag.store(0, &mut writer, 1, Relaxed, &mut total);
            if flag.load(1, &mut reader, Relaxed, &mut chance).0 == 1 {
                fence(1, &mut reader, &mut total, Acquire);
                assert_eq!(data.load(1, &mut reader, Relaxed, &mut chance).0, 42);
            }
        }
    }

    #[test]
    fn exclusive_access_begins_a_new_history() {
        let (mut value, mut chance) = (History::default(), Chance::drawn(4, 0, 20));
        let (mut writer, mut reader, mut total) = (View::default(), View::default(), Total::default());
        value.settle(0);
        value.store(0, &mut writer, 1, Relaxed, &mut total);
        value.settle(9);
        assert_eq!(value.load(1, &mut reader, Relaxed, &mut chance), (9, false));
        assert_eq!(value.current(), 9);
    }
}
