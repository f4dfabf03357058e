//! Threads: names, Builder, ids, park and unpark tokens, is_finished, small functions.

use crate::helpers::{Program, said};

use std::collections::HashSet;
use std::hint::{black_box, spin_loop};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread::{self, Builder, Thread, ThreadId};
use std::time::Duration;

fn own_name() -> Option<String> {
    thread::current().name().map(str::to_owned)
}

/// Every run of digits becomes one `N`.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' if out.ends_with('N') => {}
            '0'..='9' => out.push('N'),
            c => out.push(c),
        }
    }
    out
}

fn names() -> String {
    let plain = thread::spawn(own_name).join().unwrap();
    let named = Builder::new().name("worker".into()).spawn(own_name).unwrap().join().unwrap();
    let empty = Builder::new().name(String::new()).spawn(own_name).unwrap().join().unwrap();
    let long =
        Builder::new().name("a name that is longer than sixteen bytes".into()).spawn(own_name).unwrap();
    let wide = Builder::new().name("naïve 🧵".into()).spawn(own_name).unwrap();
    let unnamed_builder = Builder::new().spawn(own_name).unwrap().join().unwrap();
    let renamed = Builder::new().name("first".into()).name("second".into()).spawn(own_name).unwrap();
    format!(
        "{plain:?} {named:?} {empty:?} {:?} {:?} {unnamed_builder:?} {:?}",
        long.join().unwrap(),
        wide.join().unwrap(),
        renamed.join().unwrap()
    )
}

fn names_are_not_inherited() -> String {
    let h = Builder::new().name("parent".into()).spawn(|| {
        let child = thread::spawn(own_name).join().unwrap();
        let scoped = thread::scope(|s| s.spawn(own_name).join().unwrap());
        (own_name(), child, scoped)
    });
    format!("{:?}", h.unwrap().join().unwrap())
}

fn name_with_nul() -> String {
    let ran = Arc::new(AtomicBool::new(false));
    let ran2 = Arc::clone(&ran);
    let result = catch_unwind(AssertUnwindSafe(|| {
        Builder::new()
            .name("a\0b".into())
            .spawn(move || ran2.store(true, Ordering::SeqCst))
            .map(|h| h.join().is_ok())
            .map_err(|e| e.kind())
    }));
    format!("{:?} {} {}", result.map_err(said), ran.load(Ordering::SeqCst), Arc::strong_count(&ran))
}

fn name_through_handle_and_after_the_end() -> String {
    let h = Builder::new().name("short lived".into()).spawn(thread::current).unwrap();
    let outside: Thread = h.thread().clone();
    let inside = h.join().unwrap();
    format!("{:?} {:?} {}", outside.name(), inside.name(), outside.id() == inside.id())
}

fn name_in_a_panicking_thread() -> String {
    struct Tell(mpsc::Sender<Option<String>>);
    impl Drop for Tell {
        fn drop(&mut self) {
            self.0.send(own_name()).unwrap();
        }
    }
    let (tx, rx) = mpsc::channel();
    let h = Builder::new().name("doomed".into()).spawn(move || {
        let _tell = Tell(tx);
        panic!("by name {:?}", own_name());
    });
    let text = said(h.unwrap().join().map(|()| ()).unwrap_err());
    format!("{text} {:?}", rx.recv())
}

fn ids() -> String {
    let here = thread::current().id();
    let again = thread::current().id();
    let handles: Vec<_> =
        (0..3).map(|_| thread::spawn(|| (thread::current().id(), thread::current().id()))).collect();
    let outside: Vec<ThreadId> = handles.iter().map(|h| h.thread().id()).collect();
    let inside: Vec<(ThreadId, ThreadId)> = handles.into_iter().map(|h| h.join().unwrap()).collect();
    let mut all: HashSet<ThreadId> = outside.iter().copied().collect();
    all.insert(here);
    // An id is not used again after its thread has ended.
    all.insert(thread::spawn(|| thread::current().id()).join().unwrap());
    let same = inside.iter().zip(&outside).all(|((a, b), o)| a == b && a == o);
    format!("{} {same} {} {}", here == again, all.len(), without_numbers(&format!("{here:?}")))
}

fn thread_debug() -> String {
    let named = Builder::new().name("n a m e".into()).spawn(|| format!("{:?}", thread::current())).unwrap();
    let plain = thread::spawn(|| format!("{:?}", thread::current()));
    let outside = format!("{:?}", named.thread());
    let named = named.join().unwrap();
    format!("{} {} {}", named == outside, without_numbers(&named), without_numbers(&plain.join().unwrap()))
}

fn unpark_before_park() -> String {
    let barrier = Arc::new(Barrier::new(2));
    let b = Arc::clone(&barrier);
    let h = thread::spawn(move || {
        b.wait();
        thread::park();
        "went on"
    });
    h.thread().unpark();
    barrier.wait();
    h.join().unwrap().to_string()
}

fn own_token() -> String {
    thread::spawn(|| {
        let mut steps = vec!["start"];
        thread::current().unpark();
        thread::park();
        steps.push("park");
        thread::current().unpark();
        thread::park_timeout(Duration::MAX);
        steps.push("park_timeout(MAX)");
        thread::current().unpark();
        thread::park_timeout(Duration::ZERO);
        steps.push("park_timeout(ZERO) with a token");
        thread::park_timeout(Duration::ZERO);
        steps.push("park_timeout(ZERO) without one");
        thread::park_timeout(Duration::from_millis(1));
        steps.push("park_timeout(1 ms) without one");
        steps.join(", ")
    })
    .join()
    .unwrap()
}

/// Correct also under spurious wake-ups: the flag decides, the token only wakes.
fn unpark_with_a_flag() -> String {
    let flag = Arc::new(AtomicBool::new(false));
    let data = Arc::new(AtomicUsize::new(0));
    let (f, d) = (Arc::clone(&flag), Arc::clone(&data));
    let h = thread::spawn(move || {
        while !f.load(Ordering::Acquire) {
            thread::park();
        }
        d.load(Ordering::Relaxed)
    });
    // Unparking for nothing must do no harm.
    h.thread().unpark();
    data.store(42, Ordering::Relaxed);
    flag.store(true, Ordering::Release);
    h.thread().unpark();
    h.join().unwrap().to_string()
}

fn unparks_from_several_threads() -> String {
    let count = Arc::new(AtomicUsize::new(0));
    let c = Arc::clone(&count);
    let waiter = thread::spawn(move || {
        while c.load(Ordering::SeqCst) < 3 {
            thread::park();
        }
        "all three"
    });
    let handles: Vec<_> = (0..3)
        .map(|_| {
            let (count, waiter) = (Arc::clone(&count), waiter.thread().clone());
            thread::spawn(move || {
                count.fetch_add(1, Ordering::SeqCst);
                waiter.unpark();
            })
        })
        .collect();
    for h in handles {
        h.join().unwrap();
    }
    waiter.join().unwrap().to_string()
}

fn unpark_of_an_ended_thread() -> String {
    let h = Builder::new().name("ended".into()).spawn(thread::current).unwrap();
    let t = h.join().unwrap();
    t.unpark();
    t.unpark();
    format!("{:?}", t.name())
}

fn is_finished_while_blocked() -> String {
    let (tx, rx) = mpsc::channel::<i32>();
    let h = thread::spawn(move || rx.recv().unwrap());
    let before = h.is_finished();
    let m = Mutex::new(1);
    let scoped = thread::scope(|s| {
        let g = m.lock().unwrap();
        let h = s.spawn(|| *m.lock().unwrap());
        let before = h.is_finished();
        drop(g);
        (before, h.join().unwrap())
    });
    tx.send(5).unwrap();
    format!("{before} {} {scoped:?}", h.join().unwrap())
}

/// Waits for the end without joining; the wait sleeps, so that the others get their turn.
fn is_finished_in_the_end() -> String {
    let calm = thread::spawn(|| 1);
    let panicking = thread::spawn(|| -> i32 { panic!("still counts as finished") });
    while !(calm.is_finished() && panicking.is_finished()) {
        thread::sleep(Duration::from_millis(1));
    }
    format!("{:?} {}", calm.join().unwrap(), said(panicking.join().unwrap_err()))
}

fn small_functions() -> String {
    let parallel = thread::available_parallelism().map(|n| n.get() > 0).unwrap_or(false);
    thread::yield_now();
    thread::sleep(Duration::ZERO);
    spin_loop();
    let boxed = black_box(vec![1, 2]);
    format!("{parallel} {boxed:?} {}", thread::panicking())
}

fn builder_with_a_stack_size() -> String {
    fn depth(n: u32) -> u32 {
        if n == 0 { 0 } else { 1 + black_box(depth(n - 1)) }
    }
    let small = Builder::new().stack_size(128 * 1024).spawn(|| depth(50)).unwrap();
    let both =
        Builder::new().stack_size(512 * 1024).name("big".into()).spawn(|| (depth(100), own_name())).unwrap();
    format!("{:?} {:?}", small.join().unwrap(), both.join().unwrap())
}

pub const PROGRAMS: &[Program] = &[
    ("threads::names", names),
    ("threads::names_are_not_inherited", names_are_not_inherited),
    ("threads::name_with_nul", name_with_nul),
    ("threads::name_through_handle_and_after_the_end", name_through_handle_and_after_the_end),
    ("threads::name_in_a_panicking_thread", name_in_a_panicking_thread),
    ("threads::ids", ids),
    ("threads::thread_debug", thread_debug),
    ("threads::unpark_before_park", unpark_before_park),
    ("threads::own_token", own_token),
    ("threads::unpark_with_a_flag", unpark_with_a_flag),
    ("threads::unparks_from_several_threads", unparks_from_several_threads),
    ("threads::unpark_of_an_ended_thread", unpark_of_an_ended_thread),
    ("threads::is_finished_while_blocked", is_finished_while_blocked),
    ("threads::is_finished_in_the_end", is_finished_in_the_end),
    ("threads::small_functions", small_functions),
    ("threads::builder_with_a_stack_size", builder_with_a_stack_size),
];
