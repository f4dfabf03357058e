//! Sleeping, timeouts, parking.

use std::collections::VecDeque;

use interleave::Fault::{BusyWait, Deadlock, Panic, SleepPolling};
use interleave_std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use interleave_std::sync::{Arc, Condvar, Mutex, mpsc};
use interleave_std::thread;
use interleave_std::time::{Duration, Instant};

use crate::case::{Case, bug, correct, timed};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[derive(Default)]
struct Mailbox {
    letters: Mutex<VecDeque<i32>>,
    arrived: Condvar,
}

impl Mailbox {
    fn take(&self, patience: Duration) -> Option<i32> {
        let end = Instant::now() + patience;
        let mut letters = self.letters.lock().unwrap();
        while letters.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            letters = self.arrived.wait_timeout(letters, left).unwrap().0;
        }
        letters.pop_front()
    }

    fn take_while(&self, patience: Duration) -> Option<i32> {
        let letters = self.letters.lock().unwrap();
        let (mut letters, _) =
            self.arrived.wait_timeout_while(letters, patience, |letters| letters.is_empty()).unwrap();
        letters.pop_front()
    }

    /// Every wake-up starts the full patience again.
    fn take_restarting(&self, patience: Duration) -> Option<i32> {
        let mut letters = self.letters.lock().unwrap();
        while letters.is_empty() {
            let (after, end) = self.arrived.wait_timeout(letters, patience).unwrap();
            letters = after;
            if end.timed_out() {
                break;
            }
        }
        letters.pop_front()
    }

    /// Takes every wake-up for a letter.
    fn take_trusting(&self, patience: Duration) -> Option<i32> {
        let letters = self.letters.lock().unwrap();
        if !letters.is_empty() {
            return { letters }.pop_front();
        }
        let (mut letters, end) = self.arrived.wait_timeout(letters, patience).unwrap();
        if end.timed_out() { None } else { Some(letters.pop_front().expect("woken for nothing")) }
    }
}

/// Nothing ever arrives, but somebody rings every 30 ms: the answer must come after 50 ms.
fn patience(take: fn(&Mailbox, Duration) -> Option<i32>) {
    let mailbox = Arc::new(Mailbox::default());
    let ringer = {
        let mailbox = Arc::clone(&mailbox);
        thread::spawn(move || {
            for _ in 0..5 {
                thread::sleep(ms(30));
                mailbox.arrived.notify_all();
            }
        })
    };
    let start = Instant::now();
    assert_eq!(take(&mailbox, ms(50)), None);
    let waited = start.elapsed();
    assert!((ms(50)..ms(80)).contains(&waited), "waited {waited:?} instead of 50ms");
    ringer.join().unwrap();
}

fn delivery() {
    let mailbox = Arc::new(Mailbox::default());
    let sender = {
        let mailbox = Arc::clone(&mailbox);
        thread::spawn(move || {
            thread::sleep(ms(10));
            mailbox.letters.lock().unwrap().push_back(7);
            mailbox.arrived.notify_one();
        })
    };
    assert_eq!(mailbox.take(ms(1000)), Some(7));
    sender.join().unwrap();
}

fn result_after(wait: fn(thread::JoinHandle<()>)) {
    let result = Arc::new(Mutex::new(None));
    let worker = {
        let result = Arc::clone(&result);
        thread::spawn(move || *result.lock().unwrap() = Some(1))
    };
    wait(worker);
    assert_eq!(*result.lock().unwrap(), Some(1), "there is no result yet");
}

fn late_message() {
    let (sender, receiver) = mpsc::channel();
    let worker = thread::spawn(move || {
        thread::sleep(ms(50));
        let _ = sender.send(1);
    });
    assert_eq!(receiver.recv_timeout(ms(10)), Err(mpsc::RecvTimeoutError::Timeout));
    assert_eq!(receiver.recv(), Ok(1));
    worker.join().unwrap();
}

fn wait_parked(again: bool) {
    let ready = Arc::new(AtomicBool::new(false));
    let parked = {
        let ready = Arc::clone(&ready);
        thread::spawn(move || {
            if again {
                while !ready.load(SeqCst) {
                    thread::park();
                }
            } else {
                thread::park();
                assert!(ready.load(SeqCst), "park returned for no reason");
            }
        })
    };
    ready.store(true, SeqCst);
    parked.thread().unpark();
    parked.join().expect("the parked thread panicked");
}

/// The flag is raised after the unpark: the parked thread looks too early and parks again, for ever.
fn unpark_too_early() {
    let ready = Arc::new(AtomicBool::new(false));
    let parked = {
        let ready = Arc::clone(&ready);
        thread::spawn(move || {
            while !ready.load(SeqCst) {
                thread::park();
            }
        })
    };
    parked.thread().unpark();
    ready.store(true, SeqCst);
    parked.join().unwrap();
}

/// Two unparks make one token.
fn one_token_for_two() {
    let parked = thread::spawn(|| {
        thread::park();
        thread::park();
    });
    parked.thread().unpark();
    parked.thread().unpark();
    parked.join().unwrap();
}

fn poll_by_timeout(poll: bool) {
    let shared = Arc::new((Mutex::new(false), Condvar::new()));
    let worker = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            thread::sleep(ms(1000));
            *shared.0.lock().unwrap() = true;
            if !poll {
                shared.1.notify_one();
            }
        })
    };
    let mut done = shared.0.lock().unwrap();
    while !*done {
        done =
            if poll { shared.1.wait_timeout(done, ms(1)).unwrap().0 } else { shared.1.wait(done).unwrap() };
    }
    drop(done);
    worker.join().unwrap();
}

fn wait_for_the_clock() {
    let start = Instant::now();
    while start.elapsed() < ms(1) {}
}

fn wait_by_is_finished() {
    let worker = thread::spawn(|| thread::sleep(ms(10)));
    while !worker.is_finished() {
        thread::yield_now();
    }
}

fn sleeps_add_up() {
    let start = Instant::now();
    thread::sleep(ms(20));
    thread::park_timeout(ms(5));
    assert!(start.elapsed() >= ms(20));
}

pub(crate) const CASES: &[Case] = &[
    timed(bug("timeout_starts_again", &[Panic], || patience(Mailbox::take_restarting))),
    timed(bug("timeout_trusts_every_wake_up", &[Panic], || patience(Mailbox::take_trusting))),
    timed(correct("timeout_with_an_end", || patience(Mailbox::take))),
    timed(correct("timeout_while", || patience(Mailbox::take_while))),
    timed(correct("timeout_delivers", delivery)),
    bug("sleep_instead_of_join", &[Panic], || result_after(|_| thread::sleep(ms(20)))),
    correct("join_instead_of_sleep", || result_after(|worker| worker.join().unwrap())),
    timed(correct("recv_timeout_then_recv", late_message)),
    bug("park_trusts_every_return", &[Panic], || wait_parked(false)),
    correct("park_in_a_loop", || wait_parked(true)),
    bug("unpark_before_the_change", &[Deadlock], unpark_too_early),
    bug("two_unparks_one_token", &[Deadlock], one_token_for_two),
    timed(bug("poll_by_wait_timeout", &[SleepPolling], || poll_by_timeout(true))),
    correct("wait_for_a_late_notification", || poll_by_timeout(false)),
    bug("busy_wait_for_the_clock", &[BusyWait], wait_for_the_clock),
    timed(bug("busy_wait_by_is_finished", &[BusyWait], wait_by_is_finished)),
    timed(correct("sleeps_add_up", sleeps_add_up)),
];
