//! Barriers: who leads, who comes again, who does not come at all.

use interleave::Fault::{BusyWait, Deadlock, Panic};
use interleave_std::hint::spin_loop;
use interleave_std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use interleave_std::sync::{Barrier, Mutex, OnceLock};
use interleave_std::thread;

use crate::case::{Case, bug, correct};

/// Two add up their numbers in rounds; the leader notes the sum of the round and begins at zero.
fn sums(wait_for_the_leader: bool) {
    let (barrier, sum, sums) = (Barrier::new(2), Mutex::new(0), Mutex::new(Vec::new()));
    let work = || {
        for number in [1, 10] {
            *sum.lock().unwrap() += number;
            if barrier.wait().is_leader() {
                let sum = std::mem::take(&mut *sum.lock().unwrap());
                sums.lock().unwrap().push(sum);
            }
            if wait_for_the_leader {
                barrier.wait();
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
    assert_eq!(sums.into_inner().unwrap(), [2, 20], "the next round began before the last was noted");
}

/// The leader prepares what the others use.
fn prepared(prepare: fn(&Barrier, &AtomicUsize, &OnceLock<usize>) -> usize) {
    let (barrier, number, cell) = (Barrier::new(3), AtomicUsize::new(0), OnceLock::new());
    let work = || assert_eq!(prepare(&barrier, &number, &cell), 5, "used before it was prepared");
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
        work();
    });
}

fn by_the_leader(barrier: &Barrier, number: &AtomicUsize, _: &OnceLock<usize>) -> usize {
    if barrier.wait().is_leader() {
        number.store(5, SeqCst);
    }
    number.load(SeqCst)
}

fn by_the_leader_and_wait(barrier: &Barrier, number: &AtomicUsize, _: &OnceLock<usize>) -> usize {
    if barrier.wait().is_leader() {
        number.store(5, Relaxed);
    }
    barrier.wait();
    number.load(Relaxed)
}

fn by_whoever_needs_it(barrier: &Barrier, _: &AtomicUsize, cell: &OnceLock<usize>) -> usize {
    barrier.wait();
    *cell.get_or_init(|| 5)
}

/// Two come to every round until one of them has had enough.
fn leaves_early(decide_together: bool) {
    let (barrier, enough) = (Barrier::new(2), AtomicBool::new(false));
    thread::scope(|scope| {
        for me in 0..2 {
            let (barrier, enough) = (&barrier, &enough);
            scope.spawn(move || {
                for round in 0..3 {
                    let had_enough = me == 1 && round == 1;
                    if decide_together {
                        enough.fetch_or(had_enough, Relaxed);
                        barrier.wait();
                        // Everybody looks between two meetings, and nobody changes it there.
                        let leave = enough.load(Relaxed);
                        barrier.wait();
                        if leave {
                            return;
                        }
                    } else {
                        if had_enough {
                            return;
                        }
                        barrier.wait();
                    }
                }
            });
        }
    });
}

/// More threads come than the barrier counts: the odd one waits for company.
fn odd_one(size: usize) {
    let barrier = Barrier::new(size);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| barrier.wait());
        }
        barrier.wait();
    });
}

/// A barrier for one never holds anybody up, and everybody is a leader.
fn barrier_for_one() {
    let (barrier, leaders) = (Barrier::new(1), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| leaders.fetch_add(usize::from(barrier.wait().is_leader()), Relaxed));
        }
    });
    assert_eq!(leaders.into_inner(), 2);
}

/// Is the first to come the leader, or the one that a thread takes for the leader?
fn first_is_leader(assume: bool) {
    let (barrier, arrived, leader) = (Barrier::new(2), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let place = arrived.fetch_add(1, SeqCst);
                let leads = barrier.wait().is_leader();
                if if assume { leads && place == 1 } else { leads } {
                    leader.fetch_add(1, SeqCst);
                }
            });
        }
    });
    assert_eq!(leader.into_inner(), 1, "the last to announce itself was not the leader");
}

/// A spinning barrier of two.
#[derive(Default)]
struct Spinning {
    arrived: AtomicUsize,
    sense: AtomicBool,
}

impl Spinning {
    fn wait(&self) {
        if self.arrived.fetch_add(1, SeqCst) == 1 {
            self.arrived.store(0, SeqCst);
        } else {
            while self.arrived.load(SeqCst) != 0 {
                spin_loop();
            }
        }
    }

    /// Waits for the sense to turn to that of the round.
    fn wait_with_sense(&self, sense: bool) {
        if self.arrived.fetch_add(1, AcqRel) == 1 {
            self.arrived.store(0, Relaxed);
            self.sense.store(sense, Release);
        } else {
            while self.sense.load(Acquire) != sense {
                spin_loop();
            }
        }
    }
}

fn spinning(wait: fn(&Spinning, bool)) {
    let (barrier, steps) = (Spinning::default(), [AtomicUsize::new(0), AtomicUsize::new(0)]);
    thread::scope(|scope| {
        for me in 0..2 {
            let (barrier, steps) = (&barrier, &steps);
            scope.spawn(move || {
                for round in 1..=2 {
                    steps[me].store(round, Relaxed);
                    wait(barrier, round % 2 == 1);
                    assert!(steps[1 - me].load(Relaxed) >= round, "the barrier opened too early");
                }
            });
        }
    });
}

/// What came before the barrier is known after it, whatever its ordering.
fn known_to_all() {
    let (barrier, numbers) = (Barrier::new(3), [(); 3].map(|()| AtomicUsize::new(0)));
    thread::scope(|scope| {
        for me in 0..3 {
            let (barrier, numbers) = (&barrier, &numbers);
            scope.spawn(move || {
                numbers[me].store(me + 1, Relaxed);
                barrier.wait();
                assert_eq!(numbers.iter().map(|number| number.load(Relaxed)).sum::<usize>(), 6);
            });
        }
    });
}

pub(crate) const CASES: &[Case] = &[
    // Wrong: the other adds for the next round before the leader has taken the sum of this one.
    bug("barrier_next_round_begins_early", &[Panic], || sums(false)),
    // Right: a second meeting after the leader's work.
    correct("barrier_waits_for_the_leader", || sums(true)),
    // Wrong: the others leave the barrier together with the leader, who has not prepared anything yet.
    bug("barrier_leader_prepares_too_late", &[Panic], || prepared(by_the_leader)),
    // Right: relaxed, but with a second meeting in between.
    correct("barrier_leader_prepares_in_time", || prepared(by_the_leader_and_wait)),
    // Right: there is no leader, whoever needs it first prepares it.
    correct("barrier_without_a_leader", || prepared(by_whoever_needs_it)),
    // Wrong: one leaves, and the other waits for it.
    bug("barrier_one_leaves_early", &[Deadlock], || leaves_early(false)),
    // Right: the decision is made before a meeting and read before the next.
    correct("barrier_all_leave_together", || leaves_early(true)),
    // Wrong: three come to a barrier for two.
    bug("barrier_for_too_few", &[Deadlock], || odd_one(2)),
    // Right: three come to a barrier for three.
    correct("barrier_for_three", || odd_one(3)),
    // Right: a barrier for one.
    correct("barrier_for_one", barrier_for_one),
    // Wrong: the one that counted itself last may still come to the barrier first.
    bug("barrier_leader_taken_for_the_last", &[Panic], || first_is_leader(true)),
    // Right: there is exactly one leader, whoever it is.
    correct("barrier_one_leader", || first_is_leader(false)),
    // Wrong: the slow one misses the moment of zero, because the fast one has come again.
    bug("spinning_barrier_without_sense", &[BusyWait], || spinning(|barrier, _| barrier.wait())),
    // Right: the sense stays until both have come again, so nobody can miss it.
    correct("spinning_barrier_with_sense", || spinning(Spinning::wait_with_sense)),
    // Right: relaxed stores before the barrier, relaxed loads after it.
    correct("barrier_makes_known", known_to_all),
];
