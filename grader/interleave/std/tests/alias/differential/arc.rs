//! Arc and Weak shared by threads: counts after joins, unwrapping, upgrading, one drop only.

use crate::helpers::{Program, Tally};

use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Barrier, Mutex, RwLock, Weak};
use std::thread;

fn counts_around_joins() -> String {
    let a = Arc::new("shared");
    let (go, wait) = (Arc::new(Barrier::new(3)), Arc::downgrade(&a));
    let handles: Vec<_> = (0..2)
        .map(|_| {
            let (a, go) = (Arc::clone(&a), Arc::clone(&go));
            thread::spawn(move || {
                go.wait();
                a.len()
            })
        })
        .collect();
    // Both threads stand at the barrier with their clone, started or not.
    let during = (Arc::strong_count(&a), Arc::weak_count(&a));
    go.wait();
    let lens: Vec<_> = handles.into_iter().map(|h| h.join().unwrap()).collect();
    let after = (Arc::strong_count(&a), Arc::weak_count(&a), wait.strong_count(), wait.weak_count());
    format!("{during:?} {lens:?} {after:?}")
}

fn unwrapping() -> String {
    let a = Arc::new(String::from("value"));
    let b = Arc::clone(&a);
    let refused = Arc::try_unwrap(a).map_err(|a| Arc::ptr_eq(&a, &b));
    let b = thread::spawn(move || b).join().unwrap();
    let got = Arc::try_unwrap(b);
    let c = Arc::new(vec![1]);
    let d = Arc::clone(&c);
    let first = Arc::into_inner(c);
    let second = Arc::into_inner(d);
    let e = Arc::new(3);
    let f = Arc::clone(&e);
    format!(
        "{refused:?} {got:?} {first:?} {second:?} {} {}",
        Arc::unwrap_or_clone(e),
        Arc::unwrap_or_clone(f)
    )
}

fn into_inner_gives_the_value_exactly_once() -> String {
    let a = Arc::new(77);
    let handles: Vec<_> = (0..3)
        .map(|_| {
            let a = Arc::clone(&a);
            thread::spawn(move || Arc::into_inner(a))
        })
        .collect();
    let mut got = vec![Arc::into_inner(a)];
    got.extend(handles.into_iter().map(|h| h.join().unwrap()));
    got.sort();
    format!("{got:?}")
}

fn value_is_dropped_exactly_once() -> String {
    let drops = Arc::new(AtomicUsize::new(0));
    let shared = Arc::new(Tally(Arc::clone(&drops)));
    let handles: Vec<_> = (0..3)
        .map(|n| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let extra = Arc::clone(&shared);
                drop(shared);
                if n == 1 {
                    panic!("with the extra one");
                }
                drop(extra);
            })
        })
        .collect();
    drop(shared);
    let ends: Vec<_> = handles.into_iter().map(|h| h.join().is_ok()).collect();
    format!("{ends:?} {} {}", drops.load(Ordering::SeqCst), Arc::strong_count(&drops))
}

fn identity() -> String {
    let a = Arc::new(1);
    let b = Arc::clone(&a);
    let c = Arc::new(1);
    let there = thread::spawn(move || b).join().unwrap();
    let w = Arc::downgrade(&a);
    format!(
        "{} {} {} {} {}",
        Arc::ptr_eq(&a, &there),
        Arc::ptr_eq(&a, &c),
        a == c,
        w.ptr_eq(&Arc::downgrade(&there)),
        w.ptr_eq(&Arc::downgrade(&c))
    )
}

fn make_mut_copies_only_what_is_shared() -> String {
    let mut a = Arc::new(vec![1]);
    Arc::make_mut(&mut a).push(2);
    let b = Arc::clone(&a);
    let h = thread::spawn(move || {
        let mut b = b;
        Arc::make_mut(&mut b).push(30);
        b
    });
    let mut b = h.join().unwrap();
    let unshared = !Arc::ptr_eq(&a, &b);
    let w = Arc::downgrade(&a);
    // Only a weak one is left: the value moves, and the weak one loses it.
    Arc::make_mut(&mut a).push(3);
    let exclusive = Arc::get_mut(&mut b).is_some();
    let clone = Arc::clone(&b);
    let refused = Arc::get_mut(&mut b).is_none();
    format!("{a:?} {b:?} {clone:?} {unshared} {:?} {exclusive} {refused}", w.upgrade())
}

fn weak_after_the_drop() -> String {
    let a = Arc::new(5);
    let w = Arc::downgrade(&a);
    let there = {
        let w = w.clone();
        thread::spawn(move || w.upgrade().map(|a| *a)).join().unwrap()
    };
    let upgraded = w.upgrade();
    drop(a);
    let kept = w.upgrade().is_some();
    drop(upgraded);
    let gone = {
        let w = w.clone();
        thread::spawn(move || (w.upgrade(), w.strong_count())).join().unwrap()
    };
    format!("{there:?} {kept} {gone:?} {} {w:?}", w.weak_count())
}

/// An upgrade in a race with the last drop gives the whole value or nothing.
fn upgrade_against_drop() -> String {
    let drops = Arc::new(AtomicUsize::new(0));
    let a = Arc::new((Tally(Arc::clone(&drops)), 9));
    let w = Arc::downgrade(&a);
    let h = thread::spawn(move || match w.upgrade() {
        Some(a) => a.1 == 9,
        None => w.strong_count() == 0,
    });
    drop(a);
    format!("{} {}", h.join().unwrap(), drops.load(Ordering::SeqCst))
}

fn weak_without_a_value() -> String {
    let w = Weak::<i32>::new();
    let d: Weak<i32> = Weak::default();
    format!("{:?} {:?} {} {} {w:?}", w.upgrade(), d.upgrade(), w.strong_count(), w.weak_count())
}

fn cycle_by_new_cyclic() -> String {
    struct Node {
        me: Weak<Node>,
        early: bool,
        name: &'static str,
    }
    let node = Arc::new_cyclic(|me: &Weak<Node>| Node {
        me: me.clone(),
        early: me.upgrade().is_none(),
        name: "node",
    });
    let n = Arc::clone(&node);
    let name = thread::spawn(move || n.me.upgrade().map(|n| n.name)).join().unwrap();
    let me = node.me.clone();
    let counts = (Arc::strong_count(&node), Arc::weak_count(&node), node.early);
    drop(node);
    format!("{name:?} {counts:?} {}", me.upgrade().is_none())
}

fn parents_and_children() -> String {
    struct Parent(Mutex<Vec<Arc<Child>>>, i32);
    struct Child(Weak<Parent>, i32);
    let parent = Arc::new(Parent(Mutex::new(Vec::new()), 100));
    let handles: Vec<_> = (0..3)
        .map(|n| {
            let p = Arc::clone(&parent);
            thread::spawn(move || p.0.lock().unwrap().push(Arc::new(Child(Arc::downgrade(&p), n))))
        })
        .collect();
    handles.into_iter().for_each(|h| h.join().unwrap());
    let children = parent.0.lock().unwrap().clone();
    let mut sums: Vec<_> = children.iter().map(|c| c.0.upgrade().map(|p| p.1 + c.1)).collect();
    sums.sort();
    let weak = Arc::weak_count(&parent);
    drop(parent);
    let orphans = children.iter().all(|c| c.0.upgrade().is_none() && Arc::strong_count(c) == 1);
    format!("{sums:?} {weak} {orphans}")
}

fn unsized_contents() -> String {
    let text: Arc<str> = Arc::from("text");
    let slice: Arc<[i32]> = Arc::from(vec![1, 2]);
    let collected: Arc<[i32]> = (3..6).collect();
    let object: Arc<dyn Debug + Send + Sync> = Arc::new(Some(4));
    let h = {
        let (text, slice, object) = (text.clone(), slice.clone(), object.clone());
        thread::spawn(move || format!("{text} {slice:?} {object:?}"))
    };
    let there = h.join().unwrap();
    format!(
        "{there} {collected:?} {} {} {}",
        Arc::strong_count(&text),
        slice.len(),
        Arc::strong_count(&object)
    )
}

/// Locks around values without a size, reached through Arc and Box.
fn locks_of_unsized_contents() -> String {
    trait Shape {
        fn area(&self) -> u32;
        fn grow(&mut self);
    }
    struct Square(u32);
    impl Shape for Square {
        fn area(&self) -> u32 {
            self.0 * self.0
        }
        fn grow(&mut self) {
            self.0 += 1;
        }
    }
    let shape: Arc<Mutex<dyn Shape + Send>> = Arc::new(Mutex::new(Square(2)));
    let handles: Vec<_> = (0..2)
        .map(|_| {
            let shape = Arc::clone(&shape);
            thread::spawn(move || shape.lock().unwrap().grow())
        })
        .collect();
    handles.into_iter().for_each(|h| h.join().unwrap());
    let slice: Box<RwLock<[i32]>> = Box::new(RwLock::new([1, 2, 3]));
    slice.write().unwrap().reverse();
    let sum: i32 = slice.read().unwrap().iter().sum();
    format!("{} {sum} {slice:?}", shape.lock().unwrap().area())
}

fn traits_of_the_contents() -> String {
    let a = Arc::new(2);
    let b: Arc<i32> = Arc::from(Box::new(3));
    let c: Arc<i32> = Arc::default();
    let d: Arc<i32> = 4.into();
    let mut all = [&b, &a, &d, &c];
    all.sort();
    format!("{all:?} {a} {} {:?} {}", a < b, a.cmp(&b), a.as_ref() + *b)
}

fn messages_carry_shared_values() -> String {
    let (tx, rx) = mpsc::channel::<Arc<Mutex<Vec<usize>>>>();
    let shared = Arc::new(Mutex::new(Vec::new()));
    let h = thread::spawn(move || {
        for (n, list) in rx.into_iter().enumerate() {
            list.lock().unwrap().push(n);
        }
    });
    for _ in 0..3 {
        tx.send(Arc::clone(&shared)).unwrap();
    }
    drop(tx);
    h.join().unwrap();
    format!("{:?}", Arc::try_unwrap(shared).unwrap().into_inner())
}

pub const PROGRAMS: &[Program] = &[
    ("arc::counts_around_joins", counts_around_joins),
    ("arc::unwrapping", unwrapping),
    ("arc::into_inner_gives_the_value_exactly_once", into_inner_gives_the_value_exactly_once),
    ("arc::value_is_dropped_exactly_once", value_is_dropped_exactly_once),
    ("arc::identity", identity),
    ("arc::make_mut_copies_only_what_is_shared", make_mut_copies_only_what_is_shared),
    ("arc::weak_after_the_drop", weak_after_the_drop),
    ("arc::upgrade_against_drop", upgrade_against_drop),
    ("arc::weak_without_a_value", weak_without_a_value),
    ("arc::cycle_by_new_cyclic", cycle_by_new_cyclic),
    ("arc::parents_and_children", parents_and_children),
    ("arc::unsized_contents", unsized_contents),
    ("arc::locks_of_unsized_contents", locks_of_unsized_contents),
    ("arc::traits_of_the_contents", traits_of_the_contents),
    ("arc::messages_carry_shared_values", messages_carry_shared_values),
];
