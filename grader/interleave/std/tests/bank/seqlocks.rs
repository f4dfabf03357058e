//! Sequence locks: a pair of numbers that may be read while it is written, and told apart if torn.

use interleave::Fault::Panic;
use interleave_std::hint::spin_loop;
use interleave_std::sync::atomic::{AtomicUsize, Ordering, Ordering::*, fence};
use interleave_std::thread;

use crate::case::{Case, bug, correct};

/// A pair whose halves always belong together, and the number of changes: odd while one is under way.
#[derive(Default)]
struct Pair {
    changes: AtomicUsize,
    halves: [AtomicUsize; 2],
}

/// How a writer announces a change and how it ends it.
#[derive(Clone, Copy)]
struct Writer {
    begin: Ordering,
    fence_after_begin: bool,
    end: Ordering,
}

/// How a reader begins and how it makes sure.
#[derive(Clone, Copy)]
struct Reader {
    begin: Ordering,
    fence_before_end: bool,
    accepts_odd: bool,
}

const WRITER: Writer = Writer { begin: Relaxed, fence_after_begin: true, end: Release };
const READER: Reader = Reader { begin: Acquire, fence_before_end: true, accepts_odd: false };

impl Pair {
    fn write(&self, number: usize, how: Writer) {
        let before = self.changes.load(Relaxed);
        self.changes.store(before + 1, how.begin);
        self.fill_and_end(before, number, how);
    }

    fn fill_and_end(&self, before: usize, number: usize, how: Writer) {
        if how.fence_after_begin {
            fence(Release);
        }
        for half in &self.halves {
            half.store(number, Relaxed);
        }
        self.changes.store(before + 2, how.end);
    }

    /// For several writers: whoever makes the count odd is alone.
    fn write_alone(&self, number: usize) {
        let mut before = self.changes.load(Relaxed);
        loop {
            if before.is_multiple_of(2) {
                match self.changes.compare_exchange_weak(before, before + 1, Acquire, Relaxed) {
                    Ok(_) => break,
                    Err(changed) => before = changed,
                }
            } else {
                spin_loop();
                before = self.changes.load(Relaxed);
            }
        }
        self.fill_and_end(before, number, WRITER);
    }

    fn try_read(&self, how: Reader) -> Option<[usize; 2]> {
        let before = self.changes.load(how.begin);
        if !before.is_multiple_of(2) && !how.accepts_odd {
            return None;
        }
        let halves = [0, 1].map(|half: usize| self.halves[half].load(Relaxed));
        if how.fence_before_end {
            fence(Acquire);
        }
        (self.changes.load(Relaxed) == before).then_some(halves)
    }
}

/// The reader tries until it has a whole pair that is new.
fn one_writer(writer: Writer, reader: Reader) {
    let pair = Pair::default();
    thread::scope(|scope| {
        scope.spawn(|| (1..=2).for_each(|number| pair.write(number, writer)));
        loop {
            if let Some([first, second]) = pair.try_read(reader) {
                assert_eq!(first, second, "a torn pair was taken for a whole one");
                if first > 0 {
                    break;
                }
            }
            spin_loop();
        }
    });
}

fn two_writers() {
    let pair = Pair::default();
    thread::scope(|scope| {
        scope.spawn(|| pair.write_alone(1));
        scope.spawn(|| pair.write_alone(2));
        if let Some([first, second]) = pair.try_read(READER) {
            assert_eq!(first, second, "a torn pair was taken for a whole one");
        }
    });
    let [first, second] = pair.try_read(READER).expect("nobody is writing any more");
    assert!(first == second && first > 0);
}

/// Everything sequential: no fence is needed, and the order alone counts.
fn sequential(halves_after_begin: bool) {
    let pair = Pair::default();
    thread::scope(|scope| {
        scope.spawn(|| {
            if halves_after_begin {
                pair.changes.store(1, SeqCst);
            }
            pair.halves[0].store(1, SeqCst);
            if !halves_after_begin {
                pair.changes.store(1, SeqCst);
            }
            pair.halves[1].store(1, SeqCst);
            pair.changes.store(2, SeqCst);
        });
        let before = pair.changes.load(SeqCst);
        let halves = [0, 1].map(|half: usize| pair.halves[half].load(SeqCst));
        if before.is_multiple_of(2) && pair.changes.load(SeqCst) == before {
            assert_eq!(halves[0], halves[1], "a torn pair was taken for a whole one");
        }
    });
}

/// Two copies of a number, always written the first before the second.
fn mirrored(order: [usize; 2]) {
    let copies = [AtomicUsize::new(0), AtomicUsize::new(0)];
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=2 {
                copies[0].store(number, Release);
                copies[1].store(number, Release);
            }
        });
        let seen = order.map(|copy| copies[copy].load(Acquire));
        assert!(seen[0] <= seen[1], "the copy that was read first is ahead of the other: {seen:?}");
    });
}

pub(crate) const CASES: &[Case] = &[
    // Right: the one fence keeps the halves behind the odd count, the other before the check.
    correct("seqlock", || one_writer(WRITER, READER)),
    // Wrong: without the fence the check may see the old count although a half was new.
    bug("seqlock_reader_without_fence", &[Panic], || {
        one_writer(WRITER, Reader { fence_before_end: false, ..READER });
    }),
    // Wrong: the new halves may become known before the odd count.
    bug("seqlock_writer_without_fence", &[Panic], || {
        one_writer(Writer { fence_after_begin: false, ..WRITER }, READER);
    }),
    // Wrong: a releasing store orders what comes before it, not the halves after it.
    bug("seqlock_writer_releases_instead_of_fence", &[Panic], || {
        one_writer(Writer { begin: Release, fence_after_begin: false, ..WRITER }, READER);
    }),
    // Wrong: the even count may become known before one of the halves.
    bug("seqlock_writer_ends_relaxed", &[Panic], || one_writer(Writer { end: Relaxed, ..WRITER }, READER)),
    // Wrong: the even count does not bring the halves with it.
    bug("seqlock_reader_begins_relaxed", &[Panic], || {
        one_writer(WRITER, Reader { begin: Relaxed, ..READER });
    }),
    // Wrong: reads wholly within a change, and the count is odd before and after.
    bug("seqlock_reader_accepts_odd", &[Panic], || {
        one_writer(WRITER, Reader { accepts_odd: true, ..READER })
    }),
    // Right: writers exclude each other by an acquiring exchange, readers as before.
    correct("seqlock_two_writers", two_writers),
    // Wrong: sequential or not, the first half is written before the count is odd.
    bug("seqlock_announced_too_late", &[Panic], || sequential(false)),
    // Right: in the one order of all operations the count brackets the halves.
    correct("seqlock_sequential", || sequential(true)),
    // Wrong: after the new first copy the second may still be the old one.
    bug("mirror_read_in_order", &[Panic], || mirrored([0, 1])),
    // Right: read against the order of writing; acquire makes the first copy at least as new as the second.
    correct("mirror_read_against_order", || mirrored([1, 0])),
];
