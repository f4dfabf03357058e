//! Condvar and Barrier: predicates, timeouts, poison on the way out of a wait, leaders, texts.

use crate::helpers::{Program, poison, said};

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier, Condvar, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

fn wait_while_until_set() -> String {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let p = Arc::clone(&pair);
    let h = thread::spawn(move || {
        *p.0.lock().unwrap() = true;
        p.1.notify_one();
    });
    let g = pair.1.wait_while(pair.0.lock().unwrap(), |set| !*set).unwrap();
    let value = *g;
    drop(g);
    h.join().unwrap();
    format!("{value} {:?}", pair.0)
}

fn wait_while_with_a_false_condition() -> String {
    let (m, cv) = (Mutex::new(3), Condvar::new());
    let mut calls = 0;
    let g = cv
        .wait_while(m.lock().unwrap(), |n| {
            calls += 1;
            *n += 1;
            false
        })
        .unwrap();
    format!("{} {calls} {}", *g, m.try_lock().is_err())
}

fn wait_in_a_loop() -> String {
    let (m, cv) = (Mutex::new(0), Condvar::new());
    thread::scope(|s| {
        let waiter = s.spawn(|| {
            let mut g = m.lock().unwrap();
            while *g < 2 {
                g = cv.wait(g).unwrap();
            }
            *g * 10
        });
        for _ in 0..2 {
            *m.lock().unwrap() += 1;
            cv.notify_one();
        }
        waiter.join().unwrap().to_string()
    })
}

fn notify_without_waiters_is_lost() -> String {
    let (m, cv) = (Mutex::new(()), Condvar::new());
    cv.notify_one();
    cv.notify_all();
    let (g, r) = cv.wait_timeout_while(m.lock().unwrap(), Duration::from_millis(2), |_| true).unwrap();
    format!("{g:?} {r:?} {} {}", r.timed_out(), m.try_lock().is_err())
}

fn notify_all_wakes_all() -> String {
    let (m, cv) = (Mutex::new(false), Condvar::new());
    let got = thread::scope(|s| {
        let waiters: Vec<_> = (0..3)
            .map(|n| {
                let (m, cv) = (&m, &cv);
                s.spawn(move || {
                    let g = cv.wait_while(m.lock().unwrap(), |open| !*open).unwrap();
                    (n, *g)
                })
            })
            .collect();
        *m.lock().unwrap() = true;
        cv.notify_all();
        waiters.into_iter().map(|h| h.join().unwrap()).collect::<Vec<_>>()
    });
    format!("{got:?}")
}

fn zero_timeouts() -> String {
    let (m, cv) = (Mutex::new(1), Condvar::new());
    let mut out = Vec::new();
    // In a loop, because a spurious wake-up may come first.
    let mut g = m.lock().unwrap();
    loop {
        let (again, r) = cv.wait_timeout(g, Duration::ZERO).unwrap();
        g = again;
        if r.timed_out() {
            out.push(format!("{} {r:?}", *g));
            break;
        }
    }
    let (g, r) = cv.wait_timeout_while(g, Duration::ZERO, |_| true).unwrap();
    out.push(format!("{} {r:?}", *g));
    let (g, r) = cv.wait_timeout_while(g, Duration::ZERO, |_| false).unwrap();
    out.push(format!("{} {r:?} {}", *g, r == r.clone()));
    out.join("; ")
}

fn timeout_takes_its_time() -> String {
    let (m, cv) = (Mutex::new(0), Condvar::new());
    let wait = Duration::from_millis(3);
    let start = Instant::now();
    let (g, r) = cv.wait_timeout_while(m.lock().unwrap(), wait, |n| *n == 0).unwrap();
    format!("{} {} {}", *g, r.timed_out(), start.elapsed() >= wait)
}

fn endless_timeout_is_notified() -> String {
    let (m, cv) = (Mutex::new(0), Condvar::new());
    thread::scope(|s| {
        let a = s.spawn(|| {
            let (g, r) = cv.wait_timeout_while(m.lock().unwrap(), Duration::MAX, |n| *n == 0).unwrap();
            (*g, r.timed_out())
        });
        let b = s.spawn(|| {
            let mut g = m.lock().unwrap();
            while *g == 0 {
                let (again, r) = cv.wait_timeout(g, Duration::MAX).unwrap();
                assert!(!r.timed_out());
                g = again;
            }
            *g
        });
        *m.lock().unwrap() = 5;
        cv.notify_all();
        format!("{:?} {}", a.join().unwrap(), b.join().unwrap())
    })
}

/// The mutex is poisoned while the waiter waits: each kind of wait gives the error and the guard.
fn poisoned_while_waiting() -> String {
    type Wait = fn(&Mutex<i32>, &Condvar, mpsc::Sender<()>) -> String;
    fn run(wait: Wait) -> String {
        let (m, cv) = (Mutex::new(0), Condvar::new());
        let (tell, told) = mpsc::channel();
        thread::scope(|s| {
            let waiter = s.spawn(|| wait(&m, &cv, tell));
            // From here on the waiter has the lock, and gives it away only by waiting.
            told.recv().unwrap();
            let breaker = s.spawn(|| {
                let mut g = m.lock().unwrap();
                *g += 1;
                cv.notify_all();
                panic!("breaker");
            });
            let broke = breaker.join().map(|()| ()).is_err();
            format!("{} {broke}", waiter.join().unwrap())
        })
    }
    let plain = run(|m, cv, tell| {
        let mut g = m.lock().unwrap();
        tell.send(()).unwrap();
        let mut failed = false;
        while *g == 0 {
            let r = cv.wait(g);
            failed = r.is_err();
            g = r.unwrap_or_else(PoisonError::into_inner);
        }
        format!("wait {failed} {}", *g)
    });
    let conditional = run(|m, cv, tell| {
        let g = m.lock().unwrap();
        tell.send(()).unwrap();
        match cv.wait_while(g, |n| *n == 0) {
            Ok(_) => "ok".to_string(),
            Err(e) => format!("wait_while {e} {}", **e.get_ref()),
        }
    });
    let timed = run(|m, cv, tell| {
        let g = m.lock().unwrap();
        tell.send(()).unwrap();
        match cv.wait_timeout_while(g, Duration::MAX, |n| *n == 0) {
            Ok(_) => "ok".to_string(),
            Err(e) => {
                let text = format!("{e:?}");
                let (g, r) = e.into_inner();
                format!("wait_timeout_while {text} {} {}", *g, r.timed_out())
            }
        }
    });
    [plain, conditional, timed].join("; ")
}

fn waits_on_a_mutex_poisoned_before() -> String {
    let (m, cv) = (Mutex::new(7), Condvar::new());
    poison(&m);
    let g = m.lock().unwrap_or_else(PoisonError::into_inner);
    let (g, first) = match cv.wait_timeout(g, Duration::ZERO) {
        Ok((g, _)) => (g, "ok".to_string()),
        Err(e) => {
            let text = e.to_string();
            let g = e.into_inner().0;
            (g, text)
        }
    };
    // The condition is asked before any waiting: nothing fails where nothing waits.
    let second = match cv.wait_while(g, |_| false) {
        Ok(g) => format!("ok {}", *g),
        Err(e) => format!("err {}", *e.into_inner()),
    };
    m.clear_poison();
    let third =
        cv.wait_timeout_while(m.lock().unwrap(), Duration::ZERO, |_| true).map(|(g, r)| (*g, r.timed_out()));
    format!("{first}; {second}; {:?}", third.ok())
}

fn panic_in_the_condition() -> String {
    let (m, cv) = (Mutex::new(1), Condvar::new());
    let r = catch_unwind(AssertUnwindSafe(|| {
        drop(cv.wait_while(m.lock().unwrap(), |n| {
            *n += 1;
            panic!("condition");
        }));
    }));
    format!("{:?} {m:?}", r.map_err(said))
}

fn queue_between_threads() -> String {
    struct Queue(Mutex<(VecDeque<u32>, bool)>, Condvar);
    let q = Queue(Mutex::new((VecDeque::new(), false)), Condvar::new());
    let mut all = thread::scope(|s| {
        let takers: Vec<_> = (0..2)
            .map(|_| {
                s.spawn(|| {
                    let mut got = Vec::new();
                    loop {
                        let mut g =
                            q.1.wait_while(q.0.lock().unwrap(), |(d, end)| d.is_empty() && !*end).unwrap();
                        match g.0.pop_front() {
                            Some(n) => got.push(n),
                            None => return got,
                        }
                    }
                })
            })
            .collect();
        for n in 0..6 {
            q.0.lock().unwrap().0.push_back(n);
            q.1.notify_one();
        }
        q.0.lock().unwrap().1 = true;
        q.1.notify_all();
        takers.into_iter().map(|h| h.join().unwrap()).collect::<Vec<_>>()
    });
    let ordered = all.iter().all(|v| v.is_sorted());
    let mut flat: Vec<u32> = all.drain(..).flatten().collect();
    flat.sort();
    format!("{ordered} {flat:?}")
}

fn ping_pong() -> String {
    let (m, cv) = (Mutex::new(Vec::new()), Condvar::new());
    thread::scope(|s| {
        for me in 0..2 {
            let (m, cv) = (&m, &cv);
            s.spawn(move || {
                for round in 0..3 {
                    let mut g = cv.wait_while(m.lock().unwrap(), |v| v.len() != round * 2 + me).unwrap();
                    g.push(if me == 0 { "ping" } else { "pong" });
                    cv.notify_all();
                }
            });
        }
    });
    m.into_inner().unwrap().join(" ")
}

fn texts() -> String {
    let (cv, barrier): (Condvar, Barrier) = (Condvar::default(), Barrier::new(1));
    let leader = barrier.wait();
    format!("{cv:?} {barrier:?} {leader:?} {}", leader.is_leader())
}

fn barrier_has_one_leader_in_each_round() -> String {
    let barrier = Barrier::new(3);
    let leaders = thread::scope(|s| {
        let handles: Vec<_> =
            (0..3).map(|_| s.spawn(|| [0; 3].map(|_| usize::from(barrier.wait().is_leader())))).collect();
        let mut sums = [0; 3];
        for h in handles {
            for (sum, n) in sums.iter_mut().zip(h.join().unwrap()) {
                *sum += n;
            }
        }
        sums
    });
    format!("{leaders:?}")
}

fn barrier_orders_what_is_before_and_after() -> String {
    let barrier = Barrier::new(3);
    let log = Mutex::new(Vec::new());
    let seen = thread::scope(|s| {
        let handles: Vec<_> = (0..3)
            .map(|_| {
                s.spawn(|| {
                    let mut seen = Vec::new();
                    for _ in 0..2 {
                        log.lock().unwrap().push(());
                        barrier.wait();
                        seen.push(log.lock().unwrap().len());
                        barrier.wait();
                    }
                    seen
                })
            })
            .collect();
        handles.into_iter().map(|h| h.join().unwrap()).collect::<Vec<_>>()
    });
    format!("{seen:?}")
}

fn barrier_of_zero_and_one() -> String {
    let (zero, one) = (Barrier::new(0), Barrier::new(1));
    let z = [zero.wait().is_leader(), zero.wait().is_leader()];
    let o = [one.wait().is_leader(), one.wait().is_leader()];
    format!("{z:?} {o:?}")
}

fn barrier_with_more_threads_than_places() -> String {
    let barrier = Barrier::new(2);
    let leaders: usize = thread::scope(|s| {
        let handles: Vec<_> = (0..4).map(|_| s.spawn(|| usize::from(barrier.wait().is_leader()))).collect();
        handles.into_iter().map(|h| h.join().unwrap()).sum()
    });
    leaders.to_string()
}

pub const PROGRAMS: &[Program] = &[
    ("blocking::wait_while_until_set", wait_while_until_set),
    ("blocking::wait_while_with_a_false_condition", wait_while_with_a_false_condition),
    ("blocking::wait_in_a_loop", wait_in_a_loop),
    ("blocking::notify_without_waiters_is_lost", notify_without_waiters_is_lost),
    ("blocking::notify_all_wakes_all", notify_all_wakes_all),
    ("blocking::zero_timeouts", zero_timeouts),
    ("blocking::timeout_takes_its_time", timeout_takes_its_time),
    ("blocking::endless_timeout_is_notified", endless_timeout_is_notified),
    ("blocking::poisoned_while_waiting", poisoned_while_waiting),
    ("blocking::waits_on_a_mutex_poisoned_before", waits_on_a_mutex_poisoned_before),
    ("blocking::panic_in_the_condition", panic_in_the_condition),
    ("blocking::queue_between_threads", queue_between_threads),
    ("blocking::ping_pong", ping_pong),
    ("blocking::texts", texts),
    ("blocking::barrier_has_one_leader_in_each_round", barrier_has_one_leader_in_each_round),
    ("blocking::barrier_orders_what_is_before_and_after", barrier_orders_what_is_before_and_after),
    ("blocking::barrier_of_zero_and_one", barrier_of_zero_and_one),
    ("blocking::barrier_with_more_threads_than_places", barrier_with_more_threads_than_places),
];
