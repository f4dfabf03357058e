//! Duration, Instant and SystemTime: relations, overflow, texts; never a measured value.

use crate::helpers::{Program, attempt};

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn duration_arithmetic() -> String {
    let (a, b) = (Duration::from_millis(1500), Duration::new(2, 250_000_000));
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        a + b,
        b - a,
        a.checked_sub(b),
        a.saturating_sub(b),
        a * 3,
        b / 4,
        Duration::MAX.checked_add(Duration::from_nanos(1)),
        Duration::MAX.saturating_add(a) == Duration::MAX,
        attempt(|| a - b)
    )
}

fn instants_order_and_differ() -> String {
    let a = Instant::now();
    let b = Instant::now();
    let later = a + Duration::from_secs(5);
    format!(
        "{} {:?} {:?} {:?} {:?} {:?} {}",
        a <= b,
        later.duration_since(a),
        a.duration_since(later),
        a.checked_duration_since(later),
        a.saturating_duration_since(later),
        later.checked_duration_since(a),
        later - a == Duration::from_secs(5)
    )
}

fn instant_arithmetic() -> String {
    let a = Instant::now();
    let step = Duration::from_nanos(1_999_999_999);
    let mut b = a;
    b += step;
    b += step;
    let twice = b - a;
    b -= step;
    let once = b - a;
    b -= step;
    let whole =
        a.checked_add(Duration::from_secs(3600)).and_then(|t| t.checked_sub(Duration::from_secs(3600)));
    let mut times = [a + step, a, a + Duration::from_secs(1)];
    times.sort();
    let gaps: Vec<_> = times.windows(2).map(|w| w[1] - w[0]).collect();
    format!("{twice:?} {once:?} {} {} {gaps:?} {:?}", b == a, whole == Some(a), a - a)
}

fn instant_overflow() -> String {
    let a = Instant::now();
    let add = attempt(|| a + Duration::MAX).map(|_| ());
    let sub = attempt(|| a - Duration::MAX).map(|_| ());
    let assign = attempt(|| {
        let mut b = a;
        b += Duration::MAX;
    });
    format!(
        "{add:?} {sub:?} {assign:?} {:?} {:?}",
        a.checked_add(Duration::MAX),
        a.checked_sub(Duration::MAX)
    )
}

fn sleeping_takes_time() -> String {
    let start = Instant::now();
    let wait = Duration::from_millis(3);
    thread::sleep(wait);
    let first = start.elapsed() >= wait;
    thread::sleep(Duration::ZERO);
    thread::sleep(Duration::from_nanos(1));
    let total = Instant::now();
    format!("{first} {} {}", total >= start + wait, total.duration_since(start) >= wait)
}

fn elapsed_of_the_future_is_zero() -> String {
    let future = Instant::now() + Duration::from_secs(1000);
    format!("{:?} {}", future.elapsed(), Instant::now() < future)
}

fn time_goes_on_across_threads() -> String {
    let start = Instant::now();
    let there = thread::spawn(Instant::now).join().unwrap();
    let (tx, rx) = mpsc::channel();
    let h = thread::spawn(move || {
        let sent: Instant = rx.recv().unwrap();
        Instant::now() >= sent
    });
    tx.send(Instant::now()).unwrap();
    format!("{} {} {}", there >= start, h.join().unwrap(), Instant::now() >= there)
}

fn sleepers_in_parallel() -> String {
    let start = Instant::now();
    let handles: Vec<_> = (1..=3)
        .map(|n| {
            thread::spawn(move || {
                let wait = Duration::from_millis(n);
                let own = Instant::now();
                thread::sleep(wait);
                own.elapsed() >= wait
            })
        })
        .collect();
    let each: Vec<_> = handles.into_iter().map(|h| h.join().unwrap()).collect();
    format!("{each:?} {}", start.elapsed() >= Duration::from_millis(3))
}

fn system_time_relations() -> String {
    let hour = Duration::from_secs(3600);
    let later = UNIX_EPOCH + hour;
    let back = UNIX_EPOCH.duration_since(later).unwrap_err();
    let forth = later.duration_since(UNIX_EPOCH);
    let before = UNIX_EPOCH - Duration::from_millis(1);
    format!(
        "{:?} {:?} {back} {back:?} {} {} {:?} {}",
        forth,
        back.duration(),
        later > UNIX_EPOCH,
        SystemTime::UNIX_EPOCH == later - hour,
        before.duration_since(UNIX_EPOCH).map_err(|e| e.duration()),
        before < UNIX_EPOCH
    )
}

fn system_time_now() -> String {
    let now = SystemTime::now();
    let since = now.duration_since(UNIX_EPOCH);
    let there = thread::spawn(SystemTime::now).join().unwrap();
    let future = now + Duration::from_secs(100_000);
    format!("{} {} {}", since.is_ok(), there.duration_since(UNIX_EPOCH).is_ok(), future.elapsed().is_err())
}

fn system_time_overflow() -> String {
    let t = UNIX_EPOCH;
    let mut u = t;
    u += Duration::from_secs(2);
    u -= Duration::from_secs(1);
    format!(
        "{:?} {:?} {:?} {:?} {:?}",
        t.checked_add(Duration::MAX),
        t.checked_sub(Duration::MAX),
        attempt(|| t + Duration::MAX).map(|_| ()),
        attempt(|| t - Duration::MAX).map(|_| ()),
        u.duration_since(UNIX_EPOCH)
    )
}

pub const PROGRAMS: &[Program] = &[
    ("time::duration_arithmetic", duration_arithmetic),
    ("time::instants_order_and_differ", instants_order_and_differ),
    ("time::instant_arithmetic", instant_arithmetic),
    ("time::instant_overflow", instant_overflow),
    ("time::sleeping_takes_time", sleeping_takes_time),
    ("time::elapsed_of_the_future_is_zero", elapsed_of_the_future_is_zero),
    ("time::time_goes_on_across_threads", time_goes_on_across_threads),
    ("time::sleepers_in_parallel", sleepers_in_parallel),
    ("time::system_time_relations", system_time_relations),
    ("time::system_time_now", system_time_now),
    ("time::system_time_overflow", system_time_overflow),
];
