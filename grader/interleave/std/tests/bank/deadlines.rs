//! Deadlines: time-outs that come with what was waited for, sums of waits, leases, sleeping as order.

use interleave::Fault::{Panic, SleepPolling};
use interleave_std::sync::{Arc, Condvar, Mutex, mpsc};
use interleave_std::thread;
use interleave_std::time::{Duration, Instant};

use crate::case::{Case, bug, correct, timed};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A giver puts the item into the hands of a waiting taker, or keeps it if nobody waits.
#[derive(Default)]
struct Hands {
    state: Mutex<(bool, Option<i32>)>,
    given: Condvar,
}

impl Hands {
    fn give(&self, item: i32) -> Result<(), i32> {
        let mut state = self.state.lock().unwrap();
        if !state.0 {
            return Err(item);
        }
        *state = (false, Some(item));
        self.given.notify_one();
        Ok(())
    }

    fn take(&self, patience: Duration, look_after_time_out: bool) -> Option<i32> {
        let end = Instant::now() + patience;
        let mut state = self.state.lock().unwrap();
        state.0 = true;
        while state.1.is_none() {
            let left = end.saturating_duration_since(Instant::now());
            let (after, wait) = self.given.wait_timeout(state, left).unwrap();
            state = after;
            if wait.timed_out() || left.is_zero() {
                if !look_after_time_out {
                    return None;
                }
                break;
            }
        }
        state.0 = false;
        state.1.take()
    }
}

fn hand_over(look_after_time_out: bool) {
    let hands = Arc::new(Hands::default());
    let giver = {
        let hands = Arc::clone(&hands);
        thread::spawn(move || {
            thread::sleep(ms(10));
            hands.give(7).err()
        })
    };
    let taken = hands.take(ms(10), look_after_time_out);
    let kept = giver.join().unwrap();
    assert_eq!(taken.or(kept), Some(7), "the item got lost between two hands");
}

/// Either the work is done in time or the watchdog bites, never both.
fn watchdog(look_before_biting: bool) {
    // Done, bitten.
    let (state, finished) = (Mutex::new((false, false)), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            let end = Instant::now() + ms(10);
            let mut state = state.lock().unwrap();
            while !state.0 {
                let left = end.saturating_duration_since(Instant::now());
                let (after, wait) = finished.wait_timeout(state, left).unwrap();
                state = after;
                if wait.timed_out() && (!look_before_biting || !state.0) {
                    state.1 = true;
                    return;
                }
            }
        });
        thread::sleep(ms(10));
        let mut state = state.lock().unwrap();
        state.0 = !state.1;
        finished.notify_one();
    });
    let (done, bitten) = state.into_inner().unwrap();
    assert_ne!(done, bitten, "the watchdog bit after the work had been done");
}

/// Waits for a lock first, and then for as long as is left of its patience.
fn what_is_left(left: fn(Duration, Duration) -> Duration) {
    let lock = Mutex::new(());
    thread::scope(|scope| {
        scope.spawn(|| {
            let _guard = lock.lock().unwrap();
            thread::sleep(ms(100));
        });
        let start = Instant::now();
        let _guard = lock.lock().unwrap();
        thread::sleep(left(ms(50), start.elapsed()));
    });
}

/// Collects what comes within 50 ms. Something comes every 30 ms.
fn collect(patience: fn(Instant) -> Duration) {
    let (sender, receiver) = mpsc::channel();
    let sending = thread::spawn(move || {
        for number in 0..4 {
            thread::sleep(ms(30));
            let _ = sender.send(number);
        }
    });
    let start = Instant::now();
    let mut got = Vec::new();
    while let Ok(number) = receiver.recv_timeout(patience(start)) {
        got.push(number);
    }
    assert_eq!(got, [0]);
    assert!((ms(50)..ms(120)).contains(&start.elapsed()), "collected for {:?}", start.elapsed());
    drop(receiver);
    sending.join().unwrap();
}

/// The longer sleep ends later. Does that make it the later one in the list?
fn sleep_sort() {
    let sorted = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for number in [20, 10] {
            let sorted = &sorted;
            scope.spawn(move || {
                thread::sleep(ms(number));
                sorted.lock().unwrap().push(number);
            });
        }
    });
    assert_eq!(sorted.into_inner().unwrap(), [10, 20]);
}

/// A lease ends by time, and its holder need not notice. Writes carry the number of their lease.
fn lease(refuse_old_numbers: bool) {
    let start = Instant::now();
    let (lease, written) = (Mutex::new((0, start)), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for (begin, work) in [(ms(0), ms(30)), (ms(20), ms(0))] {
            let (lease, written) = (&lease, &written);
            scope.spawn(move || {
                thread::sleep(begin);
                let mut lease = lease.lock().unwrap();
                let now = Instant::now();
                if now < lease.1 {
                    return;
                }
                *lease = (lease.0 + 1, now + ms(10));
                let number = lease.0;
                drop(lease);
                thread::sleep(work);
                let mut written = written.lock().unwrap();
                if !refuse_old_numbers || written.last().is_none_or(|last| *last < number) {
                    written.push(number);
                }
            });
        }
    });
    let written = written.into_inner().unwrap();
    assert!(written.is_sorted(), "an old lease wrote after a new one: {written:?}");
}

/// Tries thrice with growing pauses, then waits in earnest.
fn pauses_then_waits() {
    let count = Mutex::new(0);
    let step = || {
        for pause in [1, 2, 4] {
            if let Ok(mut count) = count.try_lock() {
                *count += 1;
                return;
            }
            thread::sleep(ms(pause));
        }
        *count.lock().unwrap() += 1;
    };
    thread::scope(|scope| {
        scope.spawn(step);
        scope.spawn(step);
        step();
    });
    assert_eq!(*count.lock().unwrap(), 3);
}

/// Somebody holds the lock for 100 ms. Asks for it again and again, with pauses that grow or not.
fn asks_again(growth: u64) {
    let lock = Mutex::new(());
    thread::scope(|scope| {
        scope.spawn(|| {
            let _guard = lock.lock().unwrap();
            thread::sleep(ms(100));
        });
        let mut pause = 1;
        while lock.try_lock().is_err() {
            thread::sleep(ms(pause));
            pause *= growth;
        }
    });
}

/// Time stamps that travel with messages never run backwards.
fn stamps_in_order() {
    let (sender, receiver) = mpsc::channel();
    let stamping = thread::spawn(move || {
        for _ in 0..2 {
            sender.send(Instant::now()).unwrap();
            thread::sleep(ms(5));
        }
    });
    let (first, second) = (receiver.recv().unwrap(), receiver.recv().unwrap());
    assert!(second.duration_since(first) >= ms(5) && Instant::now() >= second);
    stamping.join().unwrap();
}

/// The deadline and the event fall on the same moment.
fn same_moment() {
    let (ready, changed) = (Mutex::new(false), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(ms(10));
            *ready.lock().unwrap() = true;
            changed.notify_one();
        });
        let guard = ready.lock().unwrap();
        let (guard, wait) = changed.wait_timeout(guard, ms(10)).unwrap();
        assert_eq!(!wait.timed_out(), *guard, "the return value and the event disagree");
    });
}

pub(crate) const CASES: &[Case] = &[
    // Wrong: the time-out comes, then the item, and the taker leaves without a look into its hands.
    bug("item_given_after_the_time_out", &[Panic], || hand_over(false)),
    // Right: after the time-out the taker looks, and says under the same lock that it no longer waits.
    correct("item_given_or_kept", || hand_over(true)),
    // Wrong: the work is done between the time-out and the lock, and the watchdog does not look.
    bug("watchdog_bites_without_a_look", &[Panic], || watchdog(false)),
    // Right: after the time-out the predicate decides.
    correct("watchdog_looks_before_it_bites", || watchdog(true)),
    // Wrong: the lock took longer than the patience, and the subtraction overflows.
    timed(bug("patience_minus_elapsed", &[Panic], || what_is_left(|patience, elapsed| patience - elapsed))),
    // Right: nothing is left then.
    timed(correct("patience_minus_elapsed_or_zero", || what_is_left(Duration::saturating_sub))),
    // Wrong: every message starts the whole patience again.
    timed(bug("collect_with_new_patience", &[Panic], || collect(|_| ms(50)))),
    // Right: waits for what is left until a fixed end, to the very moment.
    timed(correct("collect_until_the_end", || {
        collect(|start| (start + ms(50)).saturating_duration_since(Instant::now()));
    })),
    // Wrong: the shorter sleeper may get its turn after the longer one.
    bug("sleep_sort", &[Panic], sleep_sort),
    // Right, as long as time moves only when nobody can run.
    timed(correct("sleep_sort_when_time_waits", sleep_sort)),
    // Wrong: the first holder's lease ends while it works, and it writes over the second one's.
    bug("lease_without_numbers", &[Panic], || lease(false)),
    // Right: the storage refuses numbers older than what it has seen.
    correct("lease_with_numbers", || lease(true)),
    // Right: sleeps and tries, but never depends on either.
    correct("pauses_then_waits", pauses_then_waits),
    // Wrong: asks for the lock a hundred times.
    timed(bug("lock_polled_by_sleeping", &[SleepPolling], || asks_again(1))),
    // Right: asks seven times at most.
    timed(correct("lock_asked_for_with_growing_pauses", || asks_again(2))),
    // Right: a stamp that was sent is not later than the receiver's own, and sleeps last at least their time.
    correct("stamps_in_order", stamps_in_order),
    // Wrong: woken for no reason, or timed out while the event came: the return value is not the event.
    bug("time_out_is_not_the_event", &[Panic], same_moment),
];
