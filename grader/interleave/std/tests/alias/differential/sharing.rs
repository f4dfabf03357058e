//! Collections and values shared under locks, hashing, locks in statics and consts.

use crate::helpers::Program;

use std::collections::hash_map::{DefaultHasher, RandomState};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, Hash, Hasher};
use std::mem;
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, Once, OnceLock, RwLock};
use std::thread;

fn map_filled_by_threads() -> String {
    let map = Mutex::new(HashMap::new());
    thread::scope(|s| {
        for n in 0..3 {
            let map = &map;
            s.spawn(move || {
                for key in [n, n + 1, 7] {
                    *map.lock().unwrap().entry(key).or_insert(0) += 1;
                }
            });
        }
    });
    let sorted: BTreeMap<i32, i32> = map.into_inner().unwrap().into_iter().collect();
    format!("{sorted:?}")
}

fn set_filled_by_threads() -> String {
    let set = Arc::new(RwLock::new(HashSet::from(["a"])));
    let handles: Vec<_> = ["b", "a", "c", "b"]
        .map(|word| {
            let set = Arc::clone(&set);
            thread::spawn(move || {
                let known = set.read().unwrap().contains(word);
                (known || word != "a") && (set.write().unwrap().insert(word) || true)
            })
        })
        .into_iter()
        .collect();
    let done = handles.into_iter().all(|h| h.join().unwrap());
    let mut words: Vec<_> = set.read().unwrap().iter().copied().collect();
    words.sort();
    format!("{done} {words:?}")
}

fn hashing() -> String {
    let state = RandomState::new();
    let copy = state.clone();
    let there = thread::spawn(move || copy.hash_one("key")).join().unwrap();
    let same = there == state.hash_one("key");
    let (mut a, mut b) = (DefaultHasher::new(), DefaultHasher::new());
    (1, "x").hash(&mut a);
    (1, "x").hash(&mut b);
    let map: HashMap<&str, i32, RandomState> = HashMap::with_hasher(state.clone());
    let by_hand: HashMap<u8, u8> = [(1, 2), (1, 3)].into_iter().collect();
    format!(
        "{same} {} {} {by_hand:?} {}",
        a.finish() == b.finish(),
        map.is_empty(),
        map.hasher().hash_one(5) == state.hash_one(5)
    )
}

fn words_counted_in_parallel() -> String {
    let texts = ["to be or not to be", "be that as it may", "or not"];
    let merged = thread::scope(|s| {
        let handles = texts.map(|text| {
            s.spawn(move || {
                let mut counts = HashMap::new();
                text.split(' ').for_each(|w| *counts.entry(w).or_insert(0) += 1);
                counts
            })
        });
        let mut merged = BTreeMap::new();
        for h in handles {
            for (word, n) in h.join().unwrap() {
                *merged.entry(word).or_insert(0) += n;
            }
        }
        merged
    });
    format!("{merged:?}")
}

fn take_and_replace_under_a_lock() -> String {
    let m = Mutex::new(Vec::new());
    let taken = thread::scope(|s| {
        let pushers: Vec<_> = (0..2)
            .map(|n| {
                let m = &m;
                s.spawn(move || (0..3).for_each(|k| m.lock().unwrap().push(n * 10 + k)))
            })
            .collect();
        let taker = s.spawn(|| mem::take(&mut *m.lock().unwrap()));
        pushers.into_iter().for_each(|h| h.join().unwrap());
        taker.join().unwrap()
    });
    let mut all = taken;
    all.extend(mem::replace(&mut *m.lock().unwrap(), vec![-1]));
    all.sort();
    let mut a = Mutex::new(1);
    let mut b = Mutex::new(2);
    mem::swap(&mut *a.lock().unwrap(), &mut *b.lock().unwrap());
    mem::swap(&mut a, &mut b);
    format!("{all:?} {m:?} {a:?} {b:?}")
}

fn two_locks_in_one_order() -> String {
    let accounts = [Mutex::new(100), Mutex::new(50), Mutex::new(0)];
    let transfer = |from: usize, to: usize, amount: i32| {
        let (low, high) = (from.min(to), from.max(to));
        let mut first = accounts[low].lock().unwrap();
        let mut second = accounts[high].lock().unwrap();
        let (f, t) = if from < to { (&mut *first, &mut *second) } else { (&mut *second, &mut *first) };
        *f -= amount;
        *t += amount;
    };
    thread::scope(|s| {
        s.spawn(|| [(0, 1, 10), (2, 0, 5)].map(|(f, t, n)| transfer(f, t, n)));
        s.spawn(|| [(1, 0, 20), (1, 2, 30)].map(|(f, t, n)| transfer(f, t, n)));
        s.spawn(|| transfer(2, 1, 1));
    });
    format!("{:?}", accounts.map(|a| a.into_inner().unwrap()))
}

fn values_dropped_inside_the_lock() -> String {
    struct Pair(&'static str, mpsc::Sender<&'static str>);
    impl Drop for Pair {
        fn drop(&mut self) {
            self.1.send(self.0).unwrap();
        }
    }
    let (tx, rx) = mpsc::channel();
    let m = Arc::new(Mutex::new(Some(Pair("first", tx.clone()))));
    let m2 = Arc::clone(&m);
    thread::spawn(move || *m2.lock().unwrap() = None).join().unwrap();
    let one = rx.try_recv();
    *m.lock().unwrap() = Some(Pair("second", tx.clone()));
    let two = rx.try_recv();
    let l = RwLock::new(Pair("third", tx));
    drop(m);
    let three = rx.try_recv();
    drop(l);
    format!("{one:?} {two:?} {three:?} {:?} {:?}", rx.try_recv(), rx.try_recv())
}

fn constructors_in_statics_and_consts() -> String {
    static COUNT: Mutex<u32> = Mutex::new(0);
    static TABLE: RwLock<[i32; 3]> = RwLock::new([1, 2, 3]);
    static SIGNAL: Condvar = Condvar::new();
    static READY: Mutex<bool> = Mutex::new(false);
    const FRESH: Mutex<i32> = Mutex::new(9);
    *COUNT.lock().unwrap() = 0;
    *READY.lock().unwrap() = false;
    let waiter = thread::spawn(|| {
        let ready = SIGNAL.wait_while(READY.lock().unwrap(), |r| !*r).unwrap();
        *COUNT.lock().unwrap() += 1;
        *ready
    });
    let reader = thread::spawn(|| TABLE.read().unwrap().iter().sum::<i32>());
    *READY.lock().unwrap() = true;
    SIGNAL.notify_all();
    let seen = (waiter.join().unwrap(), reader.join().unwrap());
    let consts = [FRESH, FRESH].map(|m| m.into_inner().unwrap());
    format!("{seen:?} {COUNT:?} {consts:?} {TABLE:?}")
}

fn from_and_default() -> String {
    let m: Mutex<Vec<i32>> = Mutex::default();
    let n: Mutex<&str> = "from".into();
    let l: RwLock<Option<u8>> = RwLock::default();
    let k = RwLock::from('k');
    let o: Once = Once::new();
    format!("{m:?} {n:?} {l:?} {k:?} {:?} {:?}", o, OnceLock::<()>::default())
}

pub const PROGRAMS: &[Program] = &[
    ("sharing::map_filled_by_threads", map_filled_by_threads),
    ("sharing::set_filled_by_threads", set_filled_by_threads),
    ("sharing::hashing", hashing),
    ("sharing::words_counted_in_parallel", words_counted_in_parallel),
    ("sharing::take_and_replace_under_a_lock", take_and_replace_under_a_lock),
    ("sharing::two_locks_in_one_order", two_locks_in_one_order),
    ("sharing::values_dropped_inside_the_lock", values_dropped_inside_the_lock),
    ("sharing::constructors_in_statics_and_consts", constructors_in_statics_and_consts),
    ("sharing::from_and_default", from_and_default),
];
