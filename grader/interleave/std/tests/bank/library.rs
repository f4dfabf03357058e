//! Correct users of the rest of the library: false alarms would show here.

use std::cell::{Cell, RefCell};

use interleave_std::sync::atomic::{AtomicUsize, Ordering::*};
use interleave_std::sync::{Arc, LazyLock, Mutex, OnceLock, Weak};
use interleave_std::thread;

use crate::case::{Case, correct};

fn once_lock() {
    let (cell, runs) = (OnceLock::new(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let value = cell.get_or_init(|| {
                    runs.fetch_add(1, SeqCst);
                    5
                });
                assert_eq!((*value, runs.load(SeqCst)), (5, 1));
            });
        }
    });
    assert_eq!((cell.get(), cell.set(6)), (Some(&5), Err(6)));
}

static LAZY: LazyLock<Mutex<Vec<usize>>> = LazyLock::new(Mutex::default);

fn lazy_static() {
    let threads = [0, 1].map(|number| thread::spawn(move || LAZY.lock().unwrap().push(number)));
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(LAZY.lock().unwrap().len() >= 2);
}

interleave_std::thread_local! {
    static MINE: RefCell<usize> = const { RefCell::new(0) };
}

fn thread_locals() {
    let threads = [1, 2].map(|number| {
        thread::spawn(move || {
            MINE.with_borrow_mut(|mine| *mine += number);
            thread::yield_now();
            MINE.with_borrow(|mine| assert_eq!(*mine, number));
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

struct Counted(Arc<Mutex<usize>>);

impl Drop for Counted {
    fn drop(&mut self) {
        *self.0.lock().unwrap() += 1;
    }
}

interleave_std::thread_local! {
    static AT_EXIT: RefCell<Vec<Counted>> = const { RefCell::new(Vec::new()) };
}

/// The destructor of a thread-local value uses a lock, and has run by the time that `join` returns.
fn destructors_of_thread_locals() {
    let dropped = Arc::new(Mutex::new(0));
    let threads = [(); 2].map(|()| {
        let counted = Counted(Arc::clone(&dropped));
        thread::spawn(move || AT_EXIT.with_borrow_mut(|list| list.push(counted)))
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*dropped.lock().unwrap(), 2);
}

fn try_lock() {
    let number = Mutex::new(1);
    let guard = number.lock().unwrap();
    assert!(number.try_lock().is_err());
    drop(guard);
    assert!(number.try_lock().is_ok());
}

fn is_finished() {
    let worker = thread::spawn(|| ());
    while !worker.is_finished() {
        thread::yield_now();
    }
    worker.join().unwrap();
}

fn names_and_ids() {
    assert_eq!(thread::current().name(), Some("main"));
    let named = thread::Builder::new().name("worker".to_owned()).stack_size(1 << 20);
    let named =
        named.spawn(|| (thread::current().name().map(str::to_owned), thread::current().id())).unwrap();
    let id = named.thread().id();
    assert_eq!(named.join().unwrap(), (Some("worker".to_owned()), id));
    assert_ne!(id, thread::current().id());
}

fn deep(depth: usize) -> usize {
    let frame = Cell::new([depth; 16]);
    if depth == 0 { 0 } else { deep(depth - 1) + usize::from(frame.get()[7] == depth) }
}

fn nested_scopes() {
    let total = AtomicUsize::new(0);
    thread::scope(|outer| {
        outer.spawn(|| {
            outer.spawn(|| total.fetch_add(1, Relaxed));
            thread::scope(|inner| inner.spawn(|| total.fetch_add(2, Relaxed)).join().unwrap());
        });
    });
    assert_eq!(total.into_inner(), 3);
}

/// A tree whose children know their parent: the last owner frees everything.
fn weak_parents() {
    struct Node {
        parent: Mutex<Weak<Node>>,
    }
    let parent = Arc::new(Node { parent: Mutex::default() });
    let child = Arc::new(Node { parent: Mutex::new(Arc::downgrade(&parent)) });
    let other = thread::spawn(move || drop(parent));
    let seen = child.parent.lock().unwrap().upgrade().is_some_and(|node| node.parent.lock().is_ok());
    other.join().unwrap();
    assert!(child.parent.lock().unwrap().upgrade().is_none(), "seen before: {seen}");
}

pub(crate) const CASES: &[Case] = &[
    correct("once_lock", once_lock),
    correct("lazy_static", lazy_static),
    correct("thread_locals", thread_locals),
    correct("destructors_of_thread_locals", destructors_of_thread_locals),
    correct("try_lock", try_lock),
    correct("is_finished", is_finished),
    correct("names_and_ids", names_and_ids),
    correct("deep_recursion", || {
        assert_eq!(thread::spawn(|| deep(1500)).join().unwrap(), 1500);
    }),
    correct("nested_scopes", nested_scopes),
    correct("weak_parents", weak_parents),
];
